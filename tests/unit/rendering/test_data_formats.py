"""CSV, Parquet and XLSX hold the rows as they are."""

import csv
import datetime as dt
import io
import zipfile
from decimal import Decimal

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadsheet.documents.model import Column, Table
from broadsheet.errors import Cancelled, RenderFailed, ResultTooLarge
from broadsheet.rendering import xlsx
from broadsheet.rendering.base import Progress, renderer
from broadsheet.rendering.excel_formats import excel_format
from broadsheet.rendering.parquet import ParquetRows, write_parquet
from broadsheet.sources.columns import api_type
from tests.editions import HOSTILE, edition, table

MOMENT = dt.datetime(2013, 1, 1, 5, 0, 0, 500000, tzinfo=dt.UTC)


def rendered(format: str, made, **options) -> bytes:
    out = io.BytesIO()
    renderer(format).render(made, out, **options)
    return out.getvalue()


def workbook(made, **options) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(rendered("xlsx", made, **options)))


def test_csv_gives_hostile_cells_back_unchanged():
    rows = {"q": table(cell=HOSTILE, **{'a "name", with': list(range(len(HOSTILE)))})}
    read = list(csv.reader(io.StringIO(rendered("csv", edition(rows=rows)).decode(), newline="")))
    assert read == [["cell", 'a "name", with'], *[[cell, str(index)] for index, cell in enumerate(HOSTILE)]]


def test_csv_writes_values_as_postgresql_does():
    rows = {"q": table(b=[True, None], t=(pa.timestamp("us", "UTC"), [MOMENT, None]), s=["", None])}
    assert rendered("csv", edition(rows=rows)) == b'b,t,s\n"t","2013-01-01 05:00:00.500000+00",""\n,,\n'


def test_a_data_format_takes_the_asked_for_query_or_the_first():
    rows = {"one": table(a=[1]), "two": table(b=[2])}
    assert rendered("csv", edition(rows=rows)) == b"a\n1\n"
    assert rendered("csv", edition(rows=rows), query="two") == b"b\n2\n"
    with pytest.raises(RenderFailed, match="one, two"):
        rendered("csv", edition(rows=rows), query="three")


@pytest.mark.parametrize("format", ["csv", "parquet", "xlsx", "html", "pdf"])
def test_every_renderer_stops_when_it_is_told(format):
    with pytest.raises(Cancelled):
        rendered(format, edition(Table("flights")), should_stop=lambda: True)


def test_a_workbook_that_is_stopped_leaves_no_rows_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    seen = []

    def stop_once_rows_are_there() -> bool:
        seen.extend(tmp_path.iterdir())
        return bool(seen)

    with pytest.raises(Cancelled):
        rendered("xlsx", edition(rows={"q": table(n=list(range(200_000)))}), should_stop=stop_once_rows_are_there)
    assert seen
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_is_refused():
    with pytest.raises(RenderFailed, match="docx"):
        renderer("docx")


def test_parquet_comes_back_with_its_types_and_digits(tmp_path):
    rows = table(n=(pa.string(), ["12345678901234567890.10"], "numeric"), d=(pa.decimal128(10, 2), [Decimal("1.10")]))
    path = tmp_path / "q.parquet"
    with path.open("wb") as out:
        assert write_parquet(rows.to_reader(), out) == 1
    again = ParquetRows({"q": path})
    assert again.table("q").equals(rows)
    assert [api_type(field) for field in again.batches("q").schema] == ["numeric", "numeric"]
    assert sum(batch.num_rows for batch in again.batches("q")) == 1


def test_rows_that_are_too_many_to_keep_are_refused_while_writing():
    many = pa.table({"a": [str(n) * 7 for n in range(300_000)]})
    with pytest.raises(ResultTooLarge):
        write_parquet(many.to_reader(max_chunksize=50_000), io.BytesIO(), max_bytes=10_000)


def test_parquet_as_a_file_to_take_away():
    assert pq.read_table(io.BytesIO(rendered("parquet", edition(rows={"q": table(a=[1, 2])}))))["a"].to_pylist() == [1, 2]


