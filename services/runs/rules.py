"""The life of a run, as pure decisions.

======== ===================================== ==========================================
from     by                                    to
======== ===================================== ==========================================
queued   claim (attempt + 1, new token)        running
queued   cancel                                cancelled
running  heartbeat (own token)                 running, lease extended
running  complete (own token)                  succeeded
running  fail (own token), permanent           failed
running  fail (own token), attempts left       queued
running  fail (own token), none left           failed
running  release (own token)                   queued, attempt not counted
running  lease expires, attempts left          queued
running  lease expires, none left              failed
running  cancel                                cancelled (the token is void)
failed   retry                                 queued, attempts from 0
cancelled retry                                queued, attempts from 0
======== ===================================== ==========================================

Nothing else happens. ``succeeded`` is for ever. A token that is not the row's own never changes anything (fencing: Kleppmann,
*How to do distributed locking*, 2016).
"""

from broadsheet.contracts.runs import Format, RunOrder, RunState
from broadsheet.documents.model import Report
from broadsheet.errors import Cancelled, FieldError, InvalidInput, LeaseLost, NotClaimable

#: Formats that carry the rows of one query.
DATA_FORMATS = frozenset({Format.CSV})
#: Longest idempotency key that is kept.
MAX_KEY = 200


def check_order(order: RunOrder, report: Report) -> None:
    """Raises :class:`InvalidInput` with every mistake at once."""
    problems = []
    if not order.formats:
        problems.append(FieldError("/formats", "Ask for at least one format", hint=", ".join(Format)))
    if len(set(order.formats)) != len(order.formats):
        problems.append(FieldError("/formats", "A format is named twice"))
    if order.idempotency_key is not None and not 1 <= len(order.idempotency_key) <= MAX_KEY:
        problems.append(FieldError("/idempotency_key", f"An idempotency key has 1 to {MAX_KEY} characters"))
    problems += query_problems(order, [query.name for query in report.queries])
    if problems:
        raise InvalidInput("The order has mistakes", errors=tuple(problems))


def query_problems(order: RunOrder, names: list[str]) -> list[FieldError]:
    """What is wrong with the query that was asked for: a data format needs exactly one."""
    hint = ", ".join(names) or "the report has none"
    if order.query is not None and order.query not in names:
        return [FieldError("/query", f"The report has no query {order.query!r}", hint=hint)]
    if order.query is None and DATA_FORMATS & set(order.formats) and len(names) != 1:
        return [FieldError("/query", "CSV carries one query; say which", hint=hint)]
    return []


def require_claimable(state: RunState) -> None:
    """Raises :class:`NotClaimable` unless a worker may start."""
    if state is not RunState.QUEUED:
        raise NotClaimable(f"The run is {state.value}")


def require_owner(state: RunState, own_token: int | None, token: int) -> None:
    """Raises :class:`Cancelled` or :class:`LeaseLost` unless ``token`` owns the running run."""
    if state is RunState.CANCELLED:
        raise Cancelled("The run was cancelled")
    if state is not RunState.RUNNING or own_token != token:
        raise LeaseLost(f"The lease {token} is over; the run is {state.value}")


def after_lost_attempt(attempts: int, max_attempts: int) -> RunState:
    """Where a run goes whose attempt ended without a result."""
    return RunState.QUEUED if attempts < max_attempts else RunState.FAILED
