"""Dependency providers: what a service may use, injected as the smallest thing that does it."""

from collections.abc import Callable
from typing import Any

from nameko.extensions import DependencyProvider

from broadsheet import sqlcomments
from broadsheet.database import Database
from broadsheet.hosting.caching import ProcessCache
from broadsheet.hosting.entrypoint import bind_request_id
from broadsheet.hosting.settings import settings_of
from broadsheet.rpc.client import remote
from broadsheet.rpc.transport import AmqpTransport
from broadsheet.settings import Settings


class SettingsProvider(DependencyProvider):  # type: ignore[misc]
    """The settings of this process; also binds the request id to the worker's log lines, and the call to its statements."""

    def worker_setup(self, worker_ctx: Any) -> None:
        bind_request_id(worker_ctx)
        method = f"{worker_ctx.service_name}.{worker_ctx.entrypoint.method_name}"
        sqlcomments.bind(
            method=method, call=worker_ctx.call_id.removeprefix(f"{method}."), request=worker_ctx.data.get("request_id")
        )

    def get_dependency(self, worker_ctx: Any) -> Settings:
        return settings_of(self.container)


class DatabaseProvider(DependencyProvider):  # type: ignore[misc]
    """The service's own schema. What a commit has changed, it moves in the cache."""

    process = ProcessCache()

    def __init__(self, schema: str):
        self._schema = schema
        self._database: Database | None = None

    def setup(self) -> None:
        settings = settings_of(self.container)
        self._database = Database(
            settings.database_url,
            settings.database_replica_urls,
            schema=self._schema,
            max_lag_seconds=settings.replica_lag_seconds,
            after_commit=self.process.moved,
        )
        self.process.owns(self._database)

    def stop(self) -> None:
        if self._database is not None:
            self._database.dispose()

    def get_dependency(self, worker_ctx: Any) -> Database | None:
        return self._database


class RemoteProvider(DependencyProvider):  # type: ignore[misc]
    """Another service, by its contract, with its answers out of the cache."""

    process = ProcessCache()

    def __init__(self, contract: type):
        self._contract = contract
        self._transport: AmqpTransport | None = None
        self._remote: Any = None

    def setup(self) -> None:
        settings = settings_of(self.container)
        self._transport = AmqpTransport(settings.amqp_url, name=self.container.service_name, in_flight=settings.rpc_in_flight)
        self._remote = remote(
            self._contract, self._transport, timeout_seconds=settings.rpc_timeout_seconds, cache=self.process.get()
        )

    def stop(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def get_dependency(self, worker_ctx: Any) -> Any:
        return self._remote


class Shared(DependencyProvider):  # type: ignore[misc]
    """One object of this process, made by ``factory`` when the service starts."""

    def __init__(self, factory: Callable[[], Any]):
        self._factory = factory
        self._object: Any = None

    def setup(self) -> None:
        self._object = self._factory()

    def get_dependency(self, worker_ctx: Any) -> Any:
        return self._object
