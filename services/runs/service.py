"""Entry points of runs: check, call, return a contract type."""

import datetime as dt
from functools import lru_cache
from typing import Any

import msgspec
from nameko.timer import timer
from sqlalchemy.orm import Session

from broadsheet import pages
from broadsheet.contracts.base import PageOf, Principal, Role
from broadsheet.contracts.catalog import Catalog
from broadsheet.contracts.runs import Claim, Edition, NewEdition, Progress, Run, RunError, RunOrder, Runs, RunState
from broadsheet.documents import parameters, parser
from broadsheet.errors import Conflict, LeaseLost, NotFound
from broadsheet.hosting.caching import AnswersProvider
from broadsheet.hosting.entrypoint import rpc
from broadsheet.hosting.providers import DatabaseProvider, RemoteProvider, SettingsProvider
from broadsheet.hosting.redis import LiveProvider
from broadsheet.ids import new_id
from services.runs import lifecycle, rules, store

_BATCH = 100

#: A text is parsed once; versions are immutable, so an entry never goes stale.
_parsed = lru_cache(maxsize=256)(parser.parse)


class RunsService:
    """Owns the life of a run: request, claim, progress, completion."""

    name = "runs"
    contract = Runs

    db = DatabaseProvider("runs")
    answers = AnswersProvider()
    catalog = RemoteProvider(Catalog)
    live = LiveProvider()
    settings = SettingsProvider()

    @rpc
    def request(self, principal: Principal, order: RunOrder) -> Run:
        text = self.catalog.get_report(principal, order.report_id)
        report = _parsed(text.text)
        rules.check_order(order, report)
        values = parameters.to_json(parameters.read(report, order.params, from_query_string=False))
        row = {
            "id": new_id(),
            "organization_id": principal.organization_id,
            "requested_by": principal.user_id,
            "principal": msgspec.to_builtins(principal),
            "report_id": text.id,
            "report_title": text.title,
            "report_version": text.version,
            "params": values,
            "formats": [item.value for item in order.formats],
            "query": order.query,
            "lane": order.lane.value,
            "idempotency_key": order.idempotency_key,
            "state": RunState.QUEUED.value,
        }
        with self.db.write() as session:
            added = store.add_run(session, row)
            if added is None:
                return self._same_order(session, principal, row)
            run = lifecycle.to_run(added, [])
            lifecycle.offer(session, run)
            return run

    @rpc
    def get(self, principal: Principal, run_id: str) -> Run:
        with self.db.read() as session:
            return _visible(lifecycle.load(session, run_id), principal)

    @rpc
    def list_runs(
        self, principal: Principal, report_id: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> PageOf[Run]:
        limit = pages.clamp(limit)
        before = pages.decode_cursor(cursor, tuple[pages.RowId])[0] if cursor else None
        only = None if principal.role.includes(Role.ADMIN) else principal.user_id
        with self.db.read() as session:
            rows = store.runs_page(session, principal.organization_id, only, report_id, before, limit + 1)
            items, next_cursor = pages.cut(rows, limit, lambda row: pages.encode_cursor(row["id"]))
            files = store.artifacts_of(session, [row["id"] for row in items])
        return PageOf(items=[lifecycle.to_run(row, files.get(row["id"], [])) for row in items], next_cursor=next_cursor)

    @rpc
    def cancel(self, principal: Principal, run_id: str) -> Run:
        with self.db.write() as session:
            store.run(session, run_id, lock=True)
            run = _visible(lifecycle.load(session, run_id), principal)
            return run if run.state.terminal else lifecycle.finish(session, run_id, RunState.CANCELLED, progress=None)

    @rpc
    def retry(self, principal: Principal, run_id: str) -> Run:
        with self.db.write() as session:
            store.run(session, run_id, lock=True)
            run = _visible(lifecycle.load(session, run_id), principal)
            if run.state not in (RunState.FAILED, RunState.CANCELLED):
                raise Conflict(f"Only a failed or cancelled run can be tried again; this one is {run.state.value}")
            return lifecycle.requeue(session, run_id, attempts=0, error=None, started_at=None)

    @rpc
    def list_editions(self, principal: Principal, report_id: str, limit: int = 50, cursor: str | None = None) -> PageOf[Edition]:
        limit = pages.clamp(limit)
        scope = None if principal.role.includes(Role.ADMIN) else msgspec.to_builtins(principal.scope())
        before = pages.decode_cursor(cursor, tuple[pages.RowId])[0] if cursor else None
        with self.db.read() as session:
            rows = store.editions_page(session, principal.organization_id, report_id, scope, before, limit + 1)
            items, next_cursor = pages.cut(rows, limit, lambda row: pages.encode_cursor(row["id"]))
            files = store.artifacts_of(session, [row["run_id"] for row in items])
        return PageOf(items=[lifecycle.to_edition(row, files.get(row["run_id"], [])) for row in items], next_cursor=next_cursor)

    @rpc
    def claim(self, run_id: str, worker: str) -> Claim:
        with self.db.write() as session:
            return lifecycle.claim(session, run_id, worker, self.settings)

    @rpc
    def heartbeat(self, run_id: str, token: int, progress: Progress | None = None) -> None:
        with self.db.write() as session:
            run = lifecycle.heartbeat(session, run_id, token, progress, self.settings)
        if progress is not None:
            self.live.publish("run", run.view(), organization_id=run.organization_id, user_id=run.requested_by)

    @rpc
    def complete(self, run_id: str, token: int, edition: NewEdition) -> Run:
        with self.db.write() as session:
            store.run(session, run_id, lock=True)
            run = lifecycle.load(session, run_id)
            if run.state is RunState.SUCCEEDED and run.edition_id == edition.id:
                return run
            return lifecycle.complete(session, run_id, token, edition)

    @rpc
    def fail(self, run_id: str, token: int, error: RunError, retryable: bool = False) -> Run:
        with self.db.write() as session:
            row = lifecycle.owned(session, run_id, token)
            if retryable:
                return lifecycle.lose_attempt(session, row, error, self.settings)
            return lifecycle.finish(session, run_id, RunState.FAILED, error=msgspec.to_builtins(error), progress=None)

    @rpc
    def release(self, run_id: str, token: int) -> None:
        with self.db.write() as session:
            row = lifecycle.owned(session, run_id, token)
            lifecycle.requeue(session, run_id, attempts=max(0, row["attempts"] - 1))

    @timer(interval=1)
    def recover(self) -> None:
        """Offer runs again whose worker went silent, and runs that Kafka forgot. Any number of instances may do this."""
        now = lifecycle.now()
        with self.db.write() as session:
            for row in store.expired(session, now, _BATCH):
                silent = RunError(code=LeaseLost.code, message="The worker went silent in the middle of the run")
                lifecycle.lose_attempt(session, row, silent, self.settings)
            for row in store.forgotten(session, now - dt.timedelta(seconds=self.settings.reoffer_seconds), _BATCH):
                store.change_run(session, row["id"], offered_at=now)
                lifecycle.offer(session, lifecycle.to_run(row, []))

    def _same_order(self, session: Session, principal: Principal, row: dict[str, Any]) -> Run:
        """The run that an equal request made before. Raises :class:`Conflict` when that was another order."""
        found = store.run_by_key(session, principal.organization_id, principal.user_id, str(row["idempotency_key"]))
        if found is None:
            raise Conflict("The idempotency key is in use; try again")
        if any(found[name] != row[name] for name in ("report_id", "params", "formats", "query")):
            raise Conflict("This idempotency key was used for another order; use a new one")
        return lifecycle.load(session, found["id"])


def _visible(run: Run, principal: Principal) -> Run:
    """Raises :class:`NotFound` unless the principal may know of the run."""
    same_organization = run.organization_id == principal.organization_id
    if not same_organization or (run.requested_by != principal.user_id and not principal.role.includes(Role.ADMIN)):
        raise NotFound("There is no such run")
    return run
