"""Which server of a data source to try, and in which order: replicas by turns, then the primary, then replicas that rest.

One that does not answer rests, longer each time and never the same time, so that a replica behind a silent firewall costs its connect
timeout once and not with every query. When a rest is over, one caller tries; the others wait for how that ends. Source of the backoff with
jitter: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

There is no lock here, on purpose: native threads of a green process share this, where a lock of :mod:`threading` belongs to greenlets. Each
step is one operation on a dictionary or a counter; the worst that a race can do is one more attempt.
"""

import itertools
import random
import time
from collections.abc import Callable, Sequence

import msgspec

_FIRST_REST_SECONDS = 1.0
_LONGEST_REST_SECONDS = 60.0


class Rest(msgspec.Struct, frozen=True):
    """How often in a row a server has failed, and until when (on the clock) it is left alone, by all or by all but who tries it now."""

    failures: int
    until: float
    is_tried: bool = False


class Servers:
    """The servers of one data source. ``trial_seconds`` is how long one attempt may take; ``clock`` counts seconds."""

    def __init__(
        self,
        replicas: Sequence[str],
        primary: str,
        *,
        trial_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.primary = primary
        self._replicas = tuple(replicas)
        self._trial_seconds = trial_seconds
        self._clock = clock
        self._jitter = jitter
        self._turn = itertools.count()
        self._resting: dict[str, Rest] = {}

    def in_turn(self) -> list[str]:
        """Every server once, the one to try first at the front."""
        first = next(self._turn) % max(1, len(self._replicas))
        rotated = self._replicas[first:] + self._replicas[:first]
        now = self._clock()
        ready = [url for url in rotated if self._may_try(url, now)]
        return [*ready, self.primary, *(url for url in rotated if url not in ready)]

    def failed(self, url: str) -> None:
        """Leave it alone for a while. Nothing comes after the primary, so that never rests.

        Callers who find out at the same time count as one.
        """
        rest = self._resting.get(url)
        if url == self.primary or (rest is not None and not rest.is_tried and self._clock() < rest.until):
            return
        failures = rest.failures + 1 if rest is not None else 1
        longest = min(_LONGEST_REST_SECONDS, _FIRST_REST_SECONDS * 2 ** min(failures - 1, 10))
        self._resting[url] = Rest(failures, self._clock() + longest * (0.5 + self._jitter() / 2))

    def answered(self, url: str) -> None:
        """It takes its turn again."""
        self._resting.pop(url, None)

    def _may_try(self, url: str, now: float) -> bool:
        rest = self._resting.get(url)
        if rest is None:
            return True
        if now < rest.until:
            return False
        self._resting[url] = Rest(
            rest.failures, now + self._trial_seconds, is_tried=True
        )  # the others wait for how this attempt ends
        return True
