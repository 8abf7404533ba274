"""Redis connections for the one command of a hit.

redis-py's client looks whether a connection has something to read before it uses it, and wraps every command several times: measured,
half of what a cached read costs. Here a connection is used as it is, and one that has died while it lay idle is replaced once.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any

import redis


class Connections:
    """Idle connections of one client's pool settings. Threads and greenlets may share it."""

    def __init__(self, client: "redis.Redis"):
        self._pool = client.connection_pool
        self._idle: deque[Any] = deque()

    def command(self, *parts: str) -> Any:
        """The reply to one command. Raises ``redis.RedisError`` or ``OSError``."""
        try:
            connection = self._idle.pop()
        except IndexError:
            return self._ask(self._new(), parts)
        try:
            return self._ask(connection, parts)
        except (redis.ConnectionError, OSError) as error:
            if isinstance(error, redis.TimeoutError | TimeoutError):
                raise
            self._drop_idle()
            return self._ask(self._new(), parts)

    def _new(self) -> Any:
        connection: Any = self._pool.make_connection()
        connection.connect()
        return connection

    def _ask(self, connection: Any, parts: Sequence[str]) -> Any:
        done = False
        try:
            connection.send_command(*parts, check_health=False)
            reply = connection.read_response()
            done = True
        except redis.ResponseError:
            done = True
            raise
        finally:
            if done:
                self._idle.append(connection)
            else:
                connection.disconnect()  # a reply may still come, and must not be taken for the next one's
        return reply

    def _drop_idle(self) -> None:
        """Those that lay idle with one that has died are dead too."""
        while self._idle:
            self._idle.pop().disconnect()
