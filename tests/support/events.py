"""A page that listens: the server-sent events of one principal, read until a deadline."""

import http.client
import json
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import msgspec

from tests.support.api import Api
from tests.support.waiting import until


class Seen(msgspec.Struct, frozen=True):
    """One event as a page sees it."""

    id: str
    kind: str
    data: Any


class Page:
    """Use as a context. ``events`` grows while it is open."""

    def __init__(self, api: Api, last_event_id: str | None = None):
        headers = {"Authorization": f"Bearer {api.token}"} | ({"Last-Event-ID": last_event_id} if last_event_id else {})
        self._connection = http.client.HTTPConnection(api.host, api.port, timeout=60)
        self._connection.request("GET", "/api/v1/events", headers=headers)
        self.response = self._connection.getresponse()
        self.events: list[Seen] = []
        self._welcomed = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def wait_for(self, kind: str, fits: Callable[[Any], bool] = lambda data: True) -> Seen:
        """The first event of a kind whose data fit."""

        def look() -> Seen | None:
            return next((event for event in list(self.events) if event.kind == kind and fits(event.data)), None)

        found = until(look, what=f"an event {kind}")
        assert found is not None
        return found

    def __enter__(self) -> Self:
        assert self.response.status == 200
        self._thread.start()
        assert self._welcomed.wait(30)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        sock = getattr(self.response.fp, "raw", None)
        if sock is not None and getattr(sock, "_sock", None) is not None:
            sock._sock.shutdown(2)
        self._thread.join(5)
        self._connection.close()

    def _read(self) -> None:
        fields: dict[str, str] = {}
        try:
            for raw in self.response:
                line = raw.decode().rstrip("\n")
                if line.startswith(":"):
                    self._welcomed.set()
                elif line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "data" in fields:
                    self.events.append(Seen(fields["id"], fields["event"], json.loads(fields["data"])))
                    fields = {}
                else:
                    fields = {}
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            return
