import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadsheet.documents import markdown, templating
from broadsheet.documents.model import Option, Parameter, ParameterType
from broadsheet.documents.templating import (
    ColumnRows,
    ParameterText,
    ResultRows,
    TextContext,
    evaluate,
    parameter_text,
    used_queries,
)

ROWS = [
    {"flights": 12345, "delay": 3.14159, "items": 7, "name": "*bold* <b>", "none": None, "day": "2013-02-03", "price": Decimal("9.5"),
     "at": "2013-02-03T10:00:00Z", "tags": ["a", "b"]}
]  # fmt: skip
CONTEXT = TextContext(
    parameters={
        "carrier": ParameterText("UA", "United Air Lines"),
        "since": ParameterText(dt.date(2013, 1, 5), "2013-01-05"),
        "n": ParameterText(5, "5"),
        "empty": ParameterText(None, "–"),
        "result": ParameterText("r", "a parameter of a tricky name"),
    },
    results={"delays": ResultRows(ROWS, 1), "nothing": ResultRows([], 0)},
)


def shown(expression, context=CONTEXT):
    return evaluate("{{ " + expression + " }}", context)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("carrier", "United Air Lines"),
        ("carrier.label", "United Air Lines"),
        ("carrier.value", "UA"),
        ("carrier | upper", "UNITED AIR LINES"),
        ("carrier | lower", "united air lines"),
        ("since", "2013-01-05"),
        ("since | date", "5 January 2013"),
        ("since | date('%b %Y')", "Jan 2013"),
        ("result", "a parameter of a tricky name"),
        ("delays.rows[0].flights", "12345"),
        ("delays.rows[0].flights | number", "12,345"),
        ("delays.rows[0]['flights'] | number('.2s')", "12k"),
        ("delays.rows[-1].delay | number('.1f')", "3.1"),
        ("delays.rows[0].delay | round", "3"),
        ("delays.rows[0].delay | round(2)", "3.14"),
        ("delays.rows[0].items", "7"),
        ("delays.rows[0].price * 2 | default(0)", "19"),
        ("delays.rows[0].day | date", "3 February 2013"),
        ("delays.rows[0].at | date('%H:%M')", "10:00"),
        ("delays.rows[0].tags", "a, b"),
        ("(delays.rows[0].flights / 50000) | percent", "24.7%"),
        ("(delays.rows[0].flights / 50000) | percent(0)", "25%"),
        ("delays.row_count", "1"),
        ("n + 1", "6"),
        ("-n", "-5"),
        ("'many' if n > 3 else 'few'", "many"),
        ("'it' if carrier == 'UA' else 'other'", "it"),
        ("'yes' if empty else 'no'", "no"),
        ("empty | default('all airlines')", "all airlines"),
        ("delays.rows[0].none | default(0)", "0"),
    ],
)
def test_an_expression_is_shown(expression, text):
    assert shown(expression) == text


@pytest.mark.parametrize(
    "expression",
    ["nothing.rows[0].flights", "nothing.rows[0].flights | number", "delays.rows[9].x.y", "delays.rows[0].nope", "delays.rows[0].none",
     "empty", "n / 0", "n + carrier", "'a' * 1000000", "'%1000000d' % n", "carrier | number", "delays.rows[0]", "delays.rows", "nobody",
     "carrier.value.upper", "delays.rows.append", "n.value.real", "delays.rows[0].name | date", "9 * 9 * carrier", "since | round"],
)  # fmt: skip
def test_what_is_missing_or_cannot_be_calculated_is_a_dash(expression):
    assert shown(expression) == "–"


@pytest.mark.parametrize(
    "expression",
    ["carrier.__class__", "''.__class__", "carrier.label.upper()", "self", "[1, 2]", "{}", "2 ** 9", "n is defined", "delays.rows[0:9]",
     "carrier | attr('x')", "carrier | map('x')", "carrier ~ n", "range(9)", "cycler", "not " * 200, "(" * 90 + "1" + ")" * 90],
)  # fmt: skip
def test_what_is_not_allowed_gives_nothing_even_if_it_is_not_checked_before(expression):
    assert shown(expression) == "–"


