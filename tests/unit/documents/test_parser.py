import datetime as dt
from decimal import Decimal

import pytest
from report_texts import mistakes, only_mistake, parsed, report_text

from broadsheet.documents import parser
from broadsheet.documents.model import Chart, Column, Markdown, Metric, Option, ParameterType, Table
from broadsheet.errors import InvalidReport

QUERY = "```sql q\nselect 1 as n\n```\n"


def place(mistake):
    return (mistake.line, mistake.column)


def test_a_report_is_read_whole():
    report = parser.parse(
        """---
title: Airline punctuality
description: How late?
source: flights
freshness: 10m
params:
  carrier: {type: choice, label: Airline, options: "select carrier, name from airlines", default: UA}
  since:   {type: date, default: 2013-01-01}
  regions: {type: list, of: text, default: []}
page: {size: A4, orientation: landscape}
---
# {{ carrier.label }} since {{ since | date }}

```sql delays {source=other}
select month, delay from flights where carrier = :carrier and time_hour >= :since and region = :user.region
```

```metric {data=delays value=delay agg=mean label="Mean delay" format=".1f" unit=min}
```

```chart {data=delays title="Mean delay"}
mark: line
x: month
y: delay
```

Between.

```table {data=delays limit=50 totals=flights}
columns:
  delay: {label: "Delay (min)", format: ".1f", bars: true}
```
"""
    )
    assert (report.title, report.source, report.freshness_seconds, report.page.orientation) == (
        "Airline punctuality", "flights", 600, "landscape")  # fmt: skip
    assert [parameter.type for parameter in report.parameters] == [ParameterType.CHOICE, ParameterType.DATE, ParameterType.LIST]
    assert report.parameter("since").default == dt.date(2013, 1, 1)
    query = report.query("delays")
    assert (query.source, query.parameters, query.attributes) == ("other", ("carrier", "since"), ("user.region",))
    text, metric, chart, between, table = report.blocks
    assert isinstance(text, Markdown)
    assert isinstance(between, Markdown)
    assert between.text == "Between."
    assert isinstance(metric, Metric)
    assert (metric.query, metric.value, metric.agg, metric.label, metric.format, metric.unit) == (
        "delays", "delay", "mean", "Mean delay", ".1f", "min")  # fmt: skip
    assert isinstance(chart, Chart)
    assert (chart.query, chart.title, chart.mark, chart.x, chart.y) == ("delays", "Mean delay", "line", "month", ("delay",))
    assert isinstance(table, Table)
    assert (table.limit, table.totals) == (50, ("flights",))
    assert table.columns == (Column("delay", "Delay (min)", ".1f", bars=True),)


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_text():
    text = """---
titel: X
source: f
params:
  since: {type: date, default: 2013-02-30}
freshness: 10x
---
{{ sinse }}

```sql q
select :sice
```

```table {data=p limt=3}
```
"""
    with pytest.raises(InvalidReport) as caught:
        parser.parse(text)
    found = [(error.line, error.column) for error in caught.value.errors]
    assert found == [(2, 1), (2, 1), (5, 32), (6, 12), (8, 4), (11, 8), (14, 16), (14, 18)]
    assert all(error.pointer == "" for error in caught.value.errors)
    assert caught.value.errors[5].hint == "did you mean `since`?"
    assert parser.check(text)[0].hint == "did you mean `title`?"


def test_line_ends_of_windows_and_a_byte_order_mark_change_no_position():
    text = report_text("```sql q\nselect :x\n```")
    found = parser.check("\ufeff" + text.replace("\n", "\r\n"))
    assert [place(mistake) for mistake in found] == [place(mistake) for mistake in parser.check(text)] == [(6, 8)]


def test_a_parameter_that_is_used_but_not_declared_is_a_mistake_at_each_use():
    found = mistakes("```sql q\nselect ':no',\n  :carier, :carier\n```", params="params: {carrier: {type: text}}")
    assert [place(mistake) for mistake in found] == [(8, 3), (8, 12)]
    assert found[0].hint == "did you mean `carrier`?"


def test_columns_of_an_indented_block_are_those_of_the_file():
    assert place(only_mistake("  ```sql q\n  select :x\n  ```")) == (6, 10)


