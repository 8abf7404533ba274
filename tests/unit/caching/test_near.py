"""Copies in a process: none outlives the news that it has changed, and none counts for long where no news come."""

from broadsheet.caching.near import Near

TAGS = {"report:1": "A", "sources:1": "B"}


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def _near(clock: Clock | None = None) -> Near:
    near = Near(clock or Clock())
    near.heard()
    return near


def _value(near: Near, key: str = "key") -> object:
    copy = near.get(key)
    return None if copy is None else copy.value


def test_a_copy_is_given_until_its_time_is_over() -> None:
    clock = Clock()
    near = _near(clock)
    near.put("key", "value", TAGS, mark=near.mark(), seconds=30.0)
    clock.now += 29.0
    near.heard()
    assert _value(near) == "value"
    clock.now += 1.0
    near.heard()
    assert _value(near) is None


def test_a_change_of_any_of_its_tags_drops_it_and_no_other() -> None:
    near = _near()
    near.put("key", "value", TAGS, mark=near.mark(), seconds=30.0)
    near.put("other", "kept", {"report:2": "A"}, mark=near.mark(), seconds=30.0)
    near.moved("sources:1")
    assert (_value(near), _value(near, "other")) == (None, "kept")


def test_what_changed_while_it_was_read_is_not_kept() -> None:
    near = _near()
    mark = near.mark()
    near.moved("report:1")
    near.put("key", "old", TAGS, mark=mark, seconds=30.0)
    assert _value(near) is None
    near.put("key", "new", TAGS, mark=near.mark(), seconds=30.0)
    assert _value(near) == "new"


def test_what_was_read_while_something_else_changed_is_kept() -> None:
    near = _near()
    mark = near.mark()
    near.moved("report:2")
    near.put("key", "value", TAGS, mark=mark, seconds=30.0)
    assert _value(near) == "value"


def test_what_was_read_before_everything_was_dropped_is_not_kept() -> None:
    near = _near()
    mark = near.mark()
    near.clear()
    near.put("key", "old", TAGS, mark=mark, seconds=30.0)
    assert _value(near) is None


def test_a_change_is_not_forgotten_among_very_many() -> None:
    near = _near()
    mark = near.mark()
    near.moved("report:1")
    for index in range(60_000):
        near.moved(f"report:x{index}")
    near.put("key", "old", TAGS, mark=mark, seconds=30.0)
    assert _value(near) is None


def test_clearing_drops_everything() -> None:
    near = _near()
    near.put("key", "value", TAGS, mark=near.mark(), seconds=30.0)
    near.clear()
    assert _value(near) is None


def test_without_the_line_a_copy_counts_for_a_second() -> None:
    clock = Clock()
    near = _near(clock)
    clock.now += 10.0  # silence
    near.put("key", "value", TAGS, mark=near.mark(), seconds=30.0)
    clock.now += 0.9
    assert _value(near) == "value"
    clock.now += 0.1
    assert _value(near) is None


def test_a_copy_from_before_the_line_fell_silent_does_not_count() -> None:
    clock = Clock()
    near = _near(clock)
    near.put("key", "value", TAGS, mark=near.mark(), seconds=30.0)
    clock.now += 5.0
    near.heard()
    clock.now += 0.6
    assert _value(near) == "value"
    clock.now += 0.2
    assert _value(near) is None


def test_so_many_are_kept_and_the_oldest_go_first() -> None:
    near = _near()
    for index in range(20_001):
        near.put(f"key {index}", index, {f"report:{index}": "A"}, mark=near.mark(), seconds=30.0)
    assert (_value(near, "key 0"), _value(near, "key 1"), _value(near, "key 20000")) == (None, 1, 20_000)
    near.moved("report:0")  # of what is gone nothing is left behind
    assert len(near._keys) == 20_000
