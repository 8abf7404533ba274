"""Markdown as a tree of plain data, for renderers that speak no HTML.

A node is ``{"kind": …, "children": […]}`` or, at the leaves, ``{"kind": "text", "text": …}``. What a template gets is data: no character of
an author's or a cell's text can become code of the page language.
"""

from typing import Any

from markdown_it.tree import SyntaxTreeNode

from broadsheet.documents import markdown

Node = dict[str, Any]


def nodes(text: str) -> list[Node]:
    """The blocks of a Markdown text (without expressions)."""
    return _children(SyntaxTreeNode(markdown.tokens(text)))


def plain(tree: list[Node]) -> str:
    """The words of some nodes, without their marks."""
    return "".join(node.get("text", " " if node["kind"] == "break" else "") or plain(node.get("children", [])) for node in tree)


def _children(node: SyntaxTreeNode) -> list[Node]:
    found: list[Node] = []
    for child in node.children:
        if child.type == "inline":
            found.extend(_children(child))
        elif (made := _node(child)) is not None:
            found.append(made)
    return found


def _node(node: SyntaxTreeNode) -> Node | None:
    match node.type:
        case "text" | "html_inline" | "html_block":
            return {"kind": "text", "text": clean(node.content)} if node.content else None
        case "softbreak":
            return {"kind": "text", "text": " "}
        case "hardbreak":
            return {"kind": "break"}
        case "code_inline":
            return {"kind": "code", "text": clean(node.content)}
        case "fence" | "code_block":
            return {"kind": "code_block", "text": clean(node.content.rstrip("\n"))}
        case "image":
            return {"kind": "text", "text": clean(node.content)}
        case "hr":
            return {"kind": "rule"}
        case "heading":
            return {"kind": "heading", "level": int(node.tag[1]), "children": _children(node)}
        case "link":
            return {"kind": "link", "target": clean(str(node.attrs.get("href", ""))), "children": _children(node)}
        case "ordered_list":
            return {"kind": "ordered_list", "start": int(node.attrs.get("start", 1)), "children": _children(node)}
        case "table":
            return _table(node)
    return {"kind": _KINDS.get(node.type, "group"), "children": _children(node)}


_KINDS = {
    **{"paragraph": "paragraph", "bullet_list": "bullet_list", "list_item": "item", "blockquote": "quote"},
    **{"strong": "strong", "em": "emphasis", "s": "strike"},
}


def _table(node: SyntaxTreeNode) -> Node:
    rows = [row for section in node.children for row in section.children]
    cells = [[{"kind": "cell", "children": _children(cell)} for cell in row.children] for row in rows]
    first = rows[0].children if rows else []
    aligns = [_alignment(str(cell.attrs.get("style", ""))) for cell in first]
    return {"kind": "table", "aligns": aligns, "header": cells[0] if cells else [], "rows": cells[1:]}


def _alignment(style: str) -> str:
    return next((word for word in ("right", "center") if word in style), "left")


_CONTROLS = {code: None for code in range(32) if chr(code) not in "\n\t"} | {0x7F: None}
_CONTROLS_AND_SURROGATES: dict[int, Any] = {**_CONTROLS, **dict.fromkeys(range(55296, 57344), "�")}


def clean(text: str) -> str:
    """Without control characters, and with a replacement character for half a surrogate pair: no page can show either."""
    return text.translate(_CONTROLS_AND_SURROGATES)
