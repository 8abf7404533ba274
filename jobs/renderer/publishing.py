"""Makes an edition of a run: reads every query it needs once, in one snapshot per data source, and renders each asked-for format from it.

A CSV alone streams straight from the data source (``COPY``) and keeps no rows: it *is* the rows. Files are uploads that appear when they
are whole, under a name of their own edition, so an attempt that was lost can't disturb the one that counts.
"""

import contextlib
import datetime as dt
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from broadsheet import reading as reading_of
from broadsheet.artifacts import ArtifactStore
from broadsheet.contracts.catalog import Catalog
from broadsheet.contracts.runs import Artifact, Format, NewEdition, Run, Runs
from broadsheet.documents import parser
from broadsheet.ids import new_id
from broadsheet.reading import Reading
from broadsheet.sources.base import Snapshot
from broadsheet.sources.pool import SourcePool
from jobs.renderer.lease import Lease

CSV_MEDIA_TYPE = "text/csv; charset=utf-8"


class Snapshots:
    """One snapshot per data source, opened when it is first needed, all cancelled when the lease ends."""

    def __init__(self, lease: Lease, catalog: Catalog, sources: SourcePool, stack: contextlib.ExitStack):
        self._lease = lease
        self._catalog = catalog
        self._sources = sources
        self._stack = stack
        self._open: dict[str, Snapshot] = {}

    def of(self, source_name: str) -> Snapshot:
        """The snapshot of a data source."""
        if source_name not in self._open:
            connection = self._catalog.connection(self._lease.principal, source_name)
            source = self._sources.get(connection)
            snapshot = self._stack.enter_context(source.snapshot(time_zone=self._lease.principal.time_zone))
            self._lease.on_stop(snapshot.cancel)
            self._open[source_name] = snapshot
        return self._open[source_name]

    def as_of(self) -> dt.datetime:
        """How old the oldest of them is."""
        return min((snapshot.as_of for snapshot in self._open.values()), default=dt.datetime.now(dt.UTC))


class Publisher:
    """Makes and publishes editions."""

    def __init__(self, runs: Runs, catalog: Catalog, sources: SourcePool, store: ArtifactStore):
        self._runs = runs
        self._catalog = catalog
        self._sources = sources
        self._store = store

    def publish(self, lease: Lease) -> None:
        """Do the run of ``lease``. Raises what ended it."""
        run = lease.run
        text = self._catalog.get_report(lease.principal, run.report_id, run.report_version)
        reading = reading_of.read(parser.parse(text.text), run.params, lease.principal, from_query_string=False)
        edition_id = new_id()
        with contextlib.ExitStack() as stack:
            snapshots = Snapshots(lease, self._catalog, self._sources, stack)
            artifacts = list(self._artifacts(lease, reading, snapshots, edition_id))
            as_of = snapshots.as_of()
        lease.check()
        self._runs.complete(run.id, lease.token, NewEdition(id=edition_id, as_of=as_of, artifacts=artifacts))

    def _artifacts(self, lease: Lease, reading: Reading, snapshots: Snapshots, edition_id: str) -> Iterator[Artifact]:
        yield self._streamed_csv(lease, reading, snapshots, edition_id)

    def _streamed_csv(self, lease: Lease, reading: Reading, snapshots: Snapshots, edition_id: str) -> Artifact:
        query = lease.run.query or reading.report.queries[0].name
        snapshot = snapshots.of(reading.query_source(query))
        name = file_name(lease.run, Format.CSV.value, query)
        location = f"{lease.run.organization_id}/{edition_id}/{name}"
        with self._store.create(location) as out:

            def write(piece: bytes) -> None:
                lease.check()
                out.write(piece)
                lease.progress(out.size_bytes, None, "bytes")

            row_count = snapshot.copy_csv(reading.query_sql(query), write)
            lease.check()
            out.publish()
        return Artifact(
            name=name,
            format=Format.CSV.value,
            media_type=CSV_MEDIA_TYPE,
            size_bytes=out.size_bytes,
            sha256=out.sha256,
            row_count=row_count,
            location=location,
        )


def file_name(run: Run, extension: str, query: str | None) -> str:
    """What the file is called when it is downloaded: ``airline-punctuality-delays-2026-03-01.csv``."""
    ascii_title = unicodedata.normalize("NFKD", run.report_title).encode("ascii", "ignore").decode()
    parts: list[Any] = [re.sub(r"[^a-z0-9]+", "-", ascii_title.lower()).strip("-")[:80] or "report"]
    if query is not None:
        parts.append(query)
    parts.append(run.requested_at.date())
    return "-".join(map(str, parts)) + f".{extension}"
