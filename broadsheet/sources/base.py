"""What a data source is to the rest of Broadsheet: snapshots to read from, in bounded memory, that can be cancelled.

A driver implements :class:`Source` and :class:`Snapshot`; everything else is written against them. The one thing to know: **all queries
of a report are read from one snapshot**, and its ``as_of`` is part of every result. SQL that arrives here has its parameters bound
already (:mod:`broadsheet.sources.binding`).
"""

import datetime as dt
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

import msgspec

from broadsheet.sources.plans import PlanReport

if TYPE_CHECKING:
    import pyarrow as pa  # 26 MB that a process which only passes CSV through never needs


class SourceUrl(msgspec.Struct, frozen=True):
    """Where a data source is and how long anything there may take.

    ``url`` is the primary (``postgresql://user:password@host:port/database``); ``replicas`` are read first, by turns, unless they are
    more than ``max_lag_seconds`` behind. Times are in seconds. ``time_zone`` is an IANA name: what ``date_trunc`` and a cast to ``date``
    go by.
    """

    url: str
    replicas: tuple[str, ...] = ()
    statement_timeout_seconds: float = 60.0
    connect_timeout_seconds: int = 5
    max_lag_seconds: float = 30.0
    time_zone: str = "UTC"

    def __repr__(self) -> str:
        return f"SourceUrl(<{1 + len(self.replicas)} hidden>, statement_timeout_seconds={self.statement_timeout_seconds})"


class Result(msgspec.Struct, frozen=True):
    """The rows of one query. ``truncated`` says that the query had more than ``limit``."""

    table: Any  # pyarrow.Table
    truncated: bool = False


class Batches(Protocol):
    """Record batches as they arrive. ``schema`` is known before the first one. Close it, or read it to its end."""

    @property
    def schema(self) -> "pa.Schema": ...

    def __iter__(self) -> "Iterator[pa.RecordBatch]": ...

    def close(self) -> None: ...


class Snapshot(Protocol):
    """A consistent, read-only view of a data source. One thread reads; ``cancel`` may be called from any other.

    Every method that takes SQL raises ``QueryFailed`` (with line and column where the database knows them), ``QueryNotReadOnly``,
    ``QueryTimedOut``, ``Cancelled`` or ``SourceUnavailable``.
    """

    @property
    def as_of(self) -> dt.datetime:
        """The moment this data is from, aware, in UTC."""

    def fetch(self, sql: str, *, limit: int | None = None, max_bytes: int | None = None) -> Result:
        """The first ``limit`` rows; ``ResultTooLarge`` if they take more than ``max_bytes`` of memory."""

    def batches(self, sql: str, *, limit: int | None = None) -> Batches:
        """All rows (or the first ``limit``) as a stream of Arrow record batches."""

    def copy_csv(self, sql: str, write: Callable[[bytes], object]) -> int:
        """All rows as CSV (RFC 4180, ``\\n``, a header) in pieces of about a megabyte; gives the number of rows."""

    def explain(self, sql: str) -> PlanReport:
        """How the database would run it, and what would make it cheaper. Nothing is run."""

    def cancel(self) -> None:
        """Stop what runs, on the server, and refuse what comes."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class Source(Protocol):
    """A database that reports read from. Safe to share between threads."""

    def snapshot(self, *, time_zone: str | None = None, not_before: dt.datetime | None = None) -> Snapshot:
        """A new snapshot, of a replica if there is one that answers and is recent. Nothing is connected before it is read from.

        Whatever was committed ``not_before`` (aware) is in it: a replica that may not have replayed that much is passed over.
        """

    def drop_idle(self) -> None:
        """Close connections that nobody has used for some minutes."""

    def close(self) -> None:
        """Close the connections kept for reuse."""
