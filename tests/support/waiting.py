"""Waiting for what will happen, with a deadline: never a bare sleep."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(happened: Callable[[], T], *, within_seconds: float = 30.0, what: str = "it") -> T:
    """The first true answer of ``happened``. Fails the test when there is none in time."""
    deadline = time.monotonic() + within_seconds
    while True:
        answer = happened()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {within_seconds:g} s; last answer: {answer!r}")
        time.sleep(0.05)
