"""What makes a data source valid. Pure decisions; what makes a report valid is ``broadsheet.documents``."""

import re

from broadsheet.contracts.catalog import NewDataSource
from broadsheet.errors import FieldError, InvalidInput

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_ADDRESS = re.compile(r"[^\s/@:]+:\d{1,5}")
KINDS = ("postgres",)


def check_source(order: NewDataSource) -> None:
    """Raises :class:`InvalidInput` with every mistake at once."""
    problems = []
    if not _NAME.fullmatch(order.name):
        problems.append(FieldError("/name", "A name starts with a letter and has lower-case letters, digits, - and _"))
    if order.kind not in KINDS:
        problems.append(FieldError("/kind", f"{order.kind!r} is not supported", hint=f"one of {', '.join(KINDS)}"))
    if not order.host.strip() or any(c.isspace() for c in order.host):
        problems.append(FieldError("/host", "A host name or address is needed"))
    if not 1 <= order.port <= 65535:
        problems.append(FieldError("/port", "A port is between 1 and 65535"))
    problems += [FieldError(f"/{name}", "This is needed") for name in ("database", "user") if not getattr(order, name).strip()]
    problems += [
        FieldError(f"/replicas/{index}", "A replica is host:port")
        for index, address in enumerate(order.replicas)
        if not _ADDRESS.fullmatch(address)
    ]
    if problems:
        raise InvalidInput("The data source has mistakes", errors=tuple(problems))
