"""Plans of queries for authors, apart from what readers wait for.

A plan takes milliseconds and runs nothing, so it does not stand in the line of the data source's readers; its connections and its few
places are its own.
"""

from typing import Any

from eventlet import tpool
from nameko.extensions import DependencyProvider

from broadsheet.contracts.catalog import SourceConnection
from broadsheet.contracts.queries import Plan, PlanHint
from broadsheet.hosting.settings import settings_of
from broadsheet.sources.plans import PlanReport
from broadsheet.sources.pool import SourcePool
from services.queries.places import Places

_AT_ONCE = 2
_LONGEST_SECONDS = 5.0


class Explainer:
    """Asks data sources how they would run a query."""

    def __init__(self, pool: SourcePool):
        self._pool = pool
        self._places = Places(_AT_ONCE, wait_seconds=_LONGEST_SECONDS)

    def explain(self, source: SourceConnection, sql: str, *, time_zone: str, asker: str) -> Plan:
        """The plan of an SQL text with everything bound. Raises ``QueryFailed`` and its kin, ``SourceUnavailable``."""

        def ask() -> PlanReport:
            with self._pool.get(source).snapshot(time_zone=time_zone) as snapshot:
                return snapshot.explain(sql)

        with self._places.taken(asker):
            report: PlanReport = tpool.execute(ask)
        hints = [PlanHint(kind=h.kind, message=h.message, statement=h.statement, factor=h.factor) for h in report.hints]
        return Plan(cost=report.cost, rows=report.rows, lines=list(report.lines), hints=hints)

    def close(self) -> None:
        """Close idle connections."""
        self._pool.close()


class ExplainerProvider(DependencyProvider):
    """The explainer of this process."""

    def setup(self) -> None:
        secret_key = settings_of(self.container).secret_key
        self._explainer = Explainer(SourcePool(secret_key, statement_timeout_seconds=_LONGEST_SECONDS, idle_connections=1))

    def stop(self) -> None:
        self._explainer.close()

    def get_dependency(self, worker_ctx: Any) -> Explainer:
        return self._explainer
