"""Every transition of a run's life, by the service itself over real RPC; the table is in ``services/runs/rules.py``."""

import datetime as dt
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from broadsheet.contracts.runs import Artifact, Claim, Format, NewEdition, Progress, Run, RunError, RunOrder, Runs, RunState
from broadsheet.errors import BroadsheetError, Cancelled, Conflict, LeaseLost, NotClaimable, NotFound
from broadsheet.ids import new_id
from tests.support.database import rows
from tests.support.system import Member, System
from tests.support.waiting import until
from tests.support.workplace import Json

Queue = Callable[[], Run]
BROKEN = RunError(code="query_failed", message="column does not exist")
GONE = RunError(code="unavailable", message="the data source is away")


@pytest.fixture
def queue(runs: Runs, desk: Member, report: Json) -> Queue:
    return lambda: runs.request(desk.principal, RunOrder(report_id=report["id"], formats=[Format.CSV]))


@pytest.fixture
def expire(idle_system: System) -> Callable[[Run], None]:
    """Let a lease end now."""
    return lambda run: _update(idle_system, run, "lease_expires_at = now() - interval '1 second'")


def _update(system: System, run: Run, change: str) -> None:
    rows(system.stack, f"update runs.runs set {change} where id = %s", run.id)


def _edition(**changes: Any) -> NewEdition:
    artifact = Artifact(
        name="a.csv",
        format="csv",
        media_type="text/csv",
        size_bytes=1,
        sha256="0" * 64,
        row_count=1,
        location=f"o/{new_id()}/a.csv",
    )
    values: dict[str, Any] = {"id": new_id(), "as_of": dt.datetime.now(dt.UTC), "artifacts": [artifact]} | changes
    return NewEdition(**values)


def _events(system: System, run: Run, kind: str) -> int:
    """How many notifications came of the run: each comes of one event."""
    [(count,)] = rows(
        system.stack, "select count(*) from notifications.notifications where run_id = %s and state = %s", run.id, kind
    )
    return int(count)


class TestClaim:
    def test_a_queued_run_becomes_running_with_its_first_attempt(self, runs: Runs, queue: Queue, desk: Member) -> None:
        run = queue()
        claim = runs.claim(run.id, "worker-1")
        assert (claim.run.state, claim.run.attempts) == (RunState.RUNNING, 1)
        assert claim.principal == desk.principal
        assert runs.get(desk.principal, run.id).started_at is not None

    def test_a_running_run_cannot_be_claimed_by_another(self, runs: Runs, queue: Queue) -> None:
        claim = runs.claim(queue().id, "worker-1")
        with pytest.raises(NotClaimable, match="running"):
            runs.claim(claim.run.id, "worker-2")

    def test_of_many_that_claim_at_once_one_gets_it(self, runs: Runs, queue: Queue) -> None:
        run = queue()

        def attempt(worker: int) -> Claim | None:
            try:
                return runs.claim(run.id, f"worker-{worker}")
            except NotClaimable:
                return None

        with ThreadPoolExecutor(8) as several:
            assert len([claim for claim in several.map(attempt, range(8)) if claim]) == 1

    def test_a_run_that_is_not_there_cannot_be_claimed(self, runs: Runs) -> None:
        with pytest.raises(NotFound):
            runs.claim(new_id(), "worker-1")

    def test_tokens_only_ever_grow(self, runs: Runs, queue: Queue) -> None:
        tokens = [runs.claim(queue().id, "worker-1").token for _ in range(3)]
        assert tokens == sorted(set(tokens))

    def test_an_organization_at_its_limit_waits_and_goes_on_when_one_ends(self, runs: Runs, queue: Queue) -> None:
        claims = [runs.claim(queue().id, "worker-1") for _ in range(4)]
        fifth = queue()
        with pytest.raises(NotClaimable, match="4 runs under way"):
            runs.claim(fifth.id, "worker-1")
        runs.fail(claims[0].run.id, claims[0].token, BROKEN)
        assert runs.claim(fifth.id, "worker-1").run.state is RunState.RUNNING

    def test_claims_at_once_keep_to_the_limit(self, runs: Runs, queue: Queue) -> None:
        waiting = [queue() for _ in range(8)]

        def attempt(run: Run) -> bool:
            try:
                runs.claim(run.id, "worker-1")
            except NotClaimable:
                return False
            return True

        with ThreadPoolExecutor(8) as several:
            assert sum(several.map(attempt, waiting)) == 4


