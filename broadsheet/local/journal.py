"""The one log of all Broadsheet processes: every line with the name of who wrote it, ``edge          | GET /reports 200``.

The file is plain text; colours are added only when a terminal shows it (`make logs`).
"""

import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from rich.text import Text

#: The journal's own voice: starts, ends, restarts.
SUPERVISOR = "supervisor"
_LONGEST_BYTES = 20_000_000
_WIDTH = 13
_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_red", "bright_cyan", "bright_green")
_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Journal:
    """Appends whole lines, from any thread, and starts a new file (the old one becomes ``.1``) before one grows too large."""

    def __init__(self, path: Path):
        self.path = path
        self._lock = threading.Lock()
        self._file: TextIO = path.open("a", encoding="utf-8")

    def write(self, name: str, line: str) -> None:
        """One line of ``name``; colours and the line's end are taken off."""
        text = _CONTROL.sub("", line).rstrip()
        with self._lock:
            if self._file.closed:  # a last line that comes after the end
                return
            self._file.write(f"{name:<{_WIDTH}} | {text}\n")
            self._file.flush()
            if self._file.tell() > _LONGEST_BYTES:
                self._turn_over()

    def note(self, line: str) -> None:
        """A line of the supervisor itself, with the time."""
        self.write(SUPERVISOR, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {line}")

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def _turn_over(self) -> None:
        self._file.close()
        self.path.replace(self.path.with_suffix(".log.1"))
        self._file = self.path.open("a", encoding="utf-8")


def coloured(line: str) -> Text:
    """A line of the file for a terminal, each name in a colour of its own."""
    name, bar, rest = line.partition(" | ")
    if not bar:
        return Text(line)
    colour = _COLOURS[sum(name.strip().encode()) % len(_COLOURS)]
    return Text.assemble((f"{name} | ", colour), rest)
