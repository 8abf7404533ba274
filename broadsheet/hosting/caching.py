"""The cache of a service's process: one for all that look into it, and the side of an RPC method that answers for it.

Apart from the other providers because the Redis client alone takes 14 MB of a process.
"""

import contextlib
import random
import threading
from collections.abc import Callable, Sequence
from typing import Any

import eventlet
import msgspec
from nameko.extensions import DependencyProvider, SharedExtension

from broadsheet import errors
from broadsheet.caching.cache import Cache
from broadsheet.caching.counts import Counts
from broadsheet.caching.near import Line, Near
from broadsheet.caching.policy import policy_of, question
from broadsheet.caching.store import Store
from broadsheet.database import Database
from broadsheet.errors import BroadsheetError
from broadsheet.hosting.redis import redis_client
from broadsheet.hosting.settings import settings_of
from broadsheet.positions import Change
from broadsheet.rpc.cached import KeptReply
from broadsheet.rpc.signatures import signature

_EPOCH_SECONDS = 5.0


class ProcessCache(SharedExtension):  # type: ignore[misc]
    """The cache, made when it is first needed. With a database, it knows positions and moves them after a commit."""

    def __init__(self) -> None:
        super().__init__()
        self._cache: Cache | None = None
        self._database: Database | None = None
        self._line: Line | None = None
        self._stopped = False
        self._making = threading.Lock()

    def get(self) -> Cache:
        """The cache. No property: Nameko looks at every property of an extension when it binds it, before there are settings."""
        if self._cache is not None:
            return self._cache
        with self._making:
            if self._cache is None:
                settings = settings_of(self.container)
                store = Store(redis_client(settings, timeout_seconds=settings.cache_timeout_seconds))
                near = Near()
                self._line = Line(settings.redis_url, near)
                self._cache = Cache(store, counts=Counts(store), near=near, most_bytes=settings.cache_answer_bytes)
            return self._cache

    def owns(self, database: Database) -> None:
        """Positions are this database's."""
        self._database = database
        self.get().position = database.position
        eventlet.spawn_n(self._watch_epoch)

    def moved(self, changes: Sequence[Change], position: str) -> None:
        """Move what a commit has changed."""
        assert self._database is not None
        epoch = self._database.epoch
        for change in changes:
            self.get().store.move(change.token, epoch, position, change.tags)

    def stop(self) -> None:
        self._stopped = True
        if self._line is not None:
            self._line.close()
        if self._cache is not None:
            self._cache.counts.close()

    def _watch_epoch(self) -> None:
        """After a failover or a restore nothing may hold that was stored before: positions start again in a new epoch."""
        assert self._database is not None
        while not self._stopped:
            with contextlib.suppress(BroadsheetError):  # the database is away: the next round asks again
                self.get().store.plant(*self._database.position(), ())
            eventlet.sleep(_EPOCH_SECONDS * random.uniform(0.8, 1.2))


class Answers:
    """Answers the methods of one contract that have a policy, from the cache or computed once."""

    def __init__(self, contract: type, service: str, cache: Cache, newer_than: float | None = None):
        self._contract = contract
        self._service = service
        self.cache = cache
        self._newer_than = newer_than

    def serve(self, name: str, arguments: dict[str, Any], compute: Callable[[], Any]) -> Any:
        """The result of a method; with its dependencies, if it has a policy. Raises what ``compute`` raises, or raised when it was kept."""
        policy = policy_of(self._contract, name)
        if policy is None:
            return compute()
        asked = question(policy, f"{self._service}.{name}", arguments, shape=signature(self._contract, name).shape)
        entry, state = self.cache.serve(asked, policy, lambda: msgspec.json.encode(compute()), newer_than=self._newer_than)
        if not entry.ok:
            raise errors.from_wire(msgspec.json.decode(entry.value))
        return KeptReply(msgspec.Raw(entry.value), entry.tags, entry.stored_at, entry.fresh_until, state)


class AnswersProvider(DependencyProvider):  # type: ignore[misc]
    """What ``@rpc`` methods answer through."""

    process = ProcessCache()

    def get_dependency(self, worker_ctx: Any) -> Answers:
        cls = self.container.service_cls
        newer_than: float | None = None
        with contextlib.suppress(TypeError, ValueError):
            newer_than = float(worker_ctx.data.get("refresh"))
        return Answers(cls.contract, self.container.service_name, self.process.get(), newer_than)


class CacheProvider(DependencyProvider):  # type: ignore[misc]
    """The cache itself."""

    process = ProcessCache()

    def get_dependency(self, worker_ctx: Any) -> Cache:
        return self.process.get()
