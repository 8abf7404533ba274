"""Judges how often one call asks the same question: a statement for each row of another's answer is slow however fast each is ("N+1")."""

from tests.indexing.collecting import Shape
from tests.indexing.findings import Finding

#: Calls that nobody waits for and that take rows one by one, and why.
ONE_BY_ONE = {
    "runs.recover": "each run that was lost or forgotten is decided on its own; a batch of at most 100, and there are few in good times"
}
#: One call may issue a statement of one shape this often.
MOST_TIMES = 5


def repeated(shape: Shape) -> list[Finding]:
    """The method that repeats it most, if that is too often. Exempt or not."""
    waited_for = [(times, method) for (method, _), times in shape.by_call.items() if method not in ONE_BY_ONE]
    times, method = max(waited_for, default=(0, ""))
    if times <= MOST_TIMES:
        return []
    advice = "ask once for all rows (join, or in (…)), or say in the query why not: /* exempt repeated: … */"
    what = f"one call issued it {times} times; more than {MOST_TIMES} are too many"
    return [Finding("repeated", method, what, advice, (method,), shape.text)]
