"""Places in a report text: fragments that know where they stand in the file, and the list of mistakes found so far.

Every reader of a part (YAML, SQL, expressions) works with offsets into its own fragment; only :meth:`Fragment.position` knows about the
file. A line ends at ``\\n`` alone: YAML and ``str.splitlines`` have other ideas, which is why nobody here uses theirs.
"""

import bisect
import difflib
from collections.abc import Iterable
from functools import cached_property

from broadsheet.documents.model import Mistake, Position

#: More mistakes than this help nobody; the rest is dropped.
MOST_MISTAKES = 100


class Fragment:
    """A part of the file: whole lines from ``first_line`` on, each with ``shifts[i]`` characters cut from its left."""

    def __init__(self, text: str, first_line: int = 1, shifts: tuple[int, ...] = (), first_column: int = 1):
        self.text = text
        self.first_line = first_line
        self.first_column = first_column
        self.shifts = shifts

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        found = self.text.find("\n")
        while found >= 0:
            starts.append(found + 1)
            found = self.text.find("\n", found + 1)
        return starts

    def position(self, offset: int) -> Position:
        """Where in the file the character ``offset`` of this fragment is (1-based line and column)."""
        offset = max(0, min(offset, len(self.text)))
        row = bisect.bisect_right(self._starts, offset) - 1
        shift = self.shifts[row] if row < len(self.shifts) else 0
        start = self.first_column if row == 0 else 1
        return Position(self.first_line + row, start + shift + offset - self._starts[row])


class Mistakes:
    """What is wrong with a text, in the order of the text."""

    def __init__(self) -> None:
        self._found: list[Mistake] = []

    def add(self, position: Position, message: str, hint: str | None = None) -> None:
        if len(self._found) < 10 * MOST_MISTAKES:
            self._found.append(Mistake(position.line, position.column, message, hint))

    def listed(self) -> tuple[Mistake, ...]:
        unique = dict.fromkeys(sorted(self._found, key=lambda mistake: (mistake.line, mistake.column)))
        return tuple(unique)[:MOST_MISTAKES]

    @property
    def count(self) -> int:
        """How many have been added so far."""
        return len(self._found)


def did_you_mean(wrong: str, known: Iterable[str]) -> str | None:
    """A hint naming the closest of ``known``; if none is close, all of them when they are few; else ``None``."""
    names = sorted(set(known))
    lowered = {name.lower(): name for name in reversed(names)}
    close = difflib.get_close_matches(wrong[:100].lower(), list(lowered), n=1, cutoff=0.6)
    if close:
        return f"did you mean `{lowered[close[0]]}`?"
    if 0 < len(names) <= 16:
        return "use one of " + ", ".join(f"`{name}`" for name in names)
    return None
