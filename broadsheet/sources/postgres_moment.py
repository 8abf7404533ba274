"""How old what a PostgreSQL server shows is, asked of the server itself before a snapshot of it begins.

Asked before and not inside: replay goes on while a statement runs, and a moment read after the snapshot was taken could be later than what
the snapshot shows. For the same reason the inner query, what was heard from the primary, is read before the outer one, what was replayed.

A standby that has replayed everything it received, and still receives, is as of the last message of its primary. Who may not read that (it
takes ``pg_read_all_stats``) is told "now", which a standby cut off a moment ago can claim wrongly for at most ``wal_receiver_timeout``;
``certain`` makes that allowance and ``as_of`` does not. Any other standby is as of the last commit it has replayed, or of
its last checkpoint where there was none since it started.
Source: PostgreSQL manual, sections 9.27.4 (recovery information functions) and 28.2.6 (pg_stat_wal_receiver).
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

import msgspec

#: Asked first of what should be a primary: a third of a millisecond less.
ASK_PRIMARY = "select pg_is_in_recovery(), now()"

ASK = """
select in_recovery, now, last_commit, heard, receiver_timeout, receiving and replayed >= received
from (
    select heard.*, pg_last_wal_receive_lsn() as received, pg_last_wal_replay_lsn() as replayed
    from (
        select pg_is_in_recovery() as in_recovery, now() as now,
               case when pg_is_in_recovery() then coalesce(
                   pg_last_xact_replay_timestamp(), (select checkpoint_time from pg_control_checkpoint())) end as last_commit,
               max(last_msg_send_time) as heard, count(*) > 0 as receiving,
               extract(epoch from current_setting('wal_receiver_timeout')::interval)::float8 as receiver_timeout
        from pg_stat_wal_receiver
    ) as heard
    offset 0
) as server
"""


class Moment(msgspec.Struct, frozen=True):
    """``as_of`` is what to say, ``certain`` what can be relied on; both aware, in UTC. ``lag_seconds`` is what may be missing."""

    as_of: dt.datetime
    certain: dt.datetime
    lag_seconds: float

    def has_seen(self, not_before: dt.datetime | None) -> bool:
        """Whether everything that was committed by then is there for certain."""
        return not_before is None or self.certain >= not_before


def ask(query: Callable[[str], tuple[Any, ...]], *, should_be_primary: bool) -> Moment:
    """How old what a server shows is; ``query`` gives the one row of a statement."""
    if should_be_primary:
        in_recovery, now = query(ASK_PRIMARY)
        if not in_recovery:
            now = now.astimezone(dt.UTC)
            return Moment(now, now, 0.0)
    return moment(query(ASK))


def moment(row: tuple[Any, ...]) -> Moment:
    """What a row of :data:`ASK` says."""
    in_recovery, now, last_commit, heard, receiver_timeout, caught_up = row
    now = now.astimezone(dt.UTC)
    if not in_recovery:
        return Moment(now, now, 0.0)
    last_commit = last_commit.astimezone(dt.UTC)
    if not caught_up:
        return Moment(last_commit, last_commit, (now - last_commit).total_seconds())
    if heard is not None:
        known = min(now, max(heard.astimezone(dt.UTC), last_commit))
        return Moment(known, known, 0.0)
    silent = dt.timedelta(seconds=receiver_timeout)
    return Moment(now, max(last_commit, now - silent) if silent else last_commit, 0.0)
