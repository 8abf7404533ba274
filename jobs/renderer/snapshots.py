"""The data sources of one run: one snapshot each, opened when it is first needed, all cancelled when the lease ends."""

import contextlib
import datetime as dt

from broadsheet.contracts.catalog import Catalog
from broadsheet.sources.base import Snapshot
from broadsheet.sources.pool import SourcePool
from jobs.renderer.lease import Lease


class Snapshots:
    """Snapshots by the name of their data source; ``stack`` closes them."""

    def __init__(self, lease: Lease, catalog: Catalog, sources: SourcePool, stack: contextlib.ExitStack):
        self._lease = lease
        self._catalog = catalog
        self._sources = sources
        self._stack = stack
        self._open: dict[str, Snapshot] = {}

    def of(self, source_name: str) -> Snapshot:
        """The snapshot of a data source. Raises ``NotFound``, ``SourceUnavailable``, or why the lease has ended."""
        self._lease.check()
        if source_name not in self._open:
            connection = self._catalog.connection(self._lease.principal, source_name)
            source = self._sources.get(connection)
            snapshot = self._stack.enter_context(
                source.snapshot(time_zone=self._lease.principal.time_zone, not_before=connection.refreshed_at)
            )
            self._lease.on_stop(snapshot.cancel)
            self._open[source_name] = snapshot
        return self._open[source_name]

    def as_of(self) -> dt.datetime:
        """How old the oldest of them is."""
        return min((snapshot.as_of for snapshot in self._open.values()), default=dt.datetime.now(dt.UTC))