def test_no_cell_of_a_workbook_is_a_formula_or_a_link():
    raw = rendered("xlsx", edition(rows={"q": table(cell=HOSTILE)}))
    sheet = openpyxl.load_workbook(io.BytesIO(raw))["q"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    parts = zipfile.ZipFile(io.BytesIO(raw))
    assert not any(b"<f>" in parts.read(name) or b"<hyperlink" in parts.read(name) for name in parts.namelist())
    read = [cell.value for cell in sheet["A"][1:]]
    assert read[:6] == HOSTILE[:6]
    assert len(read[7]) == xlsx.MOST_CHARACTERS


def test_a_workbook_has_typed_cells_and_the_reports_formats():
    rows = {
        "q": table(
            d=[dt.date(2013, 1, 1), None],
            t=(pa.timestamp("us", "UTC"), [MOMENT, None]),
            n=(pa.string(), ["1.10", "99999999999999999999"], "numeric"),
            i=[2**60, 5],
            b=[True, False],
            f=[0.25, float("nan")],
        )
    }
    block = Table("q", columns=(Column("f", label="Share", format=".1%"), Column("d", format="%b %Y")))
    sheet = workbook(edition(block, rows=rows, time_zone="America/New_York"))["q"]
    header, first, second = sheet.iter_rows()
    assert [cell.value for cell in header] == ["d", "t", "n", "i", "b", "Share"]
    assert [cell.value for cell in first] == [
        dt.datetime(2013, 1, 1), MOMENT.replace(hour=0, tzinfo=None), 1.1, str(2**60), True, 0.25,  # noqa: DTZ001
    ]  # fmt: skip
    assert [cell.value for cell in second] == [None, None, "99999999999999999999", 5, False, None]
    assert (first[5].number_format, first[0].number_format) == ("0.0%", "mmm yyyy")
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:F3"


def test_dates_before_excels_calendar_are_text():
    sheet = workbook(edition(rows={"q": table(d=[dt.date(1899, 12, 31)])}))["q"]
    assert sheet["A2"].value == "1899-12-31"


def test_rows_beyond_a_sheet_continue_on_the_next_and_say_so(monkeypatch):
    monkeypatch.setattr(xlsx, "MOST_ROWS", 2)
    out = io.BytesIO()
    made = renderer("xlsx").render(edition(rows={"q": table(a=[1, 2, 3, 4, 5])}), out)
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["About", "q", "q 2", "q 3"]
    assert [[cell.value for cell in sheet["A"]] for sheet in book.worksheets[1:]] == [["a", 1, 2], ["a", 3, 4], ["a", 5]]
    assert made.row_count == 5
    assert "continues on 2 more" in made.notes[0]


def test_the_first_sheet_says_what_this_is():
    book = workbook(edition(title="=Punctuality", description="How late?"))
    texts = [cell.value for row in book["About"].iter_rows() for cell in row if cell.value is not None]
    assert texts[:2] == ["=Punctuality", "How late?"]
    assert "1 March 2026, 06:30 (UTC)" in texts


def test_an_empty_query_still_has_its_sheet_and_header():
    sheet = workbook(edition(rows={"q": table(a=(pa.string(), []))}))["q"]
    assert [cell.value for cell in sheet["A"]] == ["a"]


def test_one_query_alone_is_one_sheet_of_rows():
    rows = {"one": table(a=[1]), "two": table(b=[2])}
    assert workbook(edition(rows=rows), query="two").sheetnames == ["About", "two"]


def test_progress_counts_rows():
    seen: list[Progress] = []
    rendered("xlsx", edition(), progress=seen.append)
    assert seen[-1].done == 2


@given(names=st.lists(st.text(max_size=50), max_size=20))
@settings(deadline=None)
def test_sheet_names_are_valid_and_unique(names):
    taken: set[str] = set()
    made = [xlsx.sheet_name(name, taken) for name in names]
    assert len({name.casefold() for name in made}) == len(made)
    for name in made:
        assert 1 <= len(name) <= 31
        assert not set(name) & set("[]:*?/\\")
        assert not name.startswith("'")
        assert name.casefold() != "history"


@pytest.mark.parametrize(
    ("format", "kind", "excel"),
    [
        (",.0f", "number", "#,##0"),
        (".1%", "number", "0.0%"),
        ("+.2f", "number", "+0.00;-0.00;0.00"),
        ("$,.2f", "numeric", '"$"#,##0.00'),
        ("%-d %B %Y", "date", "d mmmm yyyy"),
        ("Q%q", "date", "yyyy-mm-dd hh:mm:ss"),
        (".1f", "text", None),
        (None, "integer", "#,##0"),
    ],
)
def test_formats_are_excels_number_formats(format, kind, excel):
    assert excel_format(format, kind) == excel
