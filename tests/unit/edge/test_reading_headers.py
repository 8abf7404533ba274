"""What the edge reads out of a request by itself."""

from typing import Any

import pytest
from flask import Flask

from broadsheet.errors import PreconditionFailed
from web.edge.api.reports import _if_version
from web.edge.api.runs import _range
from web.edge.parameters import parameters


def _within(**request: Any) -> Any:
    return Flask("test").test_request_context(**request)


@pytest.mark.parametrize(("tag", "version"), [(None, None), ("*", None), ('"v3"', 3), ("v3", 3), ("3", 3), (' "v12" ', 12)])
def test_if_match_names_the_version_that_was_changed(tag: str | None, version: int | None) -> None:
    with _within(headers={} if tag is None else {"If-Match": tag}):
        assert _if_version() == version


@pytest.mark.parametrize(
    "tag",
    ["", "latest", '"v"', '"v-1"', 'W/"v3"', '"v3", "v4"', "v1.0", '"v' + "9" * 5000 + '"', '"v99999999999999999999"', "v³", "v٣"],
)
def test_an_if_match_that_is_no_version_of_ours_does_not_match(tag: str) -> None:
    with _within(headers={"If-Match": tag}), pytest.raises(PreconditionFailed):
        _if_version()


def test_parameters_of_a_report_are_told_by_their_prefix() -> None:
    sent = [("param.since", "2013-01-01"), ("param.regions", "a"), ("param.regions", "b"), ("limit", "5"), ("param.empty", "")]
    assert parameters(sent) == {"since": "2013-01-01", "regions": ["a", "b"], "empty": ""}


def test_one_range_of_bytes_is_understood() -> None:
    with _within(headers={"Range": "bytes=5-9"}):
        assert _range('"tag"').range_for_length(100) == (5, 10)


@pytest.mark.parametrize(
    "value", ["", "bytes", "bytes=", "bytes=a-b", "lines=1-2", "bytes=1-2,4-5", "bytes=9-5", "bytes=" + "9" * 5000 + "-"]
)
def test_any_other_range_is_as_if_none_were_asked_for(value: str) -> None:
    with _within(headers={"Range": value}):
        assert _range('"tag"') is None


@pytest.mark.parametrize(("if_range", "counts"), [('"tag"', True), ('"other"', False), ("Wed, 21 Oct 2015 07:28:00 GMT", False)])
def test_a_range_of_another_file_gives_the_whole_one(if_range: str, counts: bool) -> None:
    with _within(headers={"Range": "bytes=0-1", "If-Range": if_range}):
        assert (_range('"tag"') is not None) is counts
