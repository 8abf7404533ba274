from pathlib import Path

import pytest

from broadsheet.documents import parser, templating
from broadsheet.documents.model import Chart, Markdown, Metric, Table

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.report.md"))


def test_there_are_examples():
    assert "airline-punctuality.report.md" in [path.name for path in EXAMPLES]
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_has_no_mistakes(path):
    assert parser.check(path.read_text(encoding="utf-8")) == ()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_shows_text_metrics_charts_and_tables_from_the_sample(path):
    report = parser.parse(path.read_text(encoding="utf-8"))
    assert report.source == "flights"
    assert {type(block) for block in report.blocks} == {Markdown, Metric, Chart, Table}
    assert any(templating.used_queries(block.text) for block in report.blocks if isinstance(block, Markdown))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_query_of_an_example_is_shown(path):
    report = parser.parse(path.read_text(encoding="utf-8"))
    texts = [templating.used_queries(block.text) for block in report.blocks if isinstance(block, Markdown)]
    shown = set().union(*texts) | {block.query for block in report.blocks if not isinstance(block, Markdown)}
    assert shown == {query.name for query in report.queries}
