import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadsheet.documents import markdown
from broadsheet.documents.links import is_safe_link


@pytest.mark.parametrize(
    "url", ["http://a.b", "https://a.b/c?d=e#f", "mailto:a@b.c", "/reports/1", "other", "#top", "?a=b", "a/b:c"]
)
def test_a_harmless_link_stays(url):
    assert is_safe_link(url)
    assert 'href="' in markdown.html(f"[x]({url})")


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", " javascript:x", "\x01javascript:x", "data:text/html,x",
     "vbscript:x", "file:///etc/passwd", "//evil.com", "&#106;avascript:x", "blob:x", "ftp://x", "12:x"],
)  # fmt: skip
def test_a_link_that_could_do_harm_stays_text(url):
    assert "href" not in markdown.html(f"[x](<{url}>)")
    assert "href" not in markdown.html(f"[x]({url})")
    assert "href" not in markdown.html(f"<{url}>")


@pytest.mark.parametrize("url", ["//evil.com", "/\\evil.com", "\\\\evil.com", "/\t/evil.com"])
def test_a_path_that_browsers_take_for_another_server_is_refused(url):
    assert not is_safe_link(url)


def test_html_is_shown_as_text():
    assert markdown.html("a <b onclick=x>c</b>\n\n<script>alert(1)</script>") == (
        "<p>a &lt;b onclick=x&gt;c&lt;/b&gt;</p>\n<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"
    )


def test_tables_and_emphasis_are_understood():
    html = markdown.html("| a | b |\n|---|--:|\n| *1* | ~~2~~ |\n")
    assert "<table>" in html
    assert "<em>1</em>" in html
    assert "<s>2</s>" in html


def test_an_address_that_is_not_written_as_a_link_is_none():
    assert "href" not in markdown.html("see http://a.b and www.a.b")


def test_a_picture_is_replaced_by_its_words():
    assert "<img" not in markdown.html("![the words](http://evil/x.png)")
    assert "the words" in markdown.html("![the words](http://evil/x.png)")


def test_the_tokens_hold_no_refused_link():
    tokens = markdown.tokens("[a](javascript:x) [b](/r)")
    links = [child.attrGet("href") for token in tokens for child in token.children or [] if child.type == "link_open"]
    assert links == ["/r"]


@given(st.text(max_size=200) | st.text(alphabet=st.sampled_from(list("[]()<>`*_|-#!&:\\ \nabjavscript")), max_size=100))
@settings(max_examples=300)
def test_no_text_gives_a_tag_that_runs_code(text):
    html = markdown.html(text).lower()
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
