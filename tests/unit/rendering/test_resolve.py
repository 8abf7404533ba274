"""What the page shows, worked out once for every format."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from broadsheet.documents.model import Chart, Column, Markdown, Metric, Parameter, ParameterType, Table
from broadsheet.errors import RenderFailed, ResultTooLarge
from broadsheet.rendering.resolve import MOST_TABLE_ROWS, as_of_text, metric_value, resolve, resolved_parameters
from tests.editions import edition, table

NUMBERS = table(n=(pa.string(), ["1.10", "2.30", None], "numeric"), i=[3, 1, 2], f=[1.0, float("nan"), 2.0], s=["b", "a", None])


@pytest.mark.parametrize(
    ("column", "agg", "value"),
    [
        ("n", "sum", Decimal("3.40")),
        ("n", "mean", Decimal("1.70")),
        ("n", "count", 2),
        ("i", "first", 3),
        ("i", "last", 2),
        ("i", "min", 1),
        ("i", "max", 3),
        ("s", "max", "b"),
        ("s", "first", "b"),
    ],
)
def test_a_metric_is_one_number_of_its_column(column, agg, value):
    assert metric_value(Metric("q", column, "L", agg=agg), NUMBERS) == value


def test_a_metric_of_no_rows_is_missing_not_zero():
    [metric] = resolve(edition(Metric("q", "i", "Flights", agg="sum"), rows={"q": NUMBERS.slice(0, 0)}))
    assert metric.text == "–"


def test_a_metric_of_a_column_that_is_not_there_names_those_that_are():
    with pytest.raises(RenderFailed, match=r"nosuch.*it gives n, i, f, s"):
        resolve(edition(Metric("q", "nosuch", "L"), rows={"q": NUMBERS}))


def test_a_sum_of_words_is_refused():
    with pytest.raises(RenderFailed, match="no number"):
        metric_value(Metric("q", "s", "L", agg="sum"), NUMBERS)


def test_a_table_formats_orders_hides_and_totals_its_columns():
    block = Table(
        "flights",
        columns=(Column("delay", label="Delay (min)", format=".1f", bars=True), Column("carrier", hidden=True)),
        totals=("flights",),
    )
    [shown] = resolve(edition(block))
    assert [column.label for column in shown.columns] == ["Delay (min)", "flights"]
    assert shown.cells == (("12.5", "58,665"), ("–", "48,110"))
    assert shown.totals == ("", "106,775")
    assert shown.columns[0].bars == (1.0, None)
    assert shown.columns[1].align == "right"


def test_a_limit_cuts_and_says_how_many_there_are():
    [shown] = resolve(edition(Table("flights", limit=1)))
    assert (len(shown.cells), shown.row_count) == (1, 2)


def test_a_table_no_page_can_hold_is_refused_with_the_formats_that_can():
    rows = {"q": table(n=list(range(MOST_TABLE_ROWS + 1)))}
    with pytest.raises(ResultTooLarge, match="XLSX or CSV"):
        resolve(edition(Table("q"), rows=rows))
    [shown] = resolve(edition(Table("q", limit=10), rows=rows))
    assert len(shown.cells) == 10


def test_text_reads_results_and_parameters():
    [text] = resolve(
        edition(
            Markdown("{{ carrier.label }}: {{ flights.rows[0].flights | number }} of {{ flights.row_count }}"),
            parameters=(Parameter("carrier", ParameterType.CHOICE, "Airline"),),
            values={"carrier": "UA"},
            labels={"carrier": "United"},
        )
    )
    assert text.text == "United: 58,665 of 2"


def test_times_are_shown_in_the_time_zone_of_the_edition():
    moments = table(at=(pa.timestamp("us", "UTC"), [dt.datetime(2013, 1, 1, 5, tzinfo=dt.UTC)]))
    shown, drawn = resolve(
        edition(Table("q"), Chart("q", mark="line", x="at", y=("at",)), rows={"q": moments}, time_zone="America/New_York")
    )
    assert shown.cells == (("2013-01-01",),)
    assert drawn.rows == ({"at": "2013-01-01T00:00:00Z"},)


def test_a_date_beyond_pythons_calendar_is_shown_as_text():
    far = pa.table([pa.array([2**31 - 1], pa.int32()).cast(pa.date32())], names=["d"])
    [shown] = resolve(edition(Table("q"), rows={"q": far}))
    assert shown.cells[0][0]


def test_a_chart_needs_columns_that_are_there():
    with pytest.raises(RenderFailed, match="nosuch"):
        resolve(edition(Chart("flights", mark="bar", x="carrier", y=("nosuch",))))


def test_the_stamp_names_its_time_zone():
    assert as_of_text(edition(time_zone="America/New_York")) == "1 March 2026, 01:30 (America/New_York)"


def test_parameters_are_shown_in_words():
    parameters = (Parameter("since", ParameterType.DATE, "Since"), Parameter("all", ParameterType.LIST, "Regions"))
    shown = resolved_parameters(edition(parameters=parameters, values={"since": dt.date(2013, 1, 1), "all": []}))
    assert [(item.label, item.text) for item in shown] == [("Since", "2013-01-01"), ("Regions", "–")]
