"""Wrong passwords: after some for one address, sign-in to it waits, so that guessing is slow.

Counted in this process, by address; with several instances an address has as many tries in each.
"""

import time
from collections.abc import Callable

from broadsheet.errors import TooManyRequests

MOST_FAILURES = 10
WINDOW_SECONDS = 300.0
_MOST_ADDRESSES = 10_000


class Attempts:
    """Recent failures by address. ``clock`` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._failures: dict[str, list[float]] = {}

    def check(self, email: str) -> None:
        """Raises :class:`TooManyRequests` while there were too many failures lately."""
        recent = self._recent(email)
        if len(recent) >= MOST_FAILURES:
            wait = WINDOW_SECONDS - (self._clock() - recent[0])
            raise TooManyRequests("Too many wrong passwords; wait a few minutes", retry_after_seconds=wait)

    def failed(self, email: str) -> None:
        """One more failure."""
        if len(self._failures) >= _MOST_ADDRESSES:
            self._failures.pop(next(iter(self._failures)))
        self._failures[email] = [*self._recent(email), self._clock()]

    def succeeded(self, email: str) -> None:
        """Forget the failures."""
        self._failures.pop(email, None)

    def _recent(self, email: str) -> list[float]:
        since = self._clock() - WINDOW_SECONDS
        return [at for at in self._failures.get(email, ()) if at > since]
