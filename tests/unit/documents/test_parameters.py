import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_texts import parsed

from broadsheet.documents import parameters, values
from broadsheet.documents.model import Option, ParameterType
from broadsheet.errors import InvalidParameters

TODAY = dt.date(2026, 11, 24)
REPORT = parsed(
    params="""params:
  name: {type: text, default: x}
  size: {type: number, default: 5, min: 1, max: 10}
  since: {type: date, default: today - 7d}
  flag: {type: boolean, default: true}
  colour: {type: choice, options: [red, {value: 7, label: Seven}], default: red}
  airline: {type: choice, options: select 1, default: null}
  names: {type: list, of: text, default: [a]}
  numbers: {type: list, of: number}
  must: {type: text}"""
)


def read(raw, *, from_query_string=True):
    return parameters.read(REPORT, {"must": "m", **raw}, from_query_string=from_query_string, today=TODAY)


def errors_of(raw, *, from_query_string=True):
    with pytest.raises(InvalidParameters) as caught:
        parameters.read(REPORT, raw, from_query_string=from_query_string, today=TODAY)
    return {error.pointer: error for error in caught.value.errors}


def test_what_is_absent_or_empty_has_its_default():
    expected = {
        "name": "x", "size": 5, "since": dt.date(2026, 11, 17), "flag": True, "colour": "red", "airline": None, "names": ["a"],
        "numbers": [], "must": "m",
    }  # fmt: skip
    assert read({}) == expected
    assert read(dict.fromkeys(expected, "") | {"must": "m"}) == expected


def test_texts_of_a_query_string_become_typed_values():
    found = read(
        {
            "size": "2.50",
            "since": "2013-01-31",
            "flag": "false",
            "colour": "7",
            "names": ["a", "b"],
            "numbers": "3",
            "airline": "UA",
        }
    )
    assert found == {
        "name": "x", "size": Decimal("2.50"), "since": dt.date(2013, 1, 31), "flag": False, "colour": 7, "airline": "UA",
        "names": ["a", "b"], "numbers": [3], "must": "m",
    }  # fmt: skip


def test_json_values_are_taken_as_they_are():
    found = read({"size": 2.5, "since": "2013-01-31", "flag": False, "colour": 7, "numbers": [1, 2.5]}, from_query_string=False)
    assert (found["size"], found["flag"], found["colour"], found["numbers"]) == (Decimal("2.5"), False, 7, [1, Decimal("2.5")])


def test_every_wrong_parameter_is_reported_with_its_pointer():
    found = errors_of(
        {"size": "11", "since": "2013-02-30", "flag": "maybe", "colour": "blue", "numbers": ["1", "x"], "nmae": "y", "a/b~c": "z"}
    )
    assert set(found) == {
        "/params/size", "/params/since", "/params/flag", "/params/colour", "/params/numbers", "/params/must", "/params/nmae",
        "/params/a~1b~0c",
    }  # fmt: skip
    assert found["/params/nmae"].hint == "did you mean `name`?"
    assert found["/params/size"].message == "Size: must be at most 10"
    assert found["/params/colour"].hint == "use one of red, 7"
    assert found["/params/must"].message == "Must: needs a value"


@pytest.mark.parametrize(
    ("name", "raw"),
    [("size", True), ("size", "x"), ("size", float("nan")), ("size", float("inf")), ("since", 20130101), ("flag", "true"), ("flag", 1),
     ("colour", ["red"]), ("names", "a"), ("names", [1]), ("names", {}), ("name", {"a": 1}), ("name", ["a", "b"]), ("name", "a\x00b"),
     ("name", "x" * 10_001), ("names", ["x"] * 1_001)],
)  # fmt: skip
def test_json_of_a_wrong_type_is_refused(name, raw):
    assert set(errors_of({"must": "m", name: raw}, from_query_string=False)) == {f"/params/{name}"}


@pytest.mark.parametrize("raw", ["", ".", "e5", "1e", "1e999", "0x10", "१", "1_000", "NaN", "--1", "9" * 40])
def test_what_is_no_number_is_refused(raw):
    with pytest.raises(ValueError, match="must be a number"):
        values.from_text(ParameterType.NUMBER, raw)


def test_a_repeated_single_parameter_is_refused():
    assert "takes one value" in errors_of({"must": ["a", "b"]})["/params/must"].message
    assert read({"must": ["a"]})["must"] == "a"


def test_an_option_is_picked_by_how_it_is_written():
    options = [
        Option(Decimal("1.50"), "x"),
        Option(7, "seven"),
        Option("7a", "text"),
        Option(dt.date(2013, 1, 1), "day"),
        Option(True, "yes"),
    ]
    assert [option.label for value in ("1.5", 7, "7a", "2013-01-01", "true") if (option := parameters.pick(options, value))] == [
        "x", "seven", "text", "day", "yes"]  # fmt: skip
    assert parameters.pick(options, "8") is None


def test_defaults_are_given_without_a_request():
    found = parameters.defaults(REPORT, today=TODAY)
    assert found["since"] == dt.date(2026, 11, 17)
    assert found["must"] is None


@pytest.mark.parametrize(
    ("text", "day"), [("today", TODAY), ("today-1d", dt.date(2026, 11, 23)), ("today + 2w", dt.date(2026, 12, 8))]
)
def test_a_relative_date_counts_from_today(text, day):
    assert values.relative_date(text, TODAY) == day


@pytest.mark.parametrize("text", ["tomorrow", "today - 7", "today - 100000d"])
def test_a_relative_date_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="must be a date"):
        values.relative_date(text, TODAY)


NUMBERS = st.integers(-(10**30), 10**30) | st.decimals(-(10**12), 10**12, allow_nan=False, places=8)
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=40)


@given(
    st.fixed_dictionaries(
        {"must": TEXTS, "name": TEXTS, "airline": TEXTS, "since": st.dates(), "flag": st.booleans(), "numbers": st.lists(NUMBERS),
         "names": st.lists(TEXTS), "size": st.integers(1, 10), "colour": st.sampled_from(["red", 7])}
    )
)  # fmt: skip
def test_values_survive_json(given_values):
    data = parameters.to_json(given_values)
    found = parameters.read(REPORT, data, from_query_string=False, today=TODAY)
    assert found == given_values
    assert parameters.to_json(found) == parameters.to_json(given_values)


ANY_VALUE = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
ANY_NAME = st.sampled_from([*(parameter.name for parameter in REPORT.parameters), "other"])


@given(st.dictionaries(ANY_NAME, ANY_VALUE | st.lists(ANY_VALUE, max_size=3)), st.booleans())
def test_any_request_gives_values_or_a_list_of_errors(raw, from_query_string):
    try:
        parameters.read(REPORT, raw, from_query_string=from_query_string, today=TODAY)
    except InvalidParameters as error:
        found = error.errors
    else:
        found = ()
    assert all(error.pointer.startswith("/params/") for error in found)
