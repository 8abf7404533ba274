"""From a database to files: the same rows in every format."""

import csv
import io

import openpyxl
import pyarrow.parquet as pq
import pypdf
import pytest

from broadsheet.documents.model import Chart, Metric, Query, Report, Table
from broadsheet.errors import Cancelled
from broadsheet.rendering.base import Edition, renderer
from broadsheet.rendering.csv_copy import from_copy
from broadsheet.rendering.parquet import ParquetRows, write_parquet
from broadsheet.sources.base import SourceUrl
from broadsheet.sources.postgres import PostgresSource

SQL = """select date_trunc('month', day) as month, count(*) as days, (sum(extract(day from day)) / 7)::numeric(12,4) as exact,
                'it''s "quoted", ' || min(day)::text as words
         from generate_series(timestamptz '2013-01-01 00:00 America/New_York', '2013-12-31 23:00 America/New_York', '1 day') as day
         group by 1 order by 1"""


@pytest.fixture
def source(stack):
    url = stack.endpoints.primary_url()
    source = PostgresSource(SourceUrl(url, time_zone="America/New_York", statement_timeout_seconds=30))
    yield source
    source.close()


@pytest.fixture
def edition(source, tmp_path) -> Edition:
    path = tmp_path / "months.parquet"
    with source.snapshot() as snapshot:
        with path.open("wb") as out:
            write_parquet(snapshot.batches(SQL), out)
        as_of = snapshot.as_of
    blocks = (
        Metric("months", "days", "Days", agg="sum"),
        Chart("months", title="Days by month", mark="bar", x="month", y=("days",)),
        Table("months"),
    )
    report = Report(title="A year", blocks=blocks, queries=(Query("months", SQL),))
    return Edition(
        report=report, report_id="r", version=1, as_of=as_of, rows=ParquetRows({"months": path}), time_zone="America/New_York"
    )


def rendered(format: str, edition: Edition) -> io.BytesIO:
    out = io.BytesIO()
    renderer(format).render(edition, out)
    out.seek(0)
    return out


def test_every_format_shows_the_twelve_months_of_the_readers_time_zone(edition):
    months = [f"2013-{month:02}-01" for month in range(1, 13)]
    sheet = openpyxl.load_workbook(rendered("xlsx", edition))["months"]
    assert [str(cell.value)[:10] for cell in sheet["A"][1:]] == months
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(rendered("pdf", edition)).pages)
    page = rendered("html", edition).read().decode()
    for month in months:
        assert month in text
        assert f"<td>{month}</td>" in page
    assert "365" in text
    assert len(list(csv.reader(io.TextIOWrapper(rendered("csv", edition))))) == 13


def test_exact_decimals_stay_exact_in_parquet(edition):
    table = pq.read_table(rendered("parquet", edition))
    assert str(table["exact"][0].as_py()) == "70.8571"


def test_copy_passes_the_databases_csv_through(source):
    out = io.BytesIO()
    with source.snapshot() as snapshot:
        made = from_copy(snapshot, SQL, out)
    rows = list(csv.DictReader(io.StringIO(out.getvalue().decode())))
    assert made.row_count == len(rows) == 12
    assert rows[0]["words"] == 'it\'s "quoted", 2013-01-01 00:00:00-05'


def test_a_copy_stops_between_two_pieces(source):
    written: list[int] = []

    class Out(io.BytesIO):
        def write(self, piece) -> int:
            written.append(len(piece))
            return super().write(piece)

    sql = "select repeat('x', 1000) from generate_series(1, 100000)"
    with source.snapshot() as snapshot, pytest.raises(Cancelled):
        from_copy(snapshot, sql, Out(), should_stop=lambda: len(written) >= 2)
    assert sum(written) < 5_000_000
