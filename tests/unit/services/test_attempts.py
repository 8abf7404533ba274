"""Wrong passwords in a row."""

import pytest

from broadsheet.errors import TooManyRequests
from services.accounts.attempts import MOST_FAILURES, WINDOW_SECONDS, Attempts


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _after_failures(clock: _Clock, count: int = MOST_FAILURES) -> Attempts:
    attempts = Attempts(clock)
    for _ in range(count):
        attempts.failed("ada@example.com")
    return attempts


def test_too_many_wrong_passwords_make_an_address_wait() -> None:
    attempts = _after_failures(_Clock())
    with pytest.raises(TooManyRequests) as refused:
        attempts.check("ada@example.com")
    assert refused.value.retry_after_seconds == WINDOW_SECONDS


def test_another_address_does_not_wait() -> None:
    _after_failures(_Clock()).check("bob@example.com")


def test_the_wait_ends() -> None:
    clock = _Clock()
    attempts = _after_failures(clock)
    clock.now = WINDOW_SECONDS + 1
    attempts.check("ada@example.com")


def test_a_right_password_forgets_the_wrong_ones() -> None:
    attempts = _after_failures(_Clock(), MOST_FAILURES - 1)
    attempts.succeeded("ada@example.com")
    attempts.failed("ada@example.com")
    attempts.check("ada@example.com")