class TestHeartbeat:
    def test_a_heartbeat_extends_the_lease_and_tells_how_far_the_run_is(
        self, runs: Runs, queue: Queue, desk: Member, idle_system: System
    ) -> None:
        claim = runs.claim(queue().id, "worker-1")
        _update(idle_system, claim.run, "lease_expires_at = now() + interval '1 second'")
        runs.heartbeat(claim.run.id, claim.token, Progress(done=5, total=10, unit="rows"))
        [(left,)] = rows(idle_system.stack, "select lease_expires_at - now() from runs.runs where id = %s", claim.run.id)
        assert left > dt.timedelta(seconds=1)
        assert runs.get(desk.principal, claim.run.id).progress == Progress(done=5, total=10, unit="rows")

    def test_a_heartbeat_without_progress_keeps_what_was_told(self, runs: Runs, queue: Queue, desk: Member) -> None:
        claim = runs.claim(queue().id, "worker-1")
        runs.heartbeat(claim.run.id, claim.token, Progress(done=5, total=None, unit="rows"))
        runs.heartbeat(claim.run.id, claim.token)
        assert runs.get(desk.principal, claim.run.id).progress == Progress(done=5, total=None, unit="rows")


class TestEnd:
    def test_a_completed_run_has_succeeded_with_its_files(
        self, runs: Runs, queue: Queue, desk: Member, idle_system: System
    ) -> None:
        claim = runs.claim(queue().id, "worker-1")
        edition = _edition()
        done = runs.complete(claim.run.id, claim.token, edition)
        assert (done.state, done.edition_id, done.artifacts) == (RunState.SUCCEEDED, edition.id, edition.artifacts)
        assert runs.get(desk.principal, done.id) == done
        until(lambda: _events(idle_system, done, "succeeded") == 1, what="the notification")

    def test_completing_again_with_the_same_edition_is_fine_and_told_once(
        self, runs: Runs, queue: Queue, desk: Member, idle_system: System
    ) -> None:
        claim = runs.claim(queue().id, "worker-1")
        edition = _edition()
        assert [runs.complete(claim.run.id, claim.token, edition).state for _ in range(3)] == [RunState.SUCCEEDED] * 3
        until(lambda: _events(idle_system, claim.run, "succeeded") == 1, what="the notification")
        assert len(runs.list_editions(desk.principal, claim.run.report_id).items) == 1

    def test_a_second_edition_of_one_run_is_refused(self, runs: Runs, queue: Queue) -> None:
        claim = runs.claim(queue().id, "worker-1")
        runs.complete(claim.run.id, claim.token, _edition())
        with pytest.raises(LeaseLost):
            runs.complete(claim.run.id, claim.token, _edition())

    def test_a_permanent_failure_is_one_at_the_first_attempt(self, runs: Runs, queue: Queue, idle_system: System) -> None:
        claim = runs.claim(queue().id, "worker-1")
        failed = runs.fail(claim.run.id, claim.token, BROKEN)
        assert (failed.state, failed.error, failed.attempts) == (RunState.FAILED, BROKEN, 1)
        until(lambda: _events(idle_system, failed, "failed") == 1, what="the notification")

    def test_a_passing_failure_is_tried_again_until_the_attempts_are_used_up(self, runs: Runs, queue: Queue) -> None:
        run = queue()
        states = []
        for _ in range(3):
            claim = runs.claim(run.id, "worker-1")
            states.append(runs.fail(run.id, claim.token, GONE, retryable=True).state)
        assert states == [RunState.QUEUED, RunState.QUEUED, RunState.FAILED]

    def test_a_run_handed_back_is_queued_and_the_attempt_not_counted(self, runs: Runs, queue: Queue, desk: Member) -> None:
        claim = runs.claim(queue().id, "worker-1")
        runs.release(claim.run.id, claim.token)
        assert (runs.get(desk.principal, claim.run.id).state, runs.get(desk.principal, claim.run.id).attempts) == (
            RunState.QUEUED,
            0,
        )
        assert runs.claim(claim.run.id, "worker-2").run.attempts == 1


class TestLease:
    def test_a_silent_worker_loses_its_run_to_the_queue(
        self, runs: Runs, queue: Queue, desk: Member, expire: Callable[[Run], None]
    ) -> None:
        slow = runs.claim(queue().id, "worker-1")
        expire(slow.run)
        until(lambda: runs.get(desk.principal, slow.run.id).state is RunState.QUEUED, what="the run being queued again")
        fast = runs.claim(slow.run.id, "worker-2")
        assert (fast.token > slow.token, fast.run.attempts) == (True, 2)
        _refused(runs, slow, LeaseLost)
        assert runs.complete(fast.run.id, fast.token, _edition()).state is RunState.SUCCEEDED
        _refused(runs, slow, LeaseLost)

    def test_a_run_whose_workers_all_went_silent_fails_with_that_reason(
        self, runs: Runs, queue: Queue, desk: Member, idle_system: System, expire: Callable[[Run], None]
    ) -> None:
        run = queue()
        _update(idle_system, run, "attempts = 2")
        runs.claim(run.id, "worker-1")
        expire(run)
        until(lambda: runs.get(desk.principal, run.id).state is RunState.FAILED, what="the run failing")
        failed = runs.get(desk.principal, run.id)
        assert failed.error is not None
        assert (failed.attempts, failed.error.code) == (3, "lease_lost")


