"""Signalling a process that is not our child, without ever hitting another that got its number meanwhile."""

import os
import select
import signal
from collections.abc import Callable
from contextlib import suppress


def send(pid: int, number: signal.Signals, *, still: Callable[[], bool]) -> None:
    """Send a signal to ``pid`` if ``still`` it is the process that was meant.

    ``still`` is asked while a handle (pidfd) is held, so its answer stays true until the signal is sent.
    """
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return
    try:
        if still():
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, number)
    finally:
        os.close(handle)


def has_ended(pid: int, *, within_seconds: float) -> bool:
    """Wait for the end of a process; says whether it came."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return True
    try:
        return bool(select.select([handle], [], [], within_seconds)[0])
    finally:
        os.close(handle)
