"""Places at a data source: so many queries at once, and who waits is let in by turns of those who ask, not by who asks most.

Losing the cache must not crush a database, and one reader with fifty blocks must not hold up another with one. Source of the idea: Nagle,
"On Packet Switches with Infinite Storage", RFC 970 (fair queueing).
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from eventlet.event import Event
from eventlet.timeout import Timeout

from broadsheet.errors import SourceUnavailable


class Places:
    """The places of one data source in this (green) process."""

    def __init__(self, places: int, *, wait_seconds: float, most_waiting: int = 1000):
        self._free = places
        self._wait_seconds = wait_seconds
        self._most_waiting = most_waiting
        self._waiting: OrderedDict[str, deque[Event]] = OrderedDict()
        self._count = 0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self._count

    @contextmanager
    def taken(self, asker: str) -> Iterator[None]:
        """A place for the block. Raises :class:`SourceUnavailable` when none comes free in time, or too many wait already."""
        self._enter(asker)
        try:
            yield
        finally:
            self._leave()

    def _enter(self, asker: str) -> None:
        if self._free > 0:
            self._free -= 1
            return
        if self._count >= self._most_waiting:
            raise _too_many()
        turn = Event()
        self._waiting.setdefault(asker, deque()).append(turn)
        self._count += 1
        try:
            with Timeout(self._wait_seconds, _Late):
                turn.wait()
        except BaseException as error:
            if turn.ready():  # a place came in the same moment: it is not lost
                self._leave()
            else:
                self._forget(asker, turn)
            if isinstance(error, _Late):
                raise _too_many() from None
            raise

    def _leave(self) -> None:
        if not self._waiting:
            self._free += 1
            return
        asker, turns = self._waiting.popitem(last=False)
        turn = turns.popleft()
        self._count -= 1
        if turns:
            self._waiting[asker] = turns  # behind everybody else
        turn.send(None)

    def _forget(self, asker: str, turn: Event) -> None:
        turns = self._waiting[asker]
        turns.remove(turn)
        self._count -= 1
        if not turns:
            del self._waiting[asker]


class _Late(Exception):
    """No place came free in time."""


def _too_many() -> SourceUnavailable:
    return SourceUnavailable("Too many queries wait for this data source; try again in a moment", retry_after_seconds=5.0)
