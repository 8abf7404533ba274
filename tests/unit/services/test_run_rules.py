"""The life of a run as decisions: what a state and a token allow."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.contracts.runs import Format, RunOrder, RunState
from broadsheet.documents import parser
from broadsheet.errors import Cancelled, InvalidInput, LeaseLost, NotClaimable
from services.runs.rules import after_lost_attempt, check_order, require_claimable, require_owner
from tests.support.texts import one_query

TOKENS = st.integers(min_value=1, max_value=2**63 - 1)
SECOND_QUERY = "\n```sql more\nselect 2 as n\n```\n"


def _order(**changes: Any) -> RunOrder:
    values: dict[str, Any] = {"report_id": "r", "formats": [Format.CSV]} | changes
    return RunOrder(**values)


def _pointers(order: RunOrder, more: str = "") -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        check_order(order, parser.parse(one_query(more=more)))
    return [problem.pointer for problem in refused.value.errors]


def test_a_queued_run_can_be_claimed() -> None:
    require_claimable(RunState.QUEUED)


@pytest.mark.parametrize("state", [state for state in RunState if state is not RunState.QUEUED])
def test_no_other_run_can_be_claimed(state: RunState) -> None:
    with pytest.raises(NotClaimable, match=state.value):
        require_claimable(state)


@given(TOKENS)
def test_the_owner_of_a_running_run_may_go_on(token: int) -> None:
    require_owner(RunState.RUNNING, token, token)


@given(TOKENS, TOKENS)
def test_any_other_token_has_lost_the_run(own: int, other: int) -> None:
    if own == other:
        return
    with pytest.raises(LeaseLost):
        require_owner(RunState.RUNNING, own, other)


@given(st.none() | TOKENS, TOKENS)
def test_a_cancelled_run_tells_every_worker_so(own: int | None, token: int) -> None:
    with pytest.raises(Cancelled):
        require_owner(RunState.CANCELLED, own, token)


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.SUCCEEDED, RunState.FAILED])
@given(own=st.none() | TOKENS, token=TOKENS)
def test_nobody_owns_a_run_that_is_not_running(state: RunState, own: int | None, token: int) -> None:
    with pytest.raises(LeaseLost):
        require_owner(state, own, token)


@given(st.integers(1, 100), st.integers(1, 100))
def test_a_lost_attempt_is_repeated_until_all_are_used_up(attempts: int, most: int) -> None:
    assert after_lost_attempt(attempts, most) is (RunState.QUEUED if attempts < most else RunState.FAILED)


@pytest.mark.parametrize("state", list(RunState))
def test_a_run_ends_in_three_ways(state: RunState) -> None:
    assert state.terminal is (state.value in ("succeeded", "failed", "cancelled"))


def test_a_right_order_is_fine() -> None:
    check_order(_order(), parser.parse(one_query()))


def test_every_mistake_of_an_order_is_told_at_once() -> None:
    order = _order(formats=[Format.PDF, Format.PDF], query="nothing", idempotency_key="x" * 201)
    assert _pointers(order) == ["/formats", "/idempotency_key", "/query"]


def test_an_order_needs_a_format() -> None:
    assert _pointers(_order(formats=[])) == ["/formats"]


def test_csv_of_a_report_with_several_queries_needs_to_know_which() -> None:
    assert _pointers(_order(), SECOND_QUERY) == ["/query"]
    check_order(_order(query="more"), parser.parse(one_query(more=SECOND_QUERY)))


def test_a_pdf_of_a_report_with_several_queries_needs_no_query() -> None:
    check_order(_order(formats=[Format.PDF]), parser.parse(one_query(more=SECOND_QUERY)))


def test_an_empty_idempotency_key_is_refused() -> None:
    assert _pointers(_order(idempotency_key="")) == ["/idempotency_key"]