def test_data_never_becomes_markup():
    hostile = "# *a* [x](http://evil) <script>alert(1)</script> `c` | ![i](u) ~~s~~ &amp; {{ n }}"
    context = TextContext({"x": ParameterText(hostile, hostile)})
    text = "{{ x }}\n\n- {{ x }}\n\n| a |\n|---|\n| {{ x }} |\n\n[link {{ x }}](/y)\n"
    html = markdown.html(evaluate(text, context))
    assert "<script" not in html
    assert "<h1" not in html
    assert "<code" not in html
    assert html.count("<a ") == 1
    assert html.count("[x](http://evil)") == 4
    assert "{{ n }}" in html


@given(st.text(max_size=60))
def test_any_value_is_shown_as_the_text_it_is(value):
    context = TextContext({"x": ParameterText(value, value)})
    tokens = markdown.tokens(evaluate("a {{ x }} b", context))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    children = tokens[1].children or []
    assert {child.type for child in children} == {"text"}
    expected = " ".join(templating._NO_CONTROL.sub("", value).split())
    assert " ".join("".join(child.content for child in children).split()) == " ".join(f"a {expected} b".split())


LINE_STARTS = [
    "- ",
    "+ x",
    "* x",
    "1. x",
    "12) x",
    "# x",
    "> x",
    "---",
    "===",
    "```",
    "~~~",
    "|a|",
    "    x",
    "\tx",
    "[a]: b",
    "- - -",
]


@pytest.mark.parametrize("value", [*LINE_STARTS, ":-:", "<div>", "-", "=", "1."])
def test_a_value_at_the_begin_of_a_line_begins_no_block(value):
    context = TextContext({"x": ParameterText(value, value)})
    for text in ("{{ x }}", "words\n{{ x }}", "| a |\n{{ x }}"):
        types = {token.type for token in markdown.tokens(evaluate(text, context))}
        assert types == {"paragraph_open", "inline", "paragraph_close"}, (text, value)


def test_code_blocks_are_left_alone():
    text = "{{ n }}\n\n```\n{{ n }}\n```\n\n    {{ n }}\n"
    assert evaluate(text, CONTEXT) == "5\n\n```\n{{ n }}\n```\n\n    {{ n }}\n"


def test_braces_can_be_written_as_a_text():
    assert markdown.html(evaluate("{{ '{{' }} {{ '{%' }}", CONTEXT)) == "<p>{{ {%</p>\n"


def test_a_very_long_result_is_cut():
    context = TextContext({"x": ParameterText("y" * 1_000_000, "y" * 1_000_000)})
    assert len(evaluate("{{ x }}\n" * 1_000, context)) <= templating.LARGEST_OUTPUT_CHARACTERS + 1


def test_the_queries_that_a_text_reads_are_known_before_they_run():
    text = "{{ a.rows[0].x | number }} {{ carrier.label }} {{ (b.row_count / c.rows[1].y) | percent }}\n\n```\n{{ d.rows }}\n```\n{{ e."
    assert used_queries(text) == {"a", "b", "c"}


def test_rows_are_read_from_columns_only_where_they_are_needed():
    rows = ColumnRows(["a", "b"], [[1, 2], ["x", "y"]])
    assert shown("q.rows[1].b", TextContext(results={"q": ResultRows(rows, 2)})) == "y"
    assert len(rows) == 2


def test_a_parameter_is_called_by_the_labels_of_its_options():
    options = (Option("EWR", "Newark"), Option("JFK", "Kennedy"))
    choice = Parameter("a", ParameterType.CHOICE, "Airport", options=options)
    assert parameter_text(choice, "EWR").label == "Newark"
    assert (
        parameter_text(Parameter("a", ParameterType.LIST, "Airports", options=options), ["JFK", "EWR"]).label == "Kennedy, Newark"
    )
    assert parameter_text(Parameter("n", ParameterType.NUMBER, "N"), 2013).label == "2013"
    assert parameter_text(Parameter("l", ParameterType.LIST, "L"), []).label == "–"
    assert parameter_text(choice, "XXX", "Given").label == "Given"


@given(st.text(alphabet=st.sampled_from(list("{}[]()|.'\"\\%-+*/~,=<>! abn019delays.rows\n")), max_size=50))
@settings(max_examples=300)
def test_any_expression_is_answered(expression):
    evaluate("{{" + expression + "}}", CONTEXT)
    used_queries("{{" + expression + "}}")
