"""The rows of an edition: every query that the asked-for files need, read once, kept as Parquet while the files are made.

Names of what was chosen (the label of a parameter whose options are a query) are read in the same snapshot.
"""

import pathlib
from collections.abc import Mapping

from broadsheet.contracts.runs import Format, Run
from broadsheet.documents import parameters, templating
from broadsheet.documents.model import Markdown, Report
from broadsheet.reading import MAX_OPTIONS, Reading, options_from_rows
from broadsheet.rendering.base import Edition
from jobs.renderer.lease import Lease
from jobs.renderer.snapshots import Snapshots

_DOCUMENTS = frozenset({Format.PDF, Format.HTML})


def needed_queries(report: Report, run: Run) -> list[str]:
    """The queries that the asked-for files are made from, in the report's order."""
    asked = {run.query} if run.query is not None else set()
    if _DOCUMENTS & set(run.formats):
        asked |= shown_queries(report)
    if Format.XLSX in run.formats and run.query is None:
        asked |= {query.name for query in report.queries}
    if Format.CSV in run.formats and run.query is None:
        asked |= {report.queries[0].name}
    return [query.name for query in report.queries if query.name in asked]


def shown_queries(report: Report) -> set[str]:
    """Queries whose rows the document shows, in blocks or in texts."""
    shown: set[str] = set()
    for block in report.blocks:
        shown |= templating.used_queries(block.text) if isinstance(block, Markdown) else {block.query}
    return shown


def read_rows(
    lease: Lease, reading: Reading, snapshots: Snapshots, folder: pathlib.Path, total_steps: int
) -> dict[str, pathlib.Path]:
    """Run the needed queries, one Parquet file each. Raises ``QueryFailed`` and its kin, naming the query."""
    from broadsheet.rendering.parquet import write_parquet  # Arrow, which a worker that only passes CSV through never loads

    paths: dict[str, pathlib.Path] = {}
    for step, name in enumerate(needed_queries(reading.report, lease.run)):
        lease.check()
        lease.progress(step, total_steps, "steps")
        path = folder / f"{name}.parquet"
        batches = snapshots.of(reading.query_source(name)).batches(reading.query_sql(name))
        with path.open("wb") as out:
            write_parquet(batches, out, should_stop=lease.should_stop)
        paths[name] = path
    return paths


def labels(reading: Reading, snapshots: Snapshots) -> Mapping[str, str]:
    """The words for chosen values whose options are a query."""
    found: dict[str, str] = {}
    for parameter in reading.report.parameters:
        value = reading.values[parameter.name]
        if parameter.options_query is None or value is None or reading.report.source is None:
            continue
        table = snapshots.of(reading.report.source).fetch(reading.options_sql(parameter), limit=MAX_OPTIONS).table
        option = parameters.pick(options_from_rows([column.to_pylist() for column in table.columns]), value)
        if option is not None:
            found[parameter.name] = option.label
    return found


def edition_of(lease: Lease, reading: Reading, snapshots: Snapshots, paths: Mapping[str, pathlib.Path]) -> Edition:
    """What the renderers read."""
    from broadsheet.rendering.parquet import ParquetRows

    known = labels(reading, snapshots)
    return Edition(
        report=reading.report,
        report_id=lease.run.report_id,
        version=lease.run.report_version,
        as_of=snapshots.as_of(),
        rows=ParquetRows(paths),
        values=reading.values,
        labels=known,
        time_zone=lease.principal.time_zone,
    )