def test_a_parameter_may_be_declared_and_not_used():
    assert parsed(params="params: {carrier: {type: text}}").parameters[0].name == "carrier"


@pytest.mark.parametrize(
    ("body", "where", "words"),
    [
        ("```sql\nselect 1\n```", (5, 4), "needs a name"),
        ("```sql 1a\nselect 1\n```", (5, 8), "cannot be the name"),
        ("```sql user\nselect 1\n```", (5, 8), "reserved"),
        ("```sql q\n```", (5, 4), "empty"),
        ("```sql q\n-- nothing\n```", (5, 4), "empty"),
        ("```sql q\nselect 1;\nselect 2\n```", (7, 1), "second statement"),
        ("```sql q\nselect 1; -- end\n drop table x\n```", (7, 2), "second statement"),
        ("```sql q\n  Delete from x\n```", (6, 3), "only reads"),
        ("```sql q\nwith gone as (delete from x returning *) select * from gone\n```", (6, 15), "only reads"),
        ("```sql q\nselect 1\ninto t\n```", (7, 1), "only reads"),
        ("```sql q\nselect * from t for update\n```", (6, 17), "only reads"),
        ("```sql q\nexplain select 1\n```", (6, 1), "only reads"),
        ("```sql q {sorce=x}\nselect 1\n```", (5, 11), "not an option"),
        ("```sql q {source=1x}\nselect 1\n```", (5, 18), "name of a data source"),
        ("```sql q {source=x\nselect 1\n```", (5, 10), "not closed"),
        ("```sql q {source}\nselect 1\n```", (5, 11), "key=value"),
        ("```sql q {source=x source=y}\nselect 1\n```", (5, 20), "twice"),
        ("```sql q extra\nselect 1\n```", (5, 10), "not understood"),
        (QUERY + QUERY, (8, 8), "two queries"),
        (QUERY + "```sql r\nselect 1", (8, 4), "not closed"),
        ("- item\n\n  ```sql q\n  select 1\n  ```", (7, 1), "inside a list"),
        ("```table\n```", (5, 4), "which query"),
        ("```table {data=q}\n```", (5, 16), "no query `q`"),
        (QUERY + "```table r {data=q}\n```", (8, 10), "has no name"),
        (QUERY + "```table {data=q limit=0}\n```", (8, 24), "whole number"),
        (QUERY + "```table {data=q limit=3}\nlimit: 4\n```", (9, 1), "already given"),
        (QUERY + "```table {data=q}\ncolumns: [a]\n```", (9, 10), "must be a mapping"),
        (QUERY + "```table {data=q}\ncolumns:\n  a: {format: 'k'}\n```", (10, 15), "not a number format"),
        (QUERY + "```table {data=q}\ncolumns:\n  a: {format: '%Q'}\n```", (10, 15), "date format"),
        (QUERY + "```table {data=q}\ncolumns:\n  a: {bars: 1}\n```", (10, 13), "true or false"),
        (QUERY + "```table {data=q}\ncolumns:\n  a: {align: middle}\n```", (10, 14), "one of left"),
        (QUERY + "```table {data=q}\n- a\n```", (9, 1), "`key: value` lines"),
        (QUERY + "```metric {data=q}\n```", (8, 4), "which column"),
        (QUERY + "```metric {data=q value=n agg=avg}\n```", (8, 31), "must be one of"),
        (QUERY + "```chart {data=q}\n```", (8, 4), "no `mark`"),
        (QUERY + "```chart {data=q}\nmark: scatter\nx: a\ny: b\n```", (9, 7), "must be one of"),
        (QUERY + "```chart {data=q}\nmark: pie\nx: a\ny: [b, c]\n```", (11, 4), "one column"),
        (QUERY + "```chart {data=q}\nmark: bar\nx: a\ny: [b, c]\ncolor: d\n```", (12, 1), "exclude"),
        (QUERY + "```chart {data=q}\nspec: {mark: bar}\nx: a\n```", (10, 1), "exclude"),
        (QUERY + "```chart {data=q}\nspec: bar\n```", (9, 7), "Vega-Lite object"),
        (QUERY + "```chart {data=q}\nspec: {encoding: {}}\n```", (9, 7), "no Vega-Lite view"),
        (QUERY + "```chart {data=q}\nspec: {mark: bar, data: {url: x}}\n```", (9, 19), "not allowed"),
        (QUERY + "```chart {data=q}\nspec: {layer: [{mark: bar, data: {values: []}}]}\n```", (9, 28), "not allowed"),
        (QUERY + "```chart {data=q}\nspec: {mark: {type: image}}\n```", (9, 21), "image"),
        (QUERY + "```chart {data=q}\nspec: {marks: []}\n```", (9, 8), "belongs to Vega"),
        (QUERY + "```chart {data=q}\nmark: line\n  x: a\n```", (10, 4), "not valid YAML"),
        ("{{ nothing }}", (5, 4), "neither a parameter nor a query"),
        (QUERY + "\nText {{ q }}", (9, 9), "not a value"),
        (QUERY + "\nText {{ q.row[0].n }}", (9, 9), "no field `row`"),
        ("Text {{ 1 | numbr }}", (5, 6), "no filter `numbr`"),
        ("Text {{ 1 +", (5, 6), "not closed"),
        ("Text {% if x %}", (5, 6), "Statements"),
        ("Text {{ f() }}", (5, 6), "Calls"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_body_is_reported_at_its_place(body, where, words):
    found = only_mistake(body)
    assert words in found.message
    assert place(found) == where
    assert found.hint


@pytest.mark.parametrize(
    ("params", "where", "words"),
    [
        ("params: 1", (4, 9), "must be a mapping"),
        ("params: {a: text}", (4, 13), "must be a mapping with a type"),
        ("params: {a: {label: x}}", (4, 13), "no type"),
        ("params: {a: {type: choise, options: [a]}}", (4, 20), "must be one of"),
        ("params: {a: {type: string}}", (4, 20), "must be one of"),
        ("params: {1a: {type: text}}", (4, 10), "cannot be the name"),
        ("params: {org: {type: text}}", (4, 10), "reserved"),
        ("params: {a: {type: text}, a: {type: text}}", (4, 27), "twice"),
        ("params: {a: {type: choice}}", (4, 10), "needs `options`"),
        ("params: {a: {type: text, options: [a]}}", (4, 26), "belong to a choice"),
        ("params: {a: {type: choice, options: [a, b], default: c}}", (4, 54), "not among the options"),
        ("params: {a: {type: choice, options: []}}", (4, 37), "must be a list"),
        ("params: {a: {type: choice, options: [a, a]}}", (4, 41), "twice"),
        ("params: {a: {type: choice, options: [[a]]}}", (4, 38), "An option is"),
        ("params: {a: {type: choice, options: delete from x}}", (4, 37), "only reads"),
        ("params: {a: {type: choice, options: 'select x where y = :b'}}", (4, 37), "another parameter"),
        ("params: {a: {type: number, default: x}}", (4, 37), "must be a number"),
        ("params: {a: {type: number, default: 3, min: 4}}", (4, 37), "outside"),
        ("params: {a: {type: number, min: 5, max: 4}}", (4, 33), "larger than"),
        ("params: {a: {type: number, min: x}}", (4, 33), "must be a number"),
        ("params: {a: {type: text, max: 4}}", (4, 26), "belongs to a number"),
        ("params: {a: {type: date, default: 2013-13-01}}", (4, 35), "not a day"),
        ("params: {a: {type: date, default: yesterday}}", (4, 35), "must be a date"),
        ("params: {a: {type: boolean, default: maybe}}", (4, 38), "true or false"),
        ("params: {a: {type: list, default: x}}", (4, 35), "must be a list"),
        ("params: {a: {type: list, of: number, default: [1, x]}}", (4, 51), "must be a number"),
        ("params: {a: {type: text, of: text}}", (4, 26), "type of a list"),
        ("params: {a: &x {type: text}}", (4, 13), "Anchors"),
        ("params: {a: !!map {type: text}}", (4, 13), "Tags"),
        ("freshness: soon", (4, 12), "duration"),
        ("freshness: 400d", (4, 12), "duration"),
        ("page: A4", (4, 7), "must be a mapping"),
        ("page: {size: a4}", (4, 14), "must be one of"),
        ("broadsheet: 2", (4, 13), "must be a whole number"),
        ("theme: dark", (4, 1), "not an option"),
    ],
)  # fmt: skip
def test_a_mistake_in_front_matter_is_reported_at_its_place(params, where, words):
    found = mistakes(params=params)
    assert words in found[0].message
    assert place(found[0]) == where
    assert found[0].hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no front matter"),
        ("# Hello", "no front matter"),
        ("---\ntitle: x\n", "not closed"),
        ("---\n---\n", "no title"),
        ("---\ntitle: ' '\n---\n", "no title"),
        ("---\n- a\n---\n", "`key: value` lines"),
        ("---\ntitle: a: b\n---\n", "not valid YAML"),
        ("---\ntitle: a\x00b\n---\n", "U+0000"),
        ("---\ntitle: a\ud800b\n---\n", "U+D800"),
        ("---\ntitle: a\x07b\n---\n", "U+0007"),
    ],
)
def test_a_text_that_is_no_report_says_why(text, words):
    assert words in parser.check(text)[0].message


def test_a_query_without_any_data_source_is_a_mistake():
    assert "no data source" in parser.check("---\ntitle: x\n---\n```sql q\nselect 1\n```\n")[0].message


def test_front_matter_that_cannot_be_read_does_not_make_every_name_a_mistake():
    found = parser.check("---\ntitle: a: b\n---\n{{ carrier }}\n\n```sql q\nselect :carrier\n```\n")
    assert len(found) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "select 1;",
        "select 'a;b'",
        "with x as (select 1) select * from x",
        "values (1), (2)",
        "table flights",
        "(select 1) union (select 2)",
        "select \"delete\" from t where note = 'update x; drop y'",
        "select * from lateral (select 1) x, weird ->> syntax {that} sqlglot does not know",
        "select :n::int, interval '1 day' * :n",
        "-- a comment first; with a semicolon\nselect 1",
    ],
)
def test_reading_sql_is_accepted_whatever_it_looks_like(sql):
    assert parsed(f"```sql q\n{sql}\n```", params="params: {n: {type: number}}").queries[0].sql == sql


