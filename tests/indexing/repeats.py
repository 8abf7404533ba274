"""Judges how often one call asks the same question: a statement for each row of another's answer is slow however fast each is ("N+1")."""

from tests.indexing.collecting import Shape
from tests.indexing.findings import Finding

#: One call may issue a statement of one shape this often.
MOST_TIMES = 5


def repeated(shape: Shape) -> list[Finding]:
    """The method that repeats it most, if that is too often. Exempt or not."""
    if not shape.by_call:
        return []
    (method, _), times = max(shape.by_call.items(), key=lambda item: item[1])
    if times <= MOST_TIMES:
        return []
    advice = "ask once for all rows (join, or in (…)), or say in the query why not: /* exempt repeated: … */"
    what = f"one call issued it {times} times; more than {MOST_TIMES} are too many"
    return [Finding("repeated", method, what, advice, (method,), shape.text)]
