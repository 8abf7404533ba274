"""Parameters of a report in a query string: ``param.NAME=…``, several times for a list."""

from collections.abc import Iterable
from typing import Any

_PREFIX = "param."


def parameters(arguments: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Raw values by name: a string, or a list of strings where the name came several times."""
    found: dict[str, Any] = {}
    for name, value in arguments:
        if not name.startswith(_PREFIX):
            continue
        name = name.removeprefix(_PREFIX)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found
