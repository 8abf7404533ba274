"""Single flight: of all who miss the same answer at the same time, one computes it.

Within a process the others wait on the one that leads. Who joins late, when something may have changed since the leader began, takes the
answer only if it still holds, and else shares the next flight, which began after they asked. Between processes it is a lock in Redis,
short and extended while the work goes on, so that a leader that dies holds nobody up for long; who waits looks for the answer, not for
the lock.
"""

import random
import threading
import time
import uuid
from collections.abc import Callable
from typing import Generic, TypeVar

from broadsheet.caching.store import Lock, Store, lock_key
from broadsheet.errors import Cancelled

T = TypeVar("T")

_LOCK_SECONDS = 3.0
_EXTEND_SECONDS = 1.0
_FIRST_LOOK_SECONDS = 0.004
_LONGEST_LOOK_SECONDS = 0.05


class Flight(Generic[T]):
    """A computation that others wait for."""

    def __init__(self) -> None:
        self._landed = threading.Event()
        self._answer: T | None = None
        self._error: BaseException | None = None

    def land(self, answer: T) -> None:
        self._answer = answer
        self._landed.set()

    def crash(self, error: BaseException) -> None:
        self._error = error
        self._landed.set()

    def wait(self, timeout_seconds: float) -> T | None:
        """What the leader got, or ``None`` when it takes too long. Raises what the leader raised."""
        if not self._landed.wait(timeout_seconds):
            return None
        if self._error is not None:
            raise self._error
        return self._answer


class Flights(Generic[T]):
    """The flights of one process."""

    def __init__(self) -> None:
        self._under_way: dict[str, Flight[T]] = {}
        self._guard = threading.Lock()

    def lead(
        self, key: str, compute: Callable[[], T], *, timeout_seconds: float, holds: Callable[[T], bool] = lambda _: True
    ) -> tuple[T, bool]:
        """The answer, and whether somebody else here computed it. Raises what ``compute`` raises, to all who wait.

        ``holds`` is asked by who has waited for a flight that was under way before they came.
        """
        began_before = True
        while True:
            flight, leading = self._board(key)
            if leading:
                return self._fly(key, flight, compute), False
            try:
                found = flight.wait(timeout_seconds)
                if found is None:
                    return compute(), False
                if not began_before or holds(found):
                    return found, True
            except Cancelled:  # whoever led has gone
                pass
            began_before = False

    def _board(self, key: str) -> tuple[Flight[T], bool]:
        """The flight under way, or a new one to lead."""
        with self._guard:
            flight = self._under_way.get(key)
            if flight is not None:
                return flight, False
            flight = self._under_way[key] = Flight()
            return flight, True

    def _fly(self, key: str, flight: Flight[T], compute: Callable[[], T]) -> T:
        try:
            answer = compute()
        except BaseException as error:
            self._end(key)
            flight.crash(error)
            raise
        self._end(key)
        flight.land(answer)
        return answer

    def _end(self, key: str) -> None:
        """Before anybody is told: who asks from now on leads the next one."""
        with self._guard:
            del self._under_way[key]


class Locks:
    """The locks that this process holds in Redis."""

    def __init__(self, store: Store):
        self._store = store
        self._held: dict[str, str] = {}
        self._guard = threading.Lock()
        self._extender: threading.Thread | None = None

    def alone(
        self,
        key: str,
        attempt: Callable[[Lock], tuple[bool | None, T | None]],
        compute: Callable[[Lock | None], T],
        *,
        timeout_seconds: float,
    ) -> tuple[T, bool]:
        """The answer, and whether another process computed it.

        ``attempt`` tries to take the lock and looks for the answer in one go (``None``: Redis is away); ``compute`` gets the lock it is to
        release when it stores what it has computed, or ``None`` where there is none.
        """
        lock = Lock(lock_key(key), uuid.uuid4().hex, _LOCK_SECONDS)
        deadline = time.monotonic() + timeout_seconds
        pause = _FIRST_LOOK_SECONDS
        taken, found = attempt(lock)
        while taken is False and found is None and time.monotonic() < deadline:
            time.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(_LONGEST_LOOK_SECONDS, pause * 1.5)
            taken, found = attempt(lock)
        if found is not None:
            if taken:
                self._store.release(lock.key, lock.owner)
            return found, True
        if not taken:  # Redis is away, or the owner takes for ever
            return compute(None), False
        self._hold(lock)
        try:
            return compute(lock), False
        except BaseException:
            self._store.release(lock.key, lock.owner)
            raise
        finally:
            with self._guard:
                self._held.pop(lock.key, None)

    def _hold(self, lock: Lock) -> None:
        with self._guard:
            self._held[lock.key] = lock.owner
            if self._extender is None:
                self._extender = threading.Thread(target=self._extend_forever, name="cache-locks", daemon=True)
                self._extender.start()

    def _extend_forever(self) -> None:
        while True:
            time.sleep(_EXTEND_SECONDS)
            with self._guard:
                held = dict(self._held)
            for key, owner in held.items():
                self._store.extend(key, owner, _LOCK_SECONDS)
