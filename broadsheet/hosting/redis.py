"""Dependency providers that stand on Redis. Apart from the others, because the client alone takes 14 MB of a process."""

from typing import Any

import redis
from nameko.extensions import DependencyProvider

from broadsheet.hosting.settings import settings_of
from broadsheet.live import LiveLog
from broadsheet.settings import Settings


def redis_client(settings: Settings, *, timeout_seconds: float = 1.0) -> "redis.Redis":
    """A Redis client whose every call ends within ``timeout_seconds``."""
    return redis.Redis.from_url(
        settings.redis_url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        health_check_interval=15,
        client_name="broadsheet",
        retry=None,
    )


class LiveProvider(DependencyProvider):  # type: ignore[misc]
    """The live log."""

    def setup(self) -> None:
        self._live = LiveLog(redis_client(settings_of(self.container)))

    def get_dependency(self, worker_ctx: Any) -> LiveLog:
        return self._live
