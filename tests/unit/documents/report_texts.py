"""Report texts for tests: a right one around the part that a test is about."""

from broadsheet.documents import parser
from broadsheet.documents.model import Mistake, Report


def report_text(body: str = "", *, params: str = "", front: str = "") -> str:
    """A report whose body begins at line 5 (later by the lines of ``params`` and ``front``)."""
    extra = "".join(f"{part}\n" for part in (params, front) if part)
    return f"---\ntitle: A report\nsource: flights\n{extra}---\n{body}\n"


def parsed(body: str = "", **parts: str) -> Report:
    return parser.parse(report_text(body, **parts))


def mistakes(body: str = "", **parts: str) -> tuple[Mistake, ...]:
    return parser.check(report_text(body, **parts))


def only_mistake(body: str = "", **parts: str) -> Mistake:
    found = mistakes(body, **parts)
    assert len(found) == 1, found
    return found[0]
