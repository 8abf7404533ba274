"""Makes and publishes an edition of a run: reads every query it needs once, in one snapshot per data source, and renders each asked-for
format from those rows.

A CSV alone streams straight from the data source (``COPY``) and keeps no rows: it *is* the rows. Files are uploads that appear when they
are whole, in a folder of their own edition, so an attempt that was lost can't disturb the one that counts.
"""

import contextlib
import pathlib
import re
import tempfile
import unicodedata
from collections.abc import Callable
from typing import BinaryIO, cast

from broadsheet import reading as reading_of
from broadsheet.artifacts import ArtifactStore, ArtifactWriter
from broadsheet.contracts.catalog import Catalog
from broadsheet.contracts.runs import Artifact, Format, NewEdition, Run, Runs
from broadsheet.documents import parser
from broadsheet.errors import Unavailable
from broadsheet.ids import new_id
from broadsheet.reading import Reading
from broadsheet.rendering.base import Edition, FileKind, Progress, Rendered, renderer
from broadsheet.rendering.csv_copy import CsvFile, from_copy
from broadsheet.sources.pool import SourcePool
from jobs.renderer import edition as editions
from jobs.renderer.lease import Lease
from jobs.renderer.snapshots import Snapshots

_PARQUET = "application/vnd.apache.parquet"
_COPY_CHUNK_BYTES = 1024 * 1024
_AGAIN_SECONDS = 0.5

#: Writes a file and says what is in it.
Write = Callable[[BinaryIO], Rendered]


class Publisher:
    """Makes and publishes editions. Rows above ``keep_rows_bytes`` are used and not kept."""

    def __init__(self, runs: Runs, catalog: Catalog, sources: SourcePool, store: ArtifactStore, *, keep_rows_bytes: int):
        self._runs = runs
        self._catalog = catalog
        self._sources = sources
        self._store = store
        self._keep_rows_bytes = keep_rows_bytes

    def publish(self, lease: Lease) -> None:
        """Do the run of ``lease``. Raises what ended it."""
        run = lease.run
        text = self._catalog.get_report(lease.principal, run.report_id, run.report_version)
        reading = reading_of.read(parser.parse(text.text), run.params, lease.principal, from_query_string=False)
        folder = f"{run.organization_id}/{new_id()}"
        no_rows: list[Artifact] = []
        with contextlib.ExitStack() as stack:
            snapshots = Snapshots(lease, self._catalog, self._sources, stack)
            if run.formats == [Format.CSV]:
                artifacts, rows = [self._streamed_csv(lease, reading, snapshots, folder)], no_rows
            else:
                scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="broadsheet-")))
                artifacts, rows = self._rendered(lease, reading, snapshots, folder, scratch)
            as_of = snapshots.as_of()
        lease.check()
        self._complete(lease, NewEdition(id=folder.rpartition("/")[2], as_of=as_of, artifacts=artifacts, rows=rows))

    def _complete(self, lease: Lease, edition: NewEdition) -> None:
        """The files are made and only the word is missing: say it until it is heard, or the lease is over."""
        while True:
            try:
                self._runs.complete(lease.run.id, lease.token, edition)
                return
            except Unavailable:
                lease.pause(_AGAIN_SECONDS)

    def _streamed_csv(self, lease: Lease, reading: Reading, snapshots: Snapshots, folder: str) -> Artifact:
        query = lease.run.query or reading.report.queries[0].name
        snapshot = snapshots.of(reading.query_source(query))
        sql = reading.query_sql(query)

        def write(out: BinaryIO) -> Rendered:
            return from_copy(snapshot, sql, out, progress=_shown_by(lease), should_stop=lease.should_stop)

        return self._stored(lease, folder, CsvFile(), query, write)

    def _rendered(
        self, lease: Lease, reading: Reading, snapshots: Snapshots, folder: str, scratch: pathlib.Path
    ) -> tuple[list[Artifact], list[Artifact]]:
        formats = lease.run.formats
        total = len(editions.needed_queries(reading.report, lease.run)) + len(formats)
        paths = editions.read_rows(lease, reading, snapshots, scratch, total)
        edition = editions.edition_of(lease, reading, snapshots, paths)
        artifacts = []
        for step, wanted in enumerate(formats, start=len(paths)):
            lease.progress(step, total, "steps")
            artifacts.append(self._file(lease, edition, folder, wanted))
        return artifacts, [
            self._kept(folder, name, path) for name, path in paths.items() if path.stat().st_size <= self._keep_rows_bytes
        ]

    def _file(self, lease: Lease, edition: Edition, folder: str, wanted: Format) -> Artifact:
        made = renderer(wanted.value)
        query = lease.run.query if wanted in (Format.CSV, Format.XLSX) else None

        def write(out: BinaryIO) -> Rendered:
            return made.render(edition, out, query=query, should_stop=lease.should_stop)

        return self._stored(lease, folder, made, query, write)

    def _stored(self, lease: Lease, folder: str, kind: FileKind, query: str | None, write: Write) -> Artifact:
        name = file_name(lease.run, kind.extension, query)
        with self._store.create(f"{folder}/{name}") as out:
            rendered = write(cast(BinaryIO, out))
            lease.check()
            out.publish()
        return _artifact(folder, name, kind.format, kind.media_type, out, rendered.row_count)

    def _kept(self, folder: str, query: str, path: pathlib.Path) -> Artifact:
        name = f"rows/{query}.parquet"
        with self._store.create(f"{folder}/{name}") as out, path.open("rb") as rows:
            while piece := rows.read(_COPY_CHUNK_BYTES):
                out.write(piece)
            out.publish()
        return _artifact(folder, name, "parquet", _PARQUET, out, None)


def file_name(run: Run, extension: str, query: str | None) -> str:
    """What the file is called when it is downloaded: ``airline-punctuality-delays-2026-03-01.csv``."""
    ascii_title = unicodedata.normalize("NFKD", run.report_title).encode("ascii", "ignore").decode()
    title = re.sub(r"[^a-z0-9]+", "-", ascii_title.lower()).strip("-")[:80] or "report"
    return "-".join([title, *([query] if query else []), run.requested_at.date().isoformat()]) + f".{extension}"


def _shown_by(lease: Lease) -> Callable[[Progress], None]:
    return lambda progress: lease.progress(progress.done, progress.total, progress.unit)


def _artifact(folder: str, name: str, format: str, media_type: str, out: ArtifactWriter, row_count: int | None) -> Artifact:
    return Artifact(
        name=name,
        format=format,
        media_type=media_type,
        size_bytes=out.size_bytes,
        sha256=out.sha256,
        row_count=row_count,
        location=f"{folder}/{name}",
    )
