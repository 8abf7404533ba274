"""Places at a data source: bounded, by turns of those who ask, and never lost. Green threads here, nothing patched."""

import warnings
from typing import Any

import pytest

from broadsheet.errors import SourceUnavailable

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # eventlet says of itself that it is old
    import eventlet
    from eventlet.event import Event

    from services.queries.places import Places


class Line:
    """Queries at ``places``: each waits for its turn, says its name and stays until it is let go."""

    def __init__(self, places: Places):
        self.places = places
        self.order: list[str] = []
        self._ends: dict[str, Event] = {}

    def ask(self, name: str) -> Any:
        self._ends[name] = Event()
        thread = eventlet.spawn(self._query, name)
        eventlet.sleep(0)
        return thread

    def end(self, name: str) -> None:
        self._ends[name].send(None)
        eventlet.sleep(0)
        eventlet.sleep(0)

    def _query(self, name: str) -> None:
        with self.places.taken(name[0]):
            self.order.append(name)
            self._ends[name].wait()


def _line(number: int = 1, *, wait_seconds: float = 30.0, most_waiting: int = 1000) -> Line:
    return Line(Places(number, wait_seconds=wait_seconds, most_waiting=most_waiting))


def test_so_many_at_once_and_the_rest_waits() -> None:
    line = _line(2)
    for name in ("a1", "a2", "a3", "b1"):
        line.ask(name)
    assert (line.order, line.places.waiting) == (["a1", "a2"], 2)
    line.end("a2")
    assert (line.order, line.places.waiting) == (["a1", "a2", "a3"], 1)


def test_one_query_does_not_wait_behind_eight_of_somebody_else() -> None:
    line = _line()
    line.ask("x0")
    names = [f"a{number}" for number in range(1, 9)] + ["b1"]
    for name in names:
        line.ask(name)
    line.end("x0")
    for _ in names[:-1]:
        line.end(line.order[-1])
    assert line.order[1:3] == ["a1", "b1"]
    assert line.order[3:] == [f"a{number}" for number in range(2, 9)]


def test_three_who_ask_take_turns_and_keep_their_own_order() -> None:
    line = _line()
    line.ask("x0")
    names = ["a1", "a2", "a3", "b1", "b2", "c1"]
    for name in names:
        line.ask(name)
    line.end("x0")
    for _ in names[:-1]:
        line.end(line.order[-1])
    assert line.order[1:] == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_whoever_waits_too_long_is_refused_and_takes_no_place_along() -> None:
    line = _line(wait_seconds=0.01)
    line.ask("a1")
    late = line.ask("b1")
    with pytest.raises(SourceUnavailable) as refused:
        late.wait()
    assert refused.value.retry_after_seconds == 5.0
    assert line.places.waiting == 0
    line.end("a1")
    line.ask("c1")
    assert line.order == ["a1", "c1"]


def test_whoever_is_ended_while_waiting_takes_no_place_along() -> None:
    line = _line()
    line.ask("a1")
    ended = line.ask("b1")
    line.ask("b2")
    ended.kill()
    assert line.places.waiting == 1
    line.end("a1")
    assert line.order == ["a1", "b2"]


def test_a_place_that_comes_in_the_moment_of_an_end_is_passed_on() -> None:
    line = _line()
    line.ask("a1")
    ended = line.ask("b1")
    line.ask("c1")
    line._ends["a1"].send(None)
    line.places._leave()  # b1 is let in, and has not run yet
    ended.kill()
    eventlet.sleep(0)
    assert "b1" not in line.order
    assert "c1" in line.order


def test_a_query_that_fails_gives_its_place_back() -> None:
    places = Places(1, wait_seconds=0.01)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), places.taken("a"):
            _fail()
    with places.taken("a"):
        assert places.waiting == 0


def test_too_many_who_wait_are_refused_at_once() -> None:
    line = _line(most_waiting=1)
    line.ask("a1")
    line.ask("a2")
    refused = line.ask("a3")
    with pytest.raises(SourceUnavailable):
        refused.wait()
    line.end("a1")
    assert line.order == ["a1", "a2"]


def _fail() -> None:
    raise ZeroDivisionError
