"""A circuit breaker: what fails is left alone for a while, and tried again by one call.

Source: Michael Nygard, *Release It!*, "Circuit Breaker".
"""

import random
import time
from collections.abc import Callable
from enum import StrEnum


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Opens after ``failures`` in a row, for ``rest_seconds`` doubled with every failed try up to ``longest_seconds``, with jitter."""

    def __init__(
        self,
        *,
        failures: int = 3,
        rest_seconds: float = 0.25,
        longest_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[float, float], float] = random.uniform,
    ):
        self._allowed, self._rest, self._longest = failures, rest_seconds, longest_seconds
        self._clock, self._jitter = clock, jitter
        self._failures = 0
        self._until = 0.0
        self._probe_until = 0.0
        self.opened = 0

    @property
    def state(self) -> State:
        """Open while it rests, half-open while the next call is the try."""
        if self._failures < self._allowed:
            return State.CLOSED
        return State.OPEN if self._clock() < self._until else State.HALF_OPEN

    def allows(self) -> bool:
        """Whether a call may go through now. Half-open, one call at a time may."""
        if self._failures < self._allowed:
            return True
        now = self._clock()
        if now < self._until or now < self._probe_until:
            return False
        self._probe_until = now + self._rest
        return True

    def succeeded(self) -> None:
        """A call went well: everybody may call."""
        self._failures, self._probe_until = 0, 0.0

    def failed(self) -> None:
        """A call failed."""
        self._failures += 1
        if self._failures < self._allowed:
            return
        if self._failures == self._allowed:
            self.opened += 1
        rest = min(self._longest, self._rest * 2 ** min(16, self._failures - self._allowed))
        self._until, self._probe_until = self._clock() + rest * self._jitter(0.5, 1.0), 0.0
