"""Redis connections for the one command of a hit.

redis-py's client looks whether a connection has something to read before it uses it, and wraps every command several times: measured,
half of what a cached read costs. Here a connection is used as it is, and one that has died while it lay idle is replaced once.

What a reader would get wrong: a pool's ``make_connection`` counts what it ever made, and refuses to make the hundred and first.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any

import redis

Command = Sequence[str | bytes]


def connected(pool: "redis.ConnectionPool") -> Any:
    """A connection of its own with a pool's settings. Raises ``redis.RedisError`` or ``OSError``."""
    connection: Any = pool.connection_class(**pool.connection_kwargs)
    connection.connect()
    return connection


class Connections:
    """Idle connections of one client's pool settings. Threads and greenlets may share it."""

    def __init__(self, client: "redis.Redis"):
        self._pool = client.connection_pool
        self._idle: deque[Any] = deque()

    def command(self, *parts: str) -> Any:
        """The reply to one command. Raises ``redis.RedisError`` or ``OSError``."""
        return self.commands(parts)[0]

    def commands(self, *commands: Command) -> list[Any]:
        """The replies to several, sent at once; they may be sent twice. Raises the first error among them, after all are read."""
        try:
            connection = self._idle.pop()
        except IndexError:
            return self._ask(connected(self._pool), commands)
        try:
            return self._ask(connection, commands)
        except (redis.ConnectionError, OSError) as error:
            if isinstance(error, redis.TimeoutError | TimeoutError):
                raise
            self._drop_idle()
            return self._ask(connected(self._pool), commands)

    def _ask(self, connection: Any, commands: Sequence[Command]) -> list[Any]:
        replies = []
        try:
            if len(commands) == 1:
                connection.send_command(*commands[0], check_health=False)
            else:
                connection.send_packed_command(connection.pack_commands(commands), check_health=False)
            for _ in commands:
                try:
                    replies.append(connection.read_response())
                except redis.ResponseError as error:
                    replies.append(error)
        finally:
            if len(replies) == len(commands):
                self._idle.append(connection)
            else:
                connection.disconnect()  # a reply may still come, and must not be taken for the next one's
        for reply in replies:
            if isinstance(reply, redis.ResponseError):
                raise reply
        return replies

    def _drop_idle(self) -> None:
        """Those that lay idle with one that has died are dead too."""
        while self._idle:
            self._idle.pop().disconnect()
