"""PDF and HTML show what the report says, and nothing of it is ever code."""

import io
import re

import pypdf
import pytest

from broadsheet.documents.model import Chart, Column, Markdown, Metric, Page, Parameter, ParameterType, Table
from broadsheet.rendering import prose
from broadsheet.rendering.base import renderer
from tests.editions import HOSTILE, edition, table

BLOCKS = (
    Markdown(
        "# Late *again*\n\nOf **{{ flights.rows[0].flights | number }}** flights.\n\n- one\n- two\n\n> quoted\n\n`code`\n\n---\n"
    ),
    Metric("flights", "delay", "Mean delay", agg="mean", format=".1f", unit="min"),
    Metric("flights", "flights", "Flights", agg="sum"),
    Chart("flights", title="Flights by airline", mark="bar", x="carrier", y=("flights",)),
    Table("flights", title="All airlines", columns=(Column("delay", format=".1f", bars=True),), totals=("flights",)),
)


def rendered(format: str, made) -> bytes:
    out = io.BytesIO()
    renderer(format).render(made, out)
    return out.getvalue()


def pdf(made) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(rendered("pdf", made)))


def words(reader: pypdf.PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_a_pdf_has_the_text_the_numbers_and_the_stamp():
    made = edition(*BLOCKS, parameters=(Parameter("carrier", ParameterType.TEXT, "Airline"),), values={"carrier": "UA"})
    reader = pdf(made)
    text = words(reader)
    for expected in ("Late again", "Of 58,665 flights.", "Mean delay", "12.5", "106,775", "All airlines", "quoted"):
        assert expected in text
    assert "Data as of 1 March 2026, 06:30 (UTC)" in text
    assert "Airline UA" in text
    assert "Page 1 / 1" in text
    assert reader.metadata.title == "Punctuality"


def test_the_same_edition_gives_the_same_pdf():
    assert rendered("pdf", edition(*BLOCKS)) == rendered("pdf", edition(*BLOCKS))


def test_a_long_table_repeats_its_header_on_every_page():
    rows = {"q": table(number=list(range(150)), name=[f"row {n}" for n in range(150)])}
    reader = pdf(edition(Table("q"), rows=rows))
    assert len(reader.pages) > 2
    for page in reader.pages:
        assert "number" in page.extract_text()
    assert "row 149" in reader.pages[-1].extract_text()


def test_a_limit_is_said_under_the_table():
    assert "The first 1 of 2 rows." in words(pdf(edition(Table("flights", limit=1))))
    assert "The first 1 of 2 rows." in rendered("html", edition(Table("flights", limit=1))).decode()


@pytest.mark.parametrize(("page", "wide"), [(Page("A4", "landscape"), True), (Page("Letter"), False), (Page("A5"), False)])
def test_pages_have_the_asked_for_shape(page, wide):
    box = pdf(edition(page=page)).pages[0].mediabox
    assert (box.width > box.height) is wide


def test_hostile_cells_are_text_on_a_page():
    rows = {"q": table(cell=HOSTILE)}
    blocks = (Table("q"), Metric("q", "cell", HOSTILE[0]), Markdown("{{ q.rows[0].cell }} and {{ q.rows[3].cell }}"))
    made = edition(*blocks, title=HOSTILE[0], description=HOSTILE[3], rows=rows)
    text = words(pdf(made))
    assert text.count("#{panic()}") >= 3
    assert "<script>alert(1)</script>" in text
    assert "=cmd|'/c calc'!A1" in text
    page = rendered("html", made).decode()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 3


def test_an_authors_markup_cannot_become_typst_or_html():
    text = "#panic() $x^2$ <b>bold</b> @label\n\n```\n#panic()\n```\n\n| a | b |\n|:--|--:|\n| #panic() | $ |\n\n[go](javascript:alert(1))"
    assert words(pdf(edition(Markdown(text)))).count("#panic()") == 3
    page = rendered("html", edition(Markdown(text))).decode()
    assert "<b>" not in page
    assert 'href="javascript' not in page


def test_every_kind_of_markdown_is_set():
    text = (
        "# One\n\n## Two\n\n### Three\n\nA ~~struck~~ *word* [link](https://example.com/) ![alt text](x.png)  \nnext\n\n"
        "3. third\n4. fourth\n   - inner\n\n***\n\n    code block\n"
    )
    reader = pdf(edition(Markdown("Before.\n\n" + text)))
    found = words(reader)
    for expected in ("One", "Two", "Three", "struck", "word", "link", "alt text", "next", "3.", "fourth", "inner", "code block"):
        assert expected in found
    assert any("/Annots" in page for page in reader.pages)


def test_a_table_of_many_columns_stays_on_the_page():
    rows = {"q": table(**{f"a_rather_long_column_{n}": ["some words here", "x" * 200] for n in range(16)})}
    text = words(pdf(edition(Table("q"), rows=rows, page=Page("A4", "landscape")))).replace(" ", "")
    assert "ratherlongcolumn15" in text
    assert text.count("x") == 16 * 200


def test_half_a_surrogate_pair_does_not_break_a_page():
    made = edition(Markdown("half \ud800 pair"), title="T\ud800\x07", description="\udfff")
    assert "half" in words(pdf(made))
    assert b"half" in rendered("html", made)


def test_an_html_file_needs_nothing_else():
    page = rendered("html", edition(*BLOCKS)).decode()
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert "default-src 'none'" in page
    assert "<svg" in page
    assert "106,775" in page
    assert "prefers-color-scheme:dark" in page


def test_two_drawings_in_one_page_do_not_share_ids():
    chart = Chart("flights", mark="line", x="carrier", y=("flights",))
    ids = re.findall(r'\bid="([^"]+)"', rendered("html", edition(chart, chart)).decode())
    assert len(ids) == len(set(ids))


def test_an_empty_report_is_still_a_page():
    made = edition(Table("q"), Chart("q", mark="bar", x="a", y=("a",)), rows={"q": table(a=[1]).slice(0, 0)})
    assert "Punctuality" in words(pdf(made))
    assert "Punctuality" in rendered("html", made).decode()


def test_markdown_is_a_tree_of_data():
    [paragraph] = prose.nodes("a *b* `c`")
    assert [node["kind"] for node in paragraph["children"]] == ["text", "emphasis", "text", "code"]
    assert prose.plain([paragraph]) == "a b c"
