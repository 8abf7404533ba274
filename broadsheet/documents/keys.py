"""Typed access to the keys of a YAML mapping: each getter gives the value or adds a mistake at the place of the value.

``Keys`` knows every key that is allowed; what is left over is a mistake with a hint. A getter never raises.
"""

from collections.abc import Iterable
from decimal import Decimal

from broadsheet.documents.model import Position
from broadsheet.documents.sourcetext import Mistakes, did_you_mean
from broadsheet.documents.yamltext import Entry, ListNode, MapNode, Node, ScalarNode

LONGEST_TEXT = 2_000


def name_of(node: Node) -> str:
    """What kind of thing a node is, for messages."""
    if isinstance(node, MapNode):
        return "a mapping"
    return "a list" if isinstance(node, ListNode) else f"`{node.text[:60]}`"


class Keys:
    """The entries of one mapping. ``what`` names it in messages ("a chart", "the parameter `since`")."""

    def __init__(self, entries: Iterable[Entry], known: Iterable[str], what: str, mistakes: Mistakes):
        self.entries = {entry.key: entry for entry in entries}
        self.mistakes = mistakes
        known = tuple(known)
        for entry in self.entries.values():
            if entry.key not in known:
                mistakes.add(entry.position, f"`{entry.key[:60]}` is not an option of {what}", did_you_mean(entry.key, known))

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    def node(self, key: str) -> Node | None:
        """The value's node, or ``None`` if the key is absent."""
        entry = self.entries.get(key)
        return entry.value if entry else None

    def position(self, key: str, default: Position) -> Position:
        node = self.node(key)
        return node.position if node else default

    def _wrong(self, key: str, node: Node, wanted: str, hint: str | None = None) -> None:
        self.mistakes.add(node.position, f"`{key}` must be {wanted}, not {name_of(node)}", hint)

    def text(self, key: str, *, longest: int = LONGEST_TEXT) -> str | None:
        """A text. Numbers and dates are taken as they were written."""
        node = self.node(key)
        if node is None:
            return None
        if not isinstance(node, ScalarNode) or node.value is None or isinstance(node.value, bool):
            self._wrong(key, node, "a text", f"write `{key}: some words`")
            return None
        if len(node.text) > longest:
            self.mistakes.add(node.position, f"`{key}` is longer than {longest:,} characters", "shorten it")
            return None
        return node.text

    def boolean(self, key: str, default: bool) -> bool:
        node = self.node(key)
        if node is None:
            return default
        if isinstance(node, ScalarNode) and isinstance(node.value, bool):
            return node.value
        self._wrong(key, node, "true or false", f"write `{key}: true`")
        return default

    def integer(self, key: str, lowest: int, highest: int) -> int | None:
        node = self.node(key)
        if node is None:
            return None
        value = node.value if isinstance(node, ScalarNode) else None
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
            return value
        self._wrong(key, node, f"a whole number from {lowest:,} to {highest:,}", f"for example `{key}: {lowest}`")
        return None

    def number(self, key: str) -> float | None:
        node = self.node(key)
        if node is None:
            return None
        value = node.value if isinstance(node, ScalarNode) else None
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return float(value)
        self._wrong(key, node, "a number", f"for example `{key}: 10`")
        return None

    def one_of(self, key: str, allowed: Iterable[str], also: dict[str, str] | None = None) -> str | None:
        """One of ``allowed``; ``also`` maps other words people use to the right one, for the hint."""
        value = self.text(key)
        allowed = tuple(allowed)
        if value is None or value in allowed:
            return value
        node = self.entries[key].value
        better = (also or {}).get(value.lower())
        hint = f"did you mean `{better}`?" if better else did_you_mean(value, allowed)
        self.mistakes.add(node.position, f"`{key}` must be one of {', '.join(allowed)}, not `{value[:60]}`", hint)
        return None

    def names(self, key: str) -> tuple[str, ...]:
        """One or several texts: a list, or one text with commas."""
        node = self.node(key)
        if node is None:
            return ()
        if isinstance(node, ListNode):
            return tuple(item.text for item in node.items if self._is_name(key, item) and isinstance(item, ScalarNode))
        if not self._is_name(key, node) or not isinstance(node, ScalarNode):
            return ()
        return tuple(part.strip() for part in node.text.split(",") if part.strip())

    def _is_name(self, key: str, node: Node) -> bool:
        if isinstance(node, ScalarNode) and node.text.strip() and node.value is not None:
            return True
        self._wrong(key, node, "a name or a list of names", f"write `{key}: name` or `{key}: [one, two]`")
        return False
