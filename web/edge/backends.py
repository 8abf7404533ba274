"""What the edge stands on, made once per worker process and handed to the views by ``current_app``."""

from typing import cast

import msgspec
import redis
from flask import current_app

from broadsheet.artifacts import ArtifactStore
from broadsheet.caching.cache import Cache
from broadsheet.caching.counts import Counts
from broadsheet.caching.near import Line, Near
from broadsheet.caching.store import Store
from broadsheet.contracts.accounts import Accounts
from broadsheet.contracts.catalog import Catalog
from broadsheet.contracts.notifications import Notifications
from broadsheet.contracts.queries import Queries
from broadsheet.contracts.runs import Runs
from broadsheet.live import LiveLog
from broadsheet.rpc.client import remote
from broadsheet.rpc.transport import AmqpTransport
from broadsheet.settings import Settings
from web.edge.pages import Pages
from web.edge.reads import Reads

#: A reader waits for a query this much longer than the query itself may take.
_QUERY_MARGIN_SECONDS = 5.0


class Backends(msgspec.Struct, frozen=True):
    """Services by their contracts, and what the edge reads itself."""

    settings: Settings
    accounts: Accounts
    catalog: Catalog
    queries: Queries
    runs: Runs
    notifications: Notifications
    cache: Cache
    artifacts: ArtifactStore
    reads: Reads
    pages: Pages
    transport: AmqpTransport
    redis: "redis.Redis"

    def forget(self, tag: str) -> None:
        """Drop this process's copies of what depends on ``tag``, before the news of it comes back."""
        if self.cache.near is not None:
            self.cache.near.moved(tag)


def connect(settings: Settings) -> Backends:
    """Backends for these settings. Nothing here waits for a server to be up."""
    transport = AmqpTransport(settings.amqp_url, name="edge", in_flight=settings.rpc_in_flight)
    client = redis.Redis.from_url(settings.redis_url, socket_timeout=1, socket_connect_timeout=1, health_check_interval=15)
    patient = redis.Redis.from_url(settings.redis_url, socket_timeout=10, socket_connect_timeout=1)
    seconds = settings.rpc_timeout_seconds
    cache = _cache(settings)
    patience = 2 * (settings.query_timeout_seconds + _QUERY_MARGIN_SECONDS)
    queries = remote(Queries, transport, timeout_seconds=patience, cache=cache)
    return Backends(
        settings=settings,
        accounts=remote(Accounts, transport, timeout_seconds=seconds, cache=cache),
        catalog=remote(Catalog, transport, timeout_seconds=seconds, cache=cache),
        queries=queries,
        runs=remote(Runs, transport, timeout_seconds=seconds, cache=cache),
        notifications=remote(Notifications, transport, timeout_seconds=seconds, cache=cache),
        cache=cache,
        artifacts=ArtifactStore(settings.artifacts_url),
        reads=Reads(queries, cache),
        pages=Pages(LiveLog(patient)),
        transport=transport,
        redis=client,
    )


def _cache(settings: Settings) -> Cache:
    seconds = settings.cache_timeout_seconds
    client = redis.Redis.from_url(settings.redis_url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=None)
    near = Near()
    Line(settings.redis_url, near)
    store = Store(client)
    return Cache(store, counts=Counts(store), near=near, most_bytes=settings.cache_answer_bytes)


def backends() -> Backends:
    """The backends of the running application."""
    return cast(Backends, current_app.extensions["broadsheet"])
