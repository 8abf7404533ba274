"""What a person is told when a part of the local stack does not come up: one line why, the log's last lines, what to do.

The reason is guessed from what servers print; an unknown message still shows the log itself, so nothing is swallowed.
"""

from collections.abc import Sequence

_KNOWN = (
    ("No space left on device", "the disk is full", "Free some space, or set BROADSHEET_HOME to a folder on another disk."),
    ("Disk quota exceeded", "the disk quota is used up", "Free some space, or set BROADSHEET_HOME to a folder on another disk."),
    ("Address already in use", "its port is taken", "Stop what holds the port (ss -ltnp shows it), then start again."),
    ("eaddrinuse", "its port is taken", "Stop what holds the port (ss -ltnp shows it), then start again."),
    ("Permission denied", "it lacks a right", "Check who owns the data folder; start as the user who started it first."),
    ("Cannot allocate memory", "there is not enough memory", "About 1.5 GB of free memory are needed."),
    ("OutOfMemoryError", "there is not enough memory", "About 1.5 GB of free memory are needed."),
    ("has no execute permissions", "it lacks a right", "Check who owns the data folder; start as the user who started it first."),
)


class ServerFailed(Exception):
    """A part of the local stack did not come up or did not do what it must.

    ``name`` is the part, ``reason`` one line, ``log_tail`` its last log lines (maybe none), ``advice`` what a person can do.
    """

    def __init__(self, name: str, reason: str, log_tail: Sequence[str] = (), advice: str = ""):
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason
        self.log_tail = tuple(log_tail)
        self.advice = advice


def explained(name: str, what: str, log_tail: Sequence[str], log_path: object) -> ServerFailed:
    """The failure of ``name``, with the cause and the advice that its log lines suggest."""
    text = "\n".join(log_tail)
    for sign, cause, advice in _KNOWN:
        if sign in text:
            return ServerFailed(name, f"{what}: {cause}", log_tail, advice)
    return ServerFailed(name, what, log_tail, f"See {log_path}; 'make reset' starts over with empty data.")
