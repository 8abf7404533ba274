"""What a whole Vega-Lite ``spec`` may say. Its data is always the rows of the block's query, never a URL or values of its own.

So ``data``, ``datasets``, ``url`` and the ``image`` mark are refused (a picture must not call out from a reader's browser or from a
worker), and ``usermeta``, which would change the options of the program that draws it.
"""

from broadsheet.documents.keys import name_of
from broadsheet.documents.sourcetext import Mistakes
from broadsheet.documents.yamltext import Entry, ListNode, MapNode, Node, ScalarNode

#: One of these makes an object a Vega-Lite view.
VIEW_KEYS = ("mark", "layer", "hconcat", "vconcat", "concat", "facet", "repeat", "spec")

_REFUSED = {
    "data": "the rows of the block's query are the data",
    "datasets": "the rows of the block's query are the data",
    "url": "nothing may be loaded from elsewhere",
    "usermeta": "options of the drawing program are not part of a report",
}


def check_spec(node: Node, mistakes: Mistakes) -> bool:
    """Is this a Vega-Lite object that may be drawn? Otherwise ``mistakes`` says why."""
    if not isinstance(node, MapNode):
        mistakes.add(node.position, f"`spec` must be a Vega-Lite object, not {name_of(node)}", "begin with `mark:` and `encoding:`")
        return False
    keys = {entry.key: entry for entry in node.entries}
    good = True
    schema = keys.get("$schema")
    if schema and not (isinstance(schema.value, ScalarNode) and "/vega-lite/" in schema.value.text):
        mistakes.add(schema.value.position, "Only Vega-Lite specifications are understood", "remove `$schema`, or name Vega-Lite's")
        good = False
    elif "marks" in keys or "signals" in keys:
        wrong = keys.get("marks") or keys["signals"]
        mistakes.add(
            wrong.position, f"`{wrong.key}` belongs to Vega; only Vega-Lite is understood", "write `mark:` and `encoding:`"
        )
        good = False
    elif not any(key in keys for key in VIEW_KEYS):
        mistakes.add(node.position, "This is no Vega-Lite view", "it needs `mark`, `layer`, `concat`, `facet` or `repeat`")
        good = False
    return _walk(node, mistakes) and good


def _walk(node: Node, mistakes: Mistakes) -> bool:
    """Visits everything, also after the first refusal, so that all mistakes are listed."""
    if isinstance(node, ListNode):
        return [_walk(item, mistakes) for item in node.items].count(False) == 0
    if not isinstance(node, MapNode):
        return True
    return [_allowed(entry, mistakes) and _walk(entry.value, mistakes) for entry in node.entries].count(False) == 0


def _allowed(entry: Entry, mistakes: Mistakes) -> bool:
    if entry.key in _REFUSED and not _is_default(entry):
        mistakes.add(
            entry.position, f"`{entry.key}` is not allowed in a specification: {_REFUSED[entry.key]}", f"remove `{entry.key}`"
        )
        return False
    mark = entry.value
    if isinstance(mark, MapNode):
        mark = next((inner.value for inner in mark.entries if inner.key == "type"), mark)
    if entry.key == "mark" and isinstance(mark, ScalarNode) and mark.text == "image":
        mistakes.add(mark.position, "The mark `image` is not allowed: nothing may be loaded from elsewhere", "use another mark")
        return False
    return True


def _is_default(entry: Entry) -> bool:
    """``data: {name: rows}``, the name under which the rows arrive, is harmless."""
    value = entry.value
    if entry.key != "data" or not isinstance(value, MapNode) or len(value.entries) != 1:
        return False
    inner = value.entries[0]
    return inner.key == "name" and isinstance(inner.value, ScalarNode) and inner.value.text == "rows"
