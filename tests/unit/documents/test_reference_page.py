"""The page about the report format says everything that the parser accepts, and its examples are right."""

import re
from pathlib import Path

import pytest
from report_texts import mistakes

from broadsheet.documents import attributes, blocks, declarations, expressions, formats, frontmatter, parser, sqlcheck
from broadsheet.documents.model import ParameterType

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "report-format.md").read_text(encoding="utf-8")
FENCES = re.findall(r"^````markdown\n(.*?)^````$", PAGE, re.MULTILINE | re.DOTALL)
YAML = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

SECTIONS = {
    "Front matter": frontmatter.FRONT_MATTER_KEYS + frontmatter.PAGE_KEYS + frontmatter.PAGE_SIZES + frontmatter.ORIENTATIONS,
    "Parameters": (*declarations.PARAMETER_KEYS, *declarations.OPTION_KEYS, *ParameterType),
    "Queries": blocks.SQL_KEYS,
    "Metrics": blocks.METRIC_KEYS + blocks.AGGREGATES,
    "Charts": blocks.CHART_KEYS + blocks.MARKS,
    "Tables": blocks.TABLE_KEYS + blocks.COLUMN_KEYS + blocks.ALIGNMENTS,
    "Expressions in text": expressions.FILTERS + expressions.PARAMETER_FIELDS + expressions.RESULT_FIELDS,
}


def section(title):
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


@pytest.mark.parametrize("title", SECTIONS)
def test_every_key_and_word_that_is_accepted_is_documented(title):
    prose = re.sub(r"^(`{3,}).*?^\1$", "", section(title), flags=re.MULTILINE | re.DOTALL)
    words = set(re.findall(r"[\w-]+", " ".join(re.findall(r"`([^`]+)`", prose))))
    assert set(SECTIONS[title]) - words == set()


def test_the_first_example_is_a_whole_report_without_mistakes():
    assert parser.check(FENCES[0]) == ()


@pytest.mark.parametrize("text", FENCES[1:])
def test_every_block_of_the_page_is_right(text):
    query = "" if attributes.kind_of(text.lstrip("`")) == "sql" else "```sql delays\nselect 1\n```\n"
    params = "params: {carrier: {type: text}, airports: {type: list}}"
    assert mistakes(query + text, params=params) == ()


@pytest.mark.parametrize("text", YAML)
def test_the_parameters_of_the_page_are_right(text):
    assert mistakes(params=text.rstrip()) == ()


def test_the_formats_of_the_page_give_what_it_says():
    rows = re.findall(r"^\| `([^`]+)` \| ([\d.]+) \| (\S+) \|$", section("Formats"), re.MULTILINE)
    assert len(rows) == 7
    assert [(spec, formats.format_number(float(value), spec)) for spec, value, _ in rows] == [
        (spec, shown) for spec, _, shown in rows
    ]


def test_every_part_of_a_date_format_is_documented():
    documented = set(re.findall(r"%(-?[A-Za-z%])", section("Formats").split("Dates:")[1]))
    assert documented == formats.DATE_DIRECTIVES


def test_the_limits_are_those_of_the_code():
    limits = section("Limits")
    assert f"| blocks | {parser.MOST_BLOCKS} |" in limits
    assert f"{sqlcheck.LARGEST_SQL_CHARACTERS:,} characters" in limits
    assert f"| {declarations.MOST_PARAMETERS}; {declarations.MOST_OPTIONS:,} |" in limits
    assert f"| {expressions.LONGEST_EXPRESSION} characters; {expressions.MOST_EXPRESSIONS} |" in limits
