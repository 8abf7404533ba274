"""Positions: how far the primary has written, as a text that only ever grows.

A position is 24 upper-case hex digits: the timeline (8) and the LSN (16) of the write-ahead log. Texts compare as positions do, and because
a promotion raises the timeline, positions after a failover are greater than all before it. What a reader would get wrong: a greater
timeline does not mean *has seen everything of the smaller one* (an asynchronous failover may lose the last commits); that is why there
is an **epoch**, the system identifier and the timeline of a cluster, and why a replica is compared only within one timeline.

Formats: PostgreSQL documentation, 9.27.3 (*Backup Control Functions*) and 9.27.4 (*Recovery Control Functions*); section 30.6 for LSNs.
"""

from contextvars import ContextVar
from typing import Final

import msgspec

#: Instead of a position: none is known, read the primary. Compares greater than every position.
PRIMARY: Final = "primary"

#: Before every position.
BEGINNING: Final = "0" * 24

#: The position that reads of this context must have seen; ``None``: no more than this process's own writes.
read_floor: ContextVar[str | None] = ContextVar("read_floor", default=None)

#: One row on the primary: the system identifier in hex and the position. Everything committed before the statement began is at or below
#: that. Any role may ask. With ``synchronous_commit = off`` a commit returns before its record is written: then only the insert position
#: is surely behind it.
CURRENT_POSITION: Final = """
    select
        to_hex(system_identifier),
        substr(pg_walfile_name(lsn), 1, 8)
            || lpad(split_part(lsn::text, '/', 1), 8, '0') || lpad(split_part(lsn::text, '/', 2), 8, '0')
    from (
        select case current_setting('synchronous_commit')
            when 'off' then pg_current_wal_insert_lsn() else pg_current_wal_lsn() end as lsn
    ) as wal, pg_control_system()
"""

#: One row on a replica: its position, null on a server that is no replica (any more), and whether all that was received is replayed.
#: Any role may ask. The timeline that is being replayed is not shown to an ordinary role; what is, is the timeline of the last restart
#: point or flushed page. After a promotion that is late, never early: the replica is read a little later.
REPLAYED_POSITION: Final = """
    select
        case when pg_is_in_recovery() then lpad(upper(to_hex(timeline)), 8, '0')
            || lpad(split_part(replayed::text, '/', 1), 8, '0') || lpad(split_part(replayed::text, '/', 2), 8, '0') end,
        coalesce(replayed >= received, true)
    from (
        select pg_last_wal_replay_lsn() as replayed, pg_last_wal_receive_lsn() as received,
            greatest(checkpoint.timeline_id, recovery.min_recovery_end_timeline) as timeline
        from pg_control_checkpoint() as checkpoint, pg_control_recovery() as recovery
    ) as wal
"""


class Change(msgspec.Struct, frozen=True):
    """What a transaction has made out of date: ``tags`` name it (``report:ID``, …), ``token`` is this change's own name."""

    token: str
    tags: tuple[str, ...]


def position(timeline: int, lsn: str) -> str:
    """The position of ``lsn``, which is PostgreSQL's text of a ``pg_lsn`` (``16/B374D848``). Raises ValueError when it is none."""
    high, _, low = lsn.partition("/")
    parts = timeline, int(high, 16), int(low, 16)
    if any(part not in range(2**32) for part in parts):
        raise ValueError(f"not a position: timeline {timeline}, {lsn!r}")
    return "".join(f"{part:08X}" for part in parts)


def timeline_of(position: str) -> int:
    """The timeline of a position. Raises ValueError when it is none (:data:`PRIMARY` is none)."""
    return int(_checked(position)[:8], 16)


def lsn_of(position: str) -> str:
    """PostgreSQL's text of the LSN, to be cast to ``pg_lsn``. Raises ValueError when it is none (:data:`PRIMARY` is none)."""
    digits = _checked(position)
    return f"{int(digits[8:16], 16):X}/{int(digits[16:], 16):X}"


def epoch(system_identifier: str, position: str) -> str:
    """The epoch of a cluster: within one, positions never go back."""
    return f"{system_identifier}.{timeline_of(position)}"


def system_of(epoch: str) -> str:
    """The system identifier in an epoch: another one is another cluster, not this one after a failover."""
    return epoch.partition(".")[0]


def is_position(text: str) -> bool:
    """Whether ``text`` is a position as written here; text from elsewhere (Redis) is asked first."""
    return len(text) == len(BEGINNING) and all(digit in "0123456789ABCDEF" for digit in text)


def _checked(text: str) -> str:
    if not is_position(text):
        raise ValueError(f"not a position: {text!r}")
    return text