class TestCancel:
    def test_a_queued_run_becomes_cancelled_and_can_not_be_claimed(self, runs: Runs, queue: Queue, desk: Member) -> None:
        run = queue()
        assert runs.cancel(desk.principal, run.id).state is RunState.CANCELLED
        with pytest.raises(NotClaimable, match="cancelled"):
            runs.claim(run.id, "worker-1")

    def test_the_worker_of_a_cancelled_run_is_told_so_by_whatever_it_asks(self, runs: Runs, queue: Queue, desk: Member) -> None:
        claim = runs.claim(queue().id, "worker-1")
        assert runs.cancel(desk.principal, claim.run.id).state is RunState.CANCELLED
        _refused(runs, claim, Cancelled)

    def test_what_has_ended_stays_as_it_is(self, runs: Runs, queue: Queue, desk: Member) -> None:
        claim = runs.claim(queue().id, "worker-1")
        done = runs.complete(claim.run.id, claim.token, _edition())
        assert runs.cancel(desk.principal, done.id) == done

    def test_cancelling_twice_is_cancelling_once(self, runs: Runs, queue: Queue, desk: Member) -> None:
        run = queue()
        assert runs.cancel(desk.principal, run.id) == runs.cancel(desk.principal, run.id)


class TestRetry:
    def test_a_failed_run_starts_anew_with_all_its_attempts(self, runs: Runs, queue: Queue, desk: Member) -> None:
        claim = runs.claim(queue().id, "worker-1")
        runs.fail(claim.run.id, claim.token, BROKEN)
        again = runs.retry(desk.principal, claim.run.id)
        assert (again.state, again.attempts, again.error, again.finished_at) == (RunState.QUEUED, 0, None, None)

    def test_a_cancelled_run_starts_anew_and_the_old_worker_stays_out(self, runs: Runs, queue: Queue, desk: Member) -> None:
        old = runs.claim(queue().id, "worker-1")
        runs.cancel(desk.principal, old.run.id)
        runs.retry(desk.principal, old.run.id)
        _refused(runs, old, LeaseLost)
        runs.claim(old.run.id, "worker-2")
        _refused(runs, old, LeaseLost)

    @pytest.mark.parametrize("state", ["queued", "running", "succeeded"])
    def test_no_other_run_can_be_tried_again(self, runs: Runs, queue: Queue, desk: Member, state: str) -> None:
        run = queue()
        if state != "queued":
            claim = runs.claim(run.id, "worker-1")
            if state == "succeeded":
                runs.complete(run.id, claim.token, _edition())
        with pytest.raises(Conflict, match=state):
            runs.retry(desk.principal, run.id)


def test_a_stale_token_never_changes_anything(runs: Runs, queue: Queue, desk: Member) -> None:
    claim = runs.claim(queue().id, "worker-1")
    before = runs.get(desk.principal, claim.run.id)
    for token in (claim.token - 1, claim.token + 1, 0, -1):
        _refused(runs, Claim(run=claim.run, principal=claim.principal, token=token, lease_seconds=1), LeaseLost)
    assert runs.get(desk.principal, claim.run.id) == before


def test_who_orders_a_run_is_remembered_as_the_person_was(runs: Runs, queue: Queue, desk: Member, idle_system: System) -> None:
    run = queue()
    [(principal,)] = rows(idle_system.stack, "select principal::text from runs.runs where id = %s", run.id)
    assert json.loads(principal)["user_id"] == desk.principal.user_id
    assert "token" not in principal


def _refused(runs: Runs, claim: Claim, expected: type[BroadsheetError]) -> None:
    """Whatever the holder of this claim asks, it is told why not."""
    with pytest.raises(expected):
        runs.heartbeat(claim.run.id, claim.token)
    with pytest.raises(expected):
        runs.complete(claim.run.id, claim.token, _edition())
    with pytest.raises(expected):
        runs.fail(claim.run.id, claim.token, BROKEN)
    with pytest.raises(expected):
        runs.release(claim.run.id, claim.token)
