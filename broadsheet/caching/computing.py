"""What an answer is made of, gathered while it is computed: every cached answer used on the way adds its own dependencies and age.

One computation is current per worker (a context variable). Work handed to other greenlets or threads carries it along only with
``contextvars.copy_context``.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar


class Computation:
    """One answer in the making.

    ``newer_than`` (POSIX seconds): it is to replace the one that was stored then, so parts that are stale, or as old, will not do.
    """

    def __init__(self, tags: Mapping[str, str], *, storable: bool, newer_than: float | None = None):
        self.tags = dict(tags)
        self.storable = storable
        self.newer_than = newer_than
        self.ttl_seconds: float | None = None
        self.stale_seconds: float | None = None
        self.fresh_until = float("inf")
        self.read_at = float("inf")

    def used(self, tags: Mapping[str, str] | None, fresh_until: float) -> None:
        """It was made of an answer with these tags; ``None`` when nobody knows what that depends on."""
        if tags is None:
            self.storable = False
            return
        for tag, position in tags.items():
            known = self.tags.get(tag)
            self.tags[tag] = position if known is None else min(known, position)
        self.fresh_until = min(self.fresh_until, fresh_until)

    def read(self, posix_seconds: float) -> None:
        """It is made of data that were read then."""
        self.read_at = min(self.read_at, posix_seconds)

    def until(self, posix_seconds: float) -> None:
        """It is not true any longer than this."""
        self.fresh_until = min(self.fresh_until, posix_seconds)

    def lasts(self, ttl_seconds: float, stale_seconds: float) -> None:
        """Keep it for this long instead of what the method says."""
        self.ttl_seconds, self.stale_seconds = ttl_seconds, stale_seconds


_current: ContextVar[Computation | None] = ContextVar("computation", default=None)


def current() -> Computation | None:
    """The computation under way here."""
    return _current.get()


@contextmanager
def computing(computation: Computation) -> Iterator[Computation]:
    """Make it the current one."""
    token = _current.set(computation)
    try:
        yield computation
    finally:
        _current.reset(token)
