"""What a server says of itself, as the age of its data."""

import datetime as dt

from broadsheet.sources.postgres_moment import moment

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def said(*, in_recovery=True, last_commit=NOW - 10 * MINUTE, heard=None, receiver_timeout=60.0, caught_up=True):
    return moment((in_recovery, NOW, last_commit, heard, receiver_timeout, caught_up))


def test_a_primary_is_as_of_now():
    found = said(in_recovery=False, last_commit=None, caught_up=None)
    assert (found.as_of, found.certain, found.lag_seconds) == (NOW, NOW, 0)


def test_a_standby_that_is_behind_is_as_of_the_last_commit_it_has_replayed():
    found = said(caught_up=False, heard=NOW)
    assert (found.as_of, found.certain, found.lag_seconds) == (NOW - 10 * MINUTE, NOW - 10 * MINUTE, 600)


def test_a_standby_that_never_received_anything_is_behind():
    assert said(caught_up=None).as_of == NOW - 10 * MINUTE


def test_a_standby_that_has_replayed_all_is_as_of_the_last_word_of_its_primary():
    assert said(heard=NOW - MINUTE).as_of == NOW - MINUTE
    assert said(heard=NOW - MINUTE, last_commit=NOW - MINUTE / 2).as_of == NOW - MINUTE / 2
    assert said(heard=NOW + MINUTE).as_of == NOW, "a primary whose clock is ahead"


def test_who_may_not_see_the_last_word_relies_on_no_more_than_the_receivers_timeout_allows():
    found = said()
    assert (found.as_of, found.certain, found.lag_seconds) == (NOW, NOW - MINUTE, 0)
    assert found.has_seen(NOW - MINUTE)
    assert not found.has_seen(NOW)
    assert said(receiver_timeout=0.0).certain == NOW - 10 * MINUTE
