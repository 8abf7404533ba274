"""Any text at all gives a report or a list of mistakes with places inside the text, never another exception."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_texts import report_text

from broadsheet.documents import parser
from broadsheet.errors import InvalidReport

LINES = st.sampled_from(
    [
        "---",
        "title: x",
        "title: 'x",
        "source: f",
        "params:",
        "  a: {type: text}",
        "  b: {type: choice, options: [a, b]}",
        "  c: &x [",
        "```",
        "```sql q",
        "```sql q {source=a",
        "```chart {data=q}",
        "```table {data=q limit=3 totals=a}",
        "```metric {data=q value=n}",
        "select :a",
        "select ':a; $$",
        "delete from x;",
        "mark: line",
        "x: a",
        "y: [a, b]",
        "spec: {mark: bar}",
        "columns:",
        "  a: {bars: true}",
        "~~~~sql z",
        "> ```sql y",
        "- ```table",
        "    indented",
        "\ttab",
        "{{ a }}",
        "{{ a.label | upper",
        "{% for %}",
        "{{ q.rows[0].n }}",
        "| a | b |",
        "|--|--|",
        "*a: *a",
        "? [a, b]",
        "!!python/object x",
        "<<: {a: b}",
        "\u2028",
        "\x85",
        "\ufeff",
        "a: >-",
        "%YAML 1.1",
    ]
)


def read(text):
    found = parser.check(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for mistake in found:
        assert 1 <= mistake.line <= len(lines), mistake
        assert 1 <= mistake.column <= len(lines[mistake.line - 1]) + 2, (mistake, lines[mistake.line - 1])
        assert mistake.message
    if found:
        with pytest.raises(InvalidReport):
            parser.parse(text)
    else:
        parser.parse(text)
    return found


@given(st.text(max_size=200))
def test_any_text(text):
    read(text)


@given(st.lists(LINES, max_size=25))
@settings(max_examples=300)
def test_any_order_of_lines_that_look_right(lines):
    read("\n".join(lines))


@given(st.lists(LINES, max_size=25))
@settings(max_examples=200)
def test_any_body_below_right_front_matter(lines):
    read(report_text("\n".join(lines), params="params: {a: {type: text}}"))


@given(st.text(alphabet=st.sampled_from(list("{}[]:,-'\"&*!|>%@`#? \n\tabc01.\x85\u2028é")), max_size=60))
@settings(max_examples=300)
def test_any_yaml(text):
    read(f"---\ntitle: x\n{text}\n---\n")
    read(report_text(f"```sql q\nselect 1\n```\n```chart {{data=q}}\n{text}\n```"))


@given(st.text(alphabet=st.sampled_from(list("{}=\"'\\ ab1\t`,.é")), max_size=40))
@settings(max_examples=200)
def test_any_first_line_of_a_block(info):
    read(report_text(f"~~~chart {info}\nmark: line\n~~~"))


@given(st.text(alphabet=st.sampled_from(list("{}[]()|.'\"\\%-+*/~,=<>! abn019\n")), max_size=40))
@settings(max_examples=300)
def test_any_expression(expression):
    read(report_text("x {{ " + expression + " }} y", params="params: {a: {type: text}}"))


@given(st.integers(min_value=0, max_value=2**32))
@settings(max_examples=60)
def test_a_damaged_example(seed):
    chance = random.Random(seed)
    text = list(report_text("```sql q\nselect :a\n```\n```chart {data=q title=\"x\"}\nmark: line\nx: a\ny: b\n```\n{{ a.label }}",
                            params="params: {a: {type: choice, options: [a, b], default: a}}"))  # fmt: skip
    for _ in range(chance.randint(1, 6)):
        text[chance.randrange(len(text))] = chance.choice([*"{}:`'\"\n -[]&x", "", "```"])
    read("".join(text))


HOSTILE = {
    "quotes in quotes": "> " * 50_000,
    "lists in lists": "- " * 50_000,
    "braces": "{{" * 200_000,
    "unclosed strings in braces": "{{ '" * 100_000,
    "brackets": "[" * 200_000,
    "backticks": "`" * 300_000 + "\n" + "```sql a\n" * 1000,
    "table": "|a" * 20_000 + "\n" + "|-" * 20_000 + "\n" + ("|b" * 20_000 + "\n"),
    "deep yaml": "```table {data=q}\n" + "[" * 60_000 + "\n```",
    "deep mapping": "```table {data=q}\n" + "{a: " * 15_000 + "\n```",
    "long flat yaml": "```table {data=q}\nx: [" + "1," * 30_000 + "1]\n```",
    "many keys": "```table {data=q}\n" + "".join(f"k{n}: 1\n" for n in range(6_000)) + "```",
    "deep sql": "```sql q\nselect " + "(" * 30_000 + "1" + ")" * 30_000 + "\n```",
    "not not": "```sql q\nselect " + "not " * 4_000 + "true into\n```",
    "case": "```sql q\nselect " + "case when " * 1_500 + " into " + "\n```",
    "sum": "```sql q\nselect " + "1+" * 7_000 + "1 into x\n```",
    "quotes": "```sql q\nselect " + "'a' " * 15_000 + "\n```",
    "escape strings": "```sql q\nselect " + "e'\\''\n" * 9_000 + "\n```",
    "dollars": "```sql q\nselect " + "$a$b" * 15_000 + "\n```",
    "comments": "```sql q\nselect " + "/*" * 30_000 + "\n```",
    "semicolons": "```sql q\n" + ";" * 60_000 + "\n```",
    "placeholders": "```sql q\nselect " + ":a," * 20_000 + "\n```",
    "attributes": "```chart {" + "a=b " * 100_000 + "}\n```",
    "references": "[a]: b\n" * 50_000,
    "many blocks": "```sql q\nselect 1\n```\n" * 3_000,
    "deep expression": "{{ " + "(" * 200 + "a" + ")" * 200 + " }}",
    "not in expression": "{{ " + "not " * 110 + "a }}",
    "long number": "{{ " + "9" * 450 + " }} {{ 1" + "0" * 300 + ".0e99 }}",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_text_is_answered(body):
    read(report_text(body))


def test_a_text_over_the_limit_is_refused_before_it_is_read():
    (mistake,) = read(report_text("x" * (1024 * 1024)))
    assert "larger than 1,024 KiB" in mistake.message


def test_front_matter_over_the_limit_is_refused():
    found = read(f"---\ntitle: x\ndescription: {'x' * 70_000}\n---\n")
    assert "larger than 64 KiB" in found[0].message


def test_more_than_200_blocks_are_refused_at_the_first_too_many():
    body = "".join(f"```sql q{n}\nselect 1\n```\n" for n in range(201))
    (mistake,) = read(report_text(body))
    assert "at most 200 blocks" in mistake.message
    assert mistake.line == 5 + 3 * 200


def test_an_alias_bomb_is_refused():
    levels = "".join(f"  b{n}: &b{n} [{', '.join([f'*b{n - 1}'] * 9)}]\n" for n in range(1, 9))
    found = read(f"---\ntitle: x\nsource: f\nparams:\n  b0: &b0 [x]\n{levels}---\n")
    assert any("aliases" in mistake.message for mistake in found)
