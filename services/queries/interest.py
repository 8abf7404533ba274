"""Who still waits for a query: one that nobody waits for any more is cancelled at its source.

The edge leaves a note in Redis when a reader hangs up (``web/edge/departures.py``); here it is looked for while a query runs long.
Interest is known within a process: another process that waits for the same answer computes it itself when this one gives up.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import eventlet

from broadsheet.caching.store import Store, departure_key

#: Queries that are done sooner are not worth a look.
_FIRST_LOOK_SECONDS = 0.5
_LOOK_SECONDS = 0.5
_NOBODY = ""


class Interest:
    """Requests by the question they wait for."""

    def __init__(self, store: Store):
        self._store = store
        self._waiting: dict[str, Counter[str]] = {}
        self._guard = threading.Lock()

    @contextmanager
    def of(self, request_id: str | None, question: str) -> Iterator[None]:
        """A request waits for a question's answer during the block; work without a request (``None``) waits whatever happens."""
        name = request_id or _NOBODY
        with self._guard:
            self._waiting.setdefault(question, Counter())[name] += 1
        try:
            yield
        finally:
            with self._guard:
                waiting = self._waiting[question]
                waiting[name] -= 1
                if not waiting[name]:
                    del waiting[name]
                if not waiting:
                    del self._waiting[question]

    @contextmanager
    def watching(self, question: str, cancel: Callable[[], None]) -> Iterator[None]:
        """Call ``cancel`` once, when everybody who waits for the question has hung up before the block ends."""
        watcher = eventlet.spawn(self._watch, question, cancel)
        try:
            yield
        finally:
            watcher.kill()

    def _watch(self, question: str, cancel: Callable[[], None]) -> None:
        eventlet.sleep(_FIRST_LOOK_SECONDS)
        while not self._all_gone(question):
            eventlet.sleep(_LOOK_SECONDS)
        cancel()

    def _all_gone(self, question: str) -> bool:
        with self._guard:
            waiting = list(self._waiting.get(question, ()))
        if not waiting or _NOBODY in waiting:
            return False
        found = self._store.read([departure_key(request_id) for request_id in waiting])
        return found is not None and all(found)
