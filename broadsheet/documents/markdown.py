"""Markdown → safe HTML, and the token stream for renderers that do not speak HTML.

CommonMark with tables and strikethrough, raw HTML off (it is shown as text), nothing linked that was not written as a link, and links
only to http, https, mailto or places relative to the page. Both functions share one parser, so a link that is refused in HTML is
refused everywhere.
"""

from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from broadsheet.documents.links import is_safe_link


@cache
def _parser() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False}).enable(["table", "strikethrough"])
    markdown.validateLink = is_safe_link  # type: ignore[method-assign]
    markdown.add_render_rule("link_open", _link_open)
    markdown.add_render_rule("image", _image)
    return markdown


def html(text: str) -> str:
    """The text as an HTML fragment, safe to put into a page."""
    return str(_parser().render(text))


def tokens(text: str) -> list[Token]:
    """markdown-it tokens; inline tokens carry their parts in ``children``. Link targets have been checked."""
    return _parser().parse(text)


def _link_open(self, tokens, index, options, env):  # type: ignore[no-untyped-def]
    href = str(tokens[index].attrGet("href") or "")
    if href.startswith(("http:", "https:")):
        tokens[index].attrSet("rel", "noopener noreferrer")
    return self.renderToken(tokens, index, options, env)


def _image(self, tokens, index, options, env):  # type: ignore[no-untyped-def]
    """Pictures from elsewhere would tell their server who reads: only the alternative text is shown."""
    return '<span class="image-left-out">' + self.renderInlineAsText(tokens[index].children, options, env) + "</span>"
