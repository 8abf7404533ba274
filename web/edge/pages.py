"""Open pages of one edge process: one reader of the live log, and a bounded mailbox for each page.

A page that does not keep up loses its connection and comes back with ``Last-Event-ID``; it is then replayed what it missed.
"""

import queue
import random
import threading
from collections.abc import Iterator

import redis

from broadsheet.live import LiveEvent, LiveLog
from broadsheet.logs import logger

_MAILBOX = 500
_BLOCK_SECONDS = 5.0
_HEARTBEAT_SECONDS = 15.0


class Pages:
    """Everybody who listens here. The reader starts with the first page."""

    def __init__(self, log: LiveLog):
        self._live = log
        self._mailboxes: dict[int, tuple[str, str, queue.Queue[LiveEvent | None]]] = {}
        self._guard = threading.Lock()
        self._reader: threading.Thread | None = None
        self._log = logger(__name__)

    def listen(self, organization_id: str, user_id: str, last_event_id: str | None) -> Iterator[bytes]:
        """The event stream (HTML Living Standard, 9.2) of one page, for as long as it is read."""
        mailbox: queue.Queue[LiveEvent | None] = queue.Queue(_MAILBOX)
        with self._guard:
            self._mailboxes[id(mailbox)] = (organization_id, user_id, mailbox)
            if self._reader is None:
                self._reader = threading.Thread(target=self._read_forever, name="live-log", daemon=True)
                self._reader.start()
        try:
            yield b"retry: 1000\n: welcome\n\n"
            seen = ""
            for event in self._missed(last_event_id):
                if _is_for(event, organization_id, user_id):
                    seen = event.id
                    yield _frame(event)
            while True:
                try:
                    event_or_end = mailbox.get(timeout=_HEARTBEAT_SECONDS)
                except queue.Empty:
                    yield b": still here\n\n"
                    continue
                if event_or_end is None:
                    return
                if _order(event_or_end.id) > _order(seen):
                    yield _frame(event_or_end)
        finally:
            with self._guard:
                self._mailboxes.pop(id(mailbox), None)

    def _missed(self, last_event_id: str | None) -> list[LiveEvent]:
        if not last_event_id:
            return []
        try:
            return self._live.after(last_event_id)
        except redis.RedisError as error:
            self._log.warning("live.unavailable", error=str(error))
            return []

    def _read_forever(self) -> None:
        last = "$"
        while True:
            try:
                if last == "$":
                    last = self._live.newest_id()
                for event in self._live.follow(last, block_seconds=_BLOCK_SECONDS):
                    last = event.id
                    self._give(event)
            except redis.RedisError as error:
                self._log.warning("live.unavailable", error=str(error))
                threading.Event().wait(random.uniform(0.2, 1.0))

    def _give(self, event: LiveEvent) -> None:
        with self._guard:
            for organization_id, user_id, mailbox in self._mailboxes.values():
                if not _is_for(event, organization_id, user_id):
                    continue
                try:
                    mailbox.put_nowait(event)
                except queue.Full:
                    while not mailbox.empty():
                        mailbox.get_nowait()
                    mailbox.put_nowait(None)


def _is_for(event: LiveEvent, organization_id: str, user_id: str) -> bool:
    return event.organization_id == organization_id and event.user_id in (None, user_id)


def _order(event_id: str) -> tuple[int, int]:
    first, _, second = event_id.partition("-")
    return (int(first or 0), int(second or 0))


def _frame(event: LiveEvent) -> bytes:
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (event.id.encode(), event.kind.encode(), event.data)
