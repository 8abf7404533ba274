"""Where ``{{ … }}`` stand in a Markdown text, and which of them may be evaluated.

An expression reads names, their fields and rows, compares, calculates with numbers and applies the known filters. There are no calls, no
statements and no loops, so its cost is bounded by its length. Code blocks are left alone: what is shown as code is not evaluated.
"""

import bisect
import math
import re
from collections.abc import Iterator
from functools import cache

import msgspec
from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markdown_it import MarkdownIt

from broadsheet.documents.sourcetext import Fragment, Mistakes, did_you_mean

FILTERS = ("number", "date", "percent", "default", "round", "upper", "lower")
PARAMETER_FIELDS = ("value", "label")
RESULT_FIELDS = ("rows", "row_count")
LONGEST_EXPRESSION = 500
MOST_EXPRESSIONS = 500
DEEPEST_EXPRESSION = 40

_OPEN = re.compile(r"\{\{|\{%")
_INSIDE = re.compile(r"""(?:[^}"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\}(?!\}))*\}\}""", re.DOTALL)
_ALLOWED = (
    nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Const, nodes.Filter, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv,
    nodes.Mod, nodes.Neg, nodes.Pos, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr,
)  # fmt: skip
_SYNTAX = ImmutableSandboxedEnvironment()


class Segment(msgspec.Struct, frozen=True):
    """A stretch of text. ``expression`` is what stands between the braces, or ``None`` for literal text."""

    start: int
    end: int
    expression: str | None = None


class NotAllowed(Exception):
    """An expression that is not understood or not permitted."""

    def __init__(self, message: str, hint: str | None = None):
        super().__init__(message)
        self.message, self.hint = message, hint


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.disable(["reference", "lheading"])  # slow, and of no matter to where code begins
    markdown.core.ruler.enableOnly(["normalize", "block"])
    return markdown


def _code_ranges(text: str) -> list[tuple[int, int]]:
    """Offsets of fenced and indented code."""
    if "{{" not in text and "{%" not in text:
        return []
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    found = [token.map for token in _markdown().parse(text) if token.type in ("fence", "code_block") and token.map]
    return [(starts[first], starts[min(end, len(starts) - 1)]) for first, end in found]


def segments(text: str) -> Iterator[Segment]:
    """The whole text in order, without gaps. An unclosed ``{{`` is an empty segment with the expression ``""`` at its place."""
    code = _code_ranges(text)
    code_starts = [start for start, _ in code]
    done = at = 0
    while found := _OPEN.search(text, at):
        block = bisect.bisect_right(code_starts, found.start()) - 1
        if block >= 0 and found.start() < code[block][1]:
            at = max(code[block][1], found.end())
            continue
        if found.start() > done:
            yield Segment(done, found.start())
        close = _INSIDE.match(text, found.end(), found.end() + 4 * LONGEST_EXPRESSION) if found.group() == "{{" else None
        done = at = close.end() if close else found.end()
        yield Segment(found.start(), done, text[found.end() : done - 2] if close else "")
    if done < len(text):
        yield Segment(done, len(text))


