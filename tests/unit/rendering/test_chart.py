"""From the short form to Vega-Lite."""

import json

import pytest

from broadsheet.documents.model import Chart
from broadsheet.errors import RenderFailed
from broadsheet.rendering.chart import SCHEMA, field, vega_lite
from broadsheet.rendering.drawing import svg

COLUMNS = [("month", "date"), ("origin", "text"), ("delay", "number"), ("flights", "integer"), ("a.b['c']", "numeric")]


def chart(**said) -> Chart:
    return Chart(query="q", **{"mark": "line", "x": "month", "y": ("delay",), **said})


def test_a_time_is_drawn_on_a_utc_scale():
    encoding = vega_lite(chart(), COLUMNS)["encoding"]
    assert (encoding["x"]["type"], encoding["x"]["scale"]) == ("temporal", {"type": "utc"})


def test_words_keep_the_order_of_the_rows():
    encoding = vega_lite(chart(mark="bar", x="origin", y=("flights",)), COLUMNS)["encoding"]
    assert (encoding["x"]["type"], encoding["x"]["sort"]) == ("ordinal", None)


def test_several_values_become_series_in_the_order_written():
    spec = vega_lite(chart(y=("flights", "delay")), COLUMNS)
    assert spec["transform"][0]["fold"] == ["flights", "delay"]
    assert spec["encoding"]["color"]["sort"] == ["flights", "delay"]


def test_bars_stack_or_stand_beside_each_other():
    stacked = vega_lite(chart(mark="bar", x="origin", color="month"), COLUMNS)["encoding"]
    grouped = vega_lite(chart(mark="bar", x="origin", color="month", stack=False), COLUMNS)["encoding"]
    assert stacked["y"]["stack"] == "zero"
    assert "xOffset" not in stacked
    assert grouped["xOffset"]["field"] == "month"


def test_a_horizontal_bar_has_its_words_on_the_left():
    encoding = vega_lite(chart(mark="bar", x="origin", horizontal=True), COLUMNS)["encoding"]
    assert (encoding["y"]["field"], encoding["x"]["field"]) == ("origin", "delay")


def test_the_rows_arrive_by_name_and_the_page_gives_the_width():
    spec = vega_lite(chart(), COLUMNS)
    assert (spec["$schema"], spec["data"], spec["width"]) == (SCHEMA, {"name": "rows"}, "container")


def test_a_name_with_dots_and_brackets_is_a_name_not_a_path():
    assert field("a.b['c']") == "a\\.b\\[\\'c\\'\\]"
    rows = [{"month": "2013-01-01", "a.b['c']": 1}, {"month": "2013-02-01", "a.b['c']": 2}]
    assert "<path" in svg(vega_lite(chart(y=("a.b['c']",)), COLUMNS), rows)


def test_an_own_specification_keeps_what_it_says_and_gets_our_theme():
    own = {"mark": "bar", "height": 99, "config": {"bar": {"color": "red"}, "axis": {"labelFontSize": 20}}}
    spec = vega_lite(Chart(query="q", title="T", spec=own), COLUMNS)
    assert (spec["height"], spec["title"], spec["data"]) == (99, "T", {"name": "rows"})
    assert spec["config"]["bar"] == {"color": "red"}
    assert (spec["config"]["axis"]["labelFontSize"], spec["config"]["axis"]["ticks"]) == (20, False)
    assert own["config"] == {"bar": {"color": "red"}, "axis": {"labelFontSize": 20}}


def test_a_composed_specification_gets_no_width_of_its_own():
    spec = vega_lite(Chart(query="q", spec={"hconcat": [{"mark": "bar"}, {"mark": "line"}]}), COLUMNS)
    assert "width" not in spec


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"color": "origin"},
        {"y": ("delay", "flights")},
        {"mark": "area"},
        {"mark": "area", "color": "origin", "stack": False},
        {"mark": "bar"},
        {"mark": "bar", "color": "origin"},
        {"mark": "bar", "color": "origin", "stack": False},
        {"mark": "bar", "horizontal": True},
        {"mark": "bar", "x": "origin", "y": ("delay", "flights"), "stack": False},
        {"mark": "point", "x": "flights"},
        {"mark": "pie", "x": "origin", "y": ("flights",)},
        {"mark": "bar", "x": "origin", "format": ",.0f", "title": 'Title "quoted" <b>', "x_title": "x", "y_title": "y"},
    ],
)
def test_every_short_form_draws_its_rows(said):
    rows = [
        {"month": f"2013-0{n % 3 + 1}-01", "origin": name, "delay": n, "flights": n * 10}
        for n, name in enumerate(["JFK", "EWR", "LGA"] * 3, start=1)
    ]
    spec = vega_lite(chart(**said), COLUMNS)
    json.dumps(spec)
    drawn = svg(spec, rows, width=400)
    assert 'role="graphics-object"' in drawn
    assert "<b>" not in drawn
    assert drawn.count("graphics-symbol") > 2


def test_no_rows_draw_an_empty_chart():
    assert svg(vega_lite(chart(), COLUMNS), []).startswith("<svg")


def test_a_specification_that_cannot_be_drawn_says_why():
    with pytest.raises(RenderFailed, match="could not be drawn"):
        svg({"mark": "nosuch", "encoding": {}}, [])
