"""Which link targets a report may have: http, https, mailto, relative paths and ``#fragments``. Nothing that runs code."""

import re

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ALLOWED = ("http:", "https:", "mailto:")


def is_safe_link(url: str) -> bool:
    """May ``url`` be the target of a link? Characters that browsers ignore in a scheme do not hide one."""
    bare = "".join(char for char in url if char > " " and char not in "\x7f\u200b\ufeff")
    if bare.startswith(("//", "\\\\", "/\\", "\\/")):
        return False
    scheme = _SCHEME.match(bare)
    if scheme is None:
        return ":" not in re.split(r"[/?#]", bare, maxsplit=1)[0]
    return scheme.group().lower() in _ALLOWED
