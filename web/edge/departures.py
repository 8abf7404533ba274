"""Readers who hang up while their answer is being computed: a note in Redis lets ``queries`` stop what nobody waits for.

Only misses are watched; a hit is over before anybody could leave.
"""

import select
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from broadsheet.caching.store import Store, departure_key

_LOOK_SECONDS = 0.25
_REMEMBERED_SECONDS = 60.0


@contextmanager
def noticed(environ: Mapping[str, Any], request_id: str, store: Store) -> Iterator[None]:
    """Watch the reader's connection during the block (where the server tells which it is)."""
    connection = environ.get("gunicorn.socket")
    if connection is None:
        yield
        return
    done = threading.Event()
    threading.Thread(target=_watch, args=(connection, request_id, store, done), name="departure", daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _watch(connection: socket.socket, request_id: str, store: Store, done: threading.Event) -> None:
    while not done.wait(_LOOK_SECONDS):
        try:
            readable, _, _ = select.select([connection], [], [], 0)
            if not readable:
                continue
            if connection.recv(1, socket.MSG_PEEK):
                return  # the next request is there already: the reader is, too
        except (OSError, ValueError):
            pass
        store.write({departure_key(request_id): (b"1", _REMEMBERED_SECONDS)})
        return
