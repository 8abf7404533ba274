"""What makes a data source valid. Pure decisions; what makes a report valid is ``broadsheet.documents``."""

import re

from broadsheet.contracts.catalog import NewDataSource
from broadsheet.errors import FieldError, InvalidInput

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\]")
_MAX_PORT = 65535
KINDS = ("postgres",)


def check_source(order: NewDataSource) -> None:
    """Raises :class:`InvalidInput` with every mistake at once."""
    problems = []
    if not _NAME.fullmatch(order.name):
        problems.append(FieldError("/name", "A name starts with a letter and has lower-case letters, digits, - and _"))
    if order.kind not in KINDS:
        problems.append(FieldError("/kind", f"{order.kind!r} is not supported", hint=f"one of {', '.join(KINDS)}"))
    if not _HOST.fullmatch(order.host):
        problems.append(FieldError("/host", "A host name or address is needed"))
    if not 1 <= order.port <= _MAX_PORT:
        problems.append(FieldError("/port", f"A port is between 1 and {_MAX_PORT}"))
    problems += [FieldError(f"/{name}", "This is needed") for name in ("database", "user") if not getattr(order, name).strip()]
    problems += [
        FieldError(f"/replicas/{index}", "A replica is host:port")
        for index, address in enumerate(order.replicas)
        if not _is_address(address)
    ]
    if problems:
        raise InvalidInput("The data source has mistakes", errors=tuple(problems))


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return _HOST.fullmatch(host) is not None and port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= _MAX_PORT
