"""Read replicas: which of them has replayed enough to be read, and which is left alone for a while.

The lag bound is a position like every other floor. :class:`LagWatch` remembers where the primary was at several moments; a replica that
has replayed where the primary was ``max_lag_seconds`` ago is within the bound. So no server's clock and nothing a replica says of
itself is trusted: a paused replay, a slow one and a WAL receiver that hangs are all seen, and an idle primary makes no lag. What a
reader would get wrong: a replica's replayed position only grows *while it runs*; a restarted one may show less, so whatever was known of
it is forgotten when a connection to it is made anew.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from broadsheet.logs import logger
from broadsheet.positions import BEGINNING, CURRENT_POSITION, REPLAYED_POSITION, epoch, timeline_of

#: A replica seen behind is not asked again for so long; reads go elsewhere meanwhile.
_BEHIND_SECONDS = 0.02
#: A replica that may have been promoted or cut off is asked at least this often, even if it is known to be far enough.
_ASK_SECONDS = 0.25
_REST_FIRST_SECONDS = 1.0
_REST_MOST_SECONDS = 15.0
#: Samples of the primary's position per lag bound.
_SAMPLES = 5


class Rest:
    """Leaves a server alone after a failure: 1 s, then twice as long each time up to 15 s, jittered. One try at a time ends it."""

    def __init__(self, *, try_seconds: float, clock: Callable[[], float] = time.monotonic):
        self._try_seconds = try_seconds
        self._clock = clock
        self._failures = 0
        self._until = 0.0
        self._trying_until = 0.0

    def over(self) -> bool:
        """Whether the server may be asked. After failures it is one caller's turn; others hear no until that try has had its time."""
        now = self._clock()
        if now < max(self._until, self._trying_until):
            return False
        if self._failures:
            self._trying_until = now + self._try_seconds
        return True

    @property
    def needed(self) -> bool:
        """Whether the last try failed."""
        return self._failures > 0

    def begin(self) -> float:
        """Rest from now on; gives the seconds. Many callers may fail together: that is one failure."""
        left = self._until - self._clock()
        if left > 0:
            return left
        seconds = min(_REST_FIRST_SECONDS * 2.0**self._failures, _REST_MOST_SECONDS) * random.uniform(0.6, 1.0)
        self._failures = min(self._failures + 1, 10)
        self._until, self._trying_until = self._clock() + seconds, 0.0
        return seconds

    def end(self) -> None:
        """It answers."""
        self._failures, self._until, self._trying_until = 0, 0.0, 0.0


class Need(NamedTuple):
    """What a replica must have replayed to be within the lag bound, on the primary's timeline (``None``: not known).

    Not ``bounded``: the primary does not answer, so nothing is known of its last seconds. Nobody can be shown to be further, so a replica
    is as good as it gets if it has replayed all it has received.
    """

    position: str
    timeline: int | None
    bounded: bool = True


class LagWatch:
    """Where the primary was during the last ``max_lag_seconds``; asked anew by whoever reads, a few times per bound at most."""

    def __init__(self, ask: Callable[[], str], *, max_lag_seconds: float, try_seconds: float):
        self._ask = ask
        self._max_lag_seconds = max_lag_seconds
        self._samples: deque[tuple[float, str]] = deque(maxlen=_SAMPLES + 2)
        self._asking = threading.Lock()
        self._rest = Rest(try_seconds=try_seconds)
        self._log = logger(__name__)

    def need(self) -> Need | None:
        """What a replica must have replayed to be read now. None while it is being found out: the primary answers, read that."""
        if not self._samples or time.monotonic() - self._samples[-1][0] > self._max_lag_seconds / _SAMPLES:
            self._sample()
        samples = list(self._samples)
        timeline = timeline_of(samples[-1][1]) if samples else None
        oldest_allowed = time.monotonic() - self._max_lag_seconds
        for at, position in samples:
            if at >= oldest_allowed:
                return Need(position, timeline)
        return Need(BEGINNING, timeline, bounded=False) if self._rest.needed else None

    def _sample(self) -> None:
        if not self._asking.acquire(blocking=False):
            return
        try:
            if self._rest.over():
                at = time.monotonic()
                self._samples.append((at, self._ask()))
                self._rest.end()
        except (DBAPIError, PoolTimeout) as error:
            self._rest.begin()
            self._log.warning("primary.lag_unknown", error=str(error).strip())
        finally:
            self._asking.release()


class Replica:
    """One replica by its engine. One URL is one server: what one connection has seen is taken as true for the others."""

    def __init__(self, engine: sa.Engine, *, name: str, try_seconds: float):
        self.engine = engine
        self.name = name
        self._rest = Rest(try_seconds=try_seconds)
        self._generation = 0
        self._forget()
        self._log = logger(__name__)
        sa.event.listen(engine, "connect", self._connected)

    def connection(self, need: Need) -> sa.Connection | None:
        """A connection to it if it has replayed what is needed. None while it rests, is behind, or all its connections are in use."""
        if not (self._knows(need) or time.monotonic() >= self._behind_until) or not self._rest.over():
            return None
        connection: sa.Connection | None = None
        enough = False
        try:
            connection = autocommitting(self.engine)
            enough = self._knows(need) or self._ask(connection, need)
            self._rest.end()
        except PoolTimeout:
            self._log.warning("replica.busy", replica=self.name)
        except DBAPIError as error:
            self.failed(error)
        finally:
            if connection is not None and not enough:
                connection.close()
        return connection if enough else None

    def failed(self, error: DBAPIError) -> None:
        """It did not answer, or a connection to it died: leave it alone for a while."""
        self._forget()
        seconds = self._rest.begin()
        self._log.warning("replica.resting", replica=self.name, seconds=round(seconds, 1), error=str(error.orig).strip())

    def _forget(self) -> None:
        self._replayed, self._asked_at, self._behind_until = BEGINNING, 0.0, 0.0

    def _connected(self, *_: Any) -> None:
        self._generation += 1
        self._forget()

    def _knows(self, need: Need) -> bool:
        fresh = time.monotonic() - self._asked_at <= _ASK_SECONDS
        return need.bounded and fresh and self._replayed >= need.position and _same_timeline(self._replayed, need)

    def _ask(self, connection: sa.Connection, need: Need) -> bool:
        generation = self._generation
        replayed, caught_up = connection.exec_driver_sql(REPLAYED_POSITION).one()
        if replayed is None:
            replayed = BEGINNING
        if generation == self._generation:
            self._replayed, self._asked_at = replayed, time.monotonic()
        enough = replayed >= need.position and _same_timeline(replayed, need) and (need.bounded or caught_up)
        if not enough:
            self._behind_until = time.monotonic() + _BEHIND_SECONDS
        return bool(enough)


def autocommitting(engine: sa.Engine) -> sa.Connection:
    """A connection for reading: every statement is a transaction, so a read costs no ``BEGIN`` and no ``ROLLBACK``."""
    connection = engine.connect()
    return connection.execution_options(isolation_level="AUTOCOMMIT")


def _same_timeline(replayed: str, need: Need) -> bool:
    return need.timeline is None or timeline_of(replayed) == need.timeline


def current_position(connection: sa.Connection) -> tuple[str, str]:
    """Epoch and position of the primary, now, over a connection to it that is in no transaction."""
    identifier, position = connection.exec_driver_sql(CURRENT_POSITION).one()
    return epoch(identifier, position), position