def parse_expression(source: str) -> nodes.Expr:
    """The expression's tree; raises ``NotAllowed``."""
    if len(source) > LONGEST_EXPRESSION:
        raise NotAllowed(f"An expression may have at most {LONGEST_EXPRESSION} characters")
    if not source.strip():
        raise NotAllowed("This expression is empty or not closed", "write {{ name }}; for the braces themselves {{ '{{' }}")
    try:
        parser = Parser(_SYNTAX, source, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            raise NotAllowed(f"`{source.strip()[:60]}` is not one expression")
    except TemplateSyntaxError as error:
        raise NotAllowed(f"`{source.strip()[:60]}` is not understood: {error.message}") from None
    except (RecursionError, ValueError, MemoryError, OverflowError):
        raise NotAllowed("This expression is too deep or holds a number that is too long") from None
    _check_nodes(tree)
    return tree


def _depth(tree: nodes.Node) -> int:
    depth, level = 0, [tree]
    while level:
        depth, level = depth + 1, [child for node in level for child in node.iter_child_nodes()]
    return depth


def _check_nodes(tree: nodes.Expr) -> None:
    if _depth(tree) > DEEPEST_EXPRESSION:
        raise NotAllowed("This expression is too deep")
    for node in (tree, *tree.find_all(nodes.Node)):
        if isinstance(node, nodes.Call):
            raise NotAllowed("Calls are not allowed in an expression", "use a filter: {{ value | number }}")
        if not isinstance(node, _ALLOWED):
            raise NotAllowed(
                f"`{type(node).__name__.lower()}` is not allowed in an expression", "it reads names, fields and filters"
            )
        if isinstance(node, nodes.Const) and isinstance(node.value, float) and not math.isfinite(node.value):
            raise NotAllowed("A number in this expression is too large")
        operands = (
            [node.left, node.right] if isinstance(node, nodes.BinExpr) else [node.node] if isinstance(node, nodes.UnaryExpr) else []
        )
        if not isinstance(node, nodes.And | nodes.Or) and any(_is_text_filter(operand) for operand in operands):
            raise NotAllowed("A filter comes before the calculation here", "use parentheses: {{ (a / b) | percent }}")
        if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            raise NotAllowed(f"`{node.attr[:60]}` is not allowed: names do not begin with `_` here")
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            raise NotAllowed(f"There is no filter `{node.name[:60]}`", did_you_mean(node.name, FILTERS))
        if isinstance(node, nodes.Filter) and (node.kwargs or node.dyn_args or node.dyn_kwargs or len(node.args) > 1):
            raise NotAllowed(f"The filter `{node.name}` takes one argument at most", 'for example number(",.1f")')


def _is_text_filter(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Filter) and node.name != "default"


def names_in(tree: nodes.Expr) -> set[str]:
    """Every name the expression reads."""
    return {node.name for node in (tree, *tree.find_all(nodes.Name)) if isinstance(node, nodes.Name)}


def _bases(tree: nodes.Expr) -> Iterator[tuple[str, str]]:
    """Every ``name.field`` of the expression."""
    for node in (tree, *tree.find_all(nodes.Getattr)):
        if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
            yield node.node.name, node.attr


def queries_read(text: str) -> set[str]:
    """Every name in ``name.rows`` and ``name.row_count``; expressions with mistakes are passed over."""
    found: set[str] = set()
    for segment in segments(text):
        if segment.expression is not None:
            try:
                bases = _bases(parse_expression(segment.expression))
                found |= {name for name, field in bases if field in RESULT_FIELDS}
            except NotAllowed:
                continue
    return found


def check_text(fragment: Fragment, parameters: frozenset[str] | None, queries: frozenset[str], mistakes: Mistakes) -> None:
    """Add a mistake for every expression of a Markdown text that cannot be evaluated.

    ``parameters`` is ``None`` if the declarations could not be read: then names are not checked.
    """
    text = fragment.text
    for count, segment in enumerate(part for part in segments(text) if part.expression is not None):
        position = fragment.position(segment.start)
        if count >= MOST_EXPRESSIONS:
            mistakes.add(position, f"A text may have at most {MOST_EXPRESSIONS} expressions")
            return
        if text.startswith("{%", segment.start):
            mistakes.add(
                position, "Statements `{% … %}` are not allowed", "only expressions {{ … }}; for the characters {{ '{%' }}"
            )
            continue
        try:
            tree = parse_expression(segment.expression or "")
        except NotAllowed as wrong:
            mistakes.add(position, wrong.message, wrong.hint)
            continue
        if parameters is not None:
            _check_names(tree, parameters, queries, fragment, segment, mistakes)


def _check_names(
    tree: nodes.Expr, parameters: frozenset[str], queries: frozenset[str], fragment: Fragment, segment: Segment, mistakes: Mistakes
) -> None:
    known = parameters | queries

    def place(word: str) -> int:
        found = re.search(rf"(?<![\w.]){re.escape(word)}\b", fragment.text[segment.start : segment.end])
        return segment.start + (found.start() if found else 0)

    for name in sorted(names_in(tree) - known):
        message = f"`{name[:60]}` is neither a parameter nor a query of this report"
        mistakes.add(
            fragment.position(place(name)),
            message,
            did_you_mean(name, known) or "declare it under `params:`, or as a query: ```sql NAME",
        )
    with_field = set()
    for name, field in _bases(tree):
        with_field.add(name)
        fields = RESULT_FIELDS if name in queries else PARAMETER_FIELDS
        if name in known and field not in fields:
            what = "result of the query" if name in queries else "parameter"
            message = f"The {what} `{name}` has no field `{field[:60]}`"
            mistakes.add(fragment.position(place(name)), message, did_you_mean(field, fields))
    for name in sorted((names_in(tree) & queries) - with_field):
        hint = f"for example {{{{ {name}.rows[0].COLUMN }}}} or {{{{ {name}.row_count }}}}"
        mistakes.add(fragment.position(place(name)), f"The query `{name}` is not a value", hint)