def test_options_may_have_labels():
    report = parsed(params="params: {a: {type: choice, options: [NO, {value: 7, label: Seven}, 007], default: 7}}")
    assert report.parameters[0].options == (Option("NO", "NO"), Option(7, "Seven"), Option("007", "007"))
    assert report.parameters[0].default == 7


def test_defaults_have_the_type_of_the_parameter():
    report = parsed(
        params="params: {n: {type: number, default: 1.10}, t: {type: text, default: 2013-01-01}, l: {type: list, of: date, "
        "default: [2013-01-01]}, b: {type: boolean}, d: {type: date, default: today - 7d}, r: {type: text}, o: {type: text, default: null}}"
    )
    defaults = {parameter.name: (parameter.default, parameter.required) for parameter in report.parameters}
    assert defaults == {
        "n": (Decimal("1.10"), False), "t": ("2013-01-01", False), "l": ([dt.date(2013, 1, 1)], False), "b": (False, False),
        "d": (None, False), "r": (None, True), "o": (None, False),
    }  # fmt: skip
    assert report.parameter("d").default_expression == "today - 7d"


def test_a_specification_keeps_texts_that_look_like_dates():
    spec = parsed(
        QUERY + "```chart {data=q}\nspec: {mark: bar, params: [{name: d, value: 2013-01-01}], data: {name: rows}}\n```"
    ).blocks[0]
    assert isinstance(spec, Chart)
    assert spec.spec == {"mark": "bar", "params": [{"name": "d", "value": "2013-01-01"}], "data": {"name": "rows"}}


def test_other_fences_stay_in_the_text_and_are_not_evaluated():
    body = "Look:\n\n```python\nprint('{{ nothing }} {% x %}')\n```\n\n````markdown\n```sql\n```\n````"
    assert [block.text for block in parsed(body).blocks if isinstance(block, Markdown)] == [body]


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("10m", 600), ("1h", 3600), ("1d", 86400), ("0s", 0)])
def test_freshness_is_a_duration(text, seconds):
    assert parsed(front=f"freshness: {text}").freshness_seconds == seconds
