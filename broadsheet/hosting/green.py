"""psycopg2 under eventlet: while one greenlet waits for PostgreSQL, the others run; and connecting ends in time.

psycogreen's own callback is not enough. libpq's ``connect_timeout`` holds only where libpq itself waits; a green connection waits here,
so a server that accepts and never answers would hold its caller for ever.
"""

import time

import eventlet.hubs
import psycopg2
from psycopg2 import extensions

_CONNECT_SECONDS = 10.0
_CONNECTED = (extensions.STATUS_READY, extensions.STATUS_BEGIN, extensions.STATUS_PREPARED)


def patch_psycopg() -> None:
    """Make every psycopg2 connection of this process a green one, once, at its start."""
    extensions.set_wait_callback(_wait)


def _wait(connection: extensions.connection) -> None:
    """Until PostgreSQL has answered. Raises psycopg2.OperationalError when connecting takes longer than ``connect_timeout``."""
    deadline = None if connection.status in _CONNECTED else time.monotonic() + _connect_timeout_seconds(connection)
    while True:
        state = connection.poll()
        if state == extensions.POLL_OK:
            return
        left = None if deadline is None else max(deadline - time.monotonic(), 0.001)
        eventlet.hubs.trampoline(
            connection.fileno(),
            read=state == extensions.POLL_READ,
            write=state == extensions.POLL_WRITE,
            timeout=left,
            timeout_exc=psycopg2.OperationalError("timeout expired while connecting"),
        )


def _connect_timeout_seconds(connection: extensions.connection) -> float:
    return float(extensions.parse_dsn(connection.dsn).get("connect_timeout", _CONNECT_SECONDS)) or _CONNECT_SECONDS
