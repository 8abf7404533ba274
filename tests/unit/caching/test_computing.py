"""What an answer is made of is as old as its oldest part."""

from contextvars import copy_context

from hypothesis import given
from hypothesis import strategies as st

from broadsheet.caching.computing import Computation, computing, current

_positions = st.dictionaries(st.sampled_from(["report:1", "source:1", "users:1"]), st.sampled_from(["A", "B", "C"]), max_size=3)


@given(_positions, st.lists(st.tuples(_positions, st.floats(0, 100)), max_size=4))
def test_every_part_counts_with_its_oldest_position_and_its_earliest_end(
    own: dict[str, str], parts: list[tuple[dict[str, str], float]]
) -> None:
    computation = Computation(own, storable=True)
    for tags, fresh_until in parts:
        computation.used(tags, fresh_until)
    everything = [own, *(tags for tags, _ in parts)]
    assert computation.tags == {tag: min(tags[tag] for tags in everything if tag in tags) for tags in everything for tag in tags}
    assert computation.fresh_until == min((end for _, end in parts), default=float("inf"))
    assert computation.storable


def test_a_part_of_which_nobody_knows_what_it_depends_on_makes_it_not_storable_for_good() -> None:
    computation = Computation({"report:1": "A"}, storable=True)
    computation.used(None, 50.0)
    computation.used({"report:1": "B"}, 60.0)
    assert not computation.storable


def test_it_can_be_said_when_it_ends() -> None:
    computation = Computation({}, storable=True)
    computation.used({}, 50.0)
    computation.until(70.0)
    assert computation.fresh_until == 50.0
    computation.until(30.0)
    assert computation.fresh_until == 30.0


def test_it_is_as_old_as_the_oldest_of_its_data() -> None:
    computation = Computation({}, storable=True)
    computation.used({"report:1": "A"}, 50.0)  # an answer that holds has no age
    assert computation.read_at == float("inf")
    computation.read(30.0)
    computation.read(40.0)
    assert computation.read_at == 30.0


def test_the_tags_it_was_given_are_not_changed() -> None:
    own = {"report:1": "B"}
    Computation(own, storable=True).used({"report:1": "A"}, 1.0)
    assert own == {"report:1": "B"}


def test_the_innermost_is_the_current_one_and_then_the_one_around_it() -> None:
    outer, inner = Computation({}, storable=True), Computation({}, storable=True)
    assert current() is None
    with computing(outer):
        with computing(inner):
            assert current() is inner
        assert current() is outer
    assert current() is None


def test_work_that_carries_the_context_belongs_to_it() -> None:
    computation = Computation({}, storable=True)
    with computing(computation):
        context = copy_context()
    assert context.run(current) is computation
