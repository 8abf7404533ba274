"""Dependency providers: what a service may use, injected as the smallest thing that does it."""

from typing import Any

import redis
from nameko.extensions import DependencyProvider

from broadsheet.caching import Cache
from broadsheet.database import Database
from broadsheet.hosting.entrypoint import bind_request_id
from broadsheet.live import LiveLog
from broadsheet.rpc.client import remote
from broadsheet.rpc.transport import AmqpTransport
from broadsheet.settings import Settings


def settings_of(container: Any) -> Settings:
    """The process's settings, as the runner put them into Nameko's configuration."""
    settings: Settings = container.config["settings"]
    return settings


class SettingsProvider(DependencyProvider):  # type: ignore[misc]
    """The settings of this process; also binds the request id to the worker's log lines."""

    def worker_setup(self, worker_ctx: Any) -> None:
        bind_request_id(worker_ctx)

    def get_dependency(self, worker_ctx: Any) -> Settings:
        return settings_of(self.container)


class DatabaseProvider(DependencyProvider):  # type: ignore[misc]
    """The service's own schema."""

    def __init__(self, schema: str):
        self._schema = schema
        self._database: Database | None = None

    def setup(self) -> None:
        settings = settings_of(self.container)
        self._database = Database(settings.database_url, settings.database_replica_urls, schema=self._schema)

    def stop(self) -> None:
        if self._database is not None:
            self._database.dispose()

    def get_dependency(self, worker_ctx: Any) -> Database | None:
        return self._database


class RemoteProvider(DependencyProvider):  # type: ignore[misc]
    """Another service, by its contract."""

    def __init__(self, contract: type):
        self._contract = contract
        self._transport: AmqpTransport | None = None
        self._remote: Any = None

    def setup(self) -> None:
        settings = settings_of(self.container)
        self._transport = AmqpTransport(settings.amqp_url, name=self.container.service_name, in_flight=settings.rpc_in_flight)
        self._remote = remote(self._contract, self._transport, timeout_seconds=settings.rpc_timeout_seconds)

    def stop(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def get_dependency(self, worker_ctx: Any) -> Any:
        return self._remote


def redis_client(settings: Settings, *, timeout_seconds: float = 1.0) -> "redis.Redis":
    """A Redis client whose every call ends within ``timeout_seconds``."""
    return redis.Redis.from_url(
        settings.redis_url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        health_check_interval=15,
        client_name="broadsheet",
    )


class CacheProvider(DependencyProvider):  # type: ignore[misc]
    """Cached answers in Redis."""

    def setup(self) -> None:
        self._cache = Cache(redis_client(settings_of(self.container)))

    def get_dependency(self, worker_ctx: Any) -> Cache:
        return self._cache


class LiveProvider(DependencyProvider):  # type: ignore[misc]
    """The live log."""

    def setup(self) -> None:
        self._live = LiveLog(redis_client(settings_of(self.container)))

    def get_dependency(self, worker_ctx: Any) -> LiveLog:
        return self._live
