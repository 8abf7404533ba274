"""The hot path: a query's result out of Redis in one round trip, sent as it was stored.

A claim says where the bytes are. This process remembers the claim it saw last for a question, so that it asks for claim, positions and
bytes at once; if the claim has changed meanwhile, it asks once more. What is not there is computed by ``queries``.
"""

import time
from collections import OrderedDict
from typing import Any, cast

import msgspec
from flask import Request
from werkzeug.datastructures import Headers

from broadsheet.caching.cache import Cache, Look, State
from broadsheet.caching.encodings import IDENTITY, best, unpacked
from broadsheet.caching.entries import etag_of, unseal
from broadsheet.contracts.base import Principal
from broadsheet.contracts.queries import Queries, ReadOrder, ResultClaim
from broadsheet.rpc.cached import CachedCall

_MOST_KNOWN = 20_000


class Read(msgspec.Struct, frozen=True):
    """A result as it goes out. ``body`` is in ``encoding``; ``None`` when the reader has it already."""

    etag: str
    encoding: str
    body: bytes | None
    state: State
    age_seconds: float


class Reads:
    """Results of queries, as this process of the edge reads them."""

    def __init__(self, queries: Queries, cache: Cache):
        self._queries = queries
        self._data = cast(CachedCall, queries.data)
        self._view = cast(CachedCall, queries.view)
        self._cache = cache
        self._known: OrderedDict[str, tuple[bytes, ResultClaim]] = OrderedDict()

    def data(self, principal: Principal, order: ReadOrder, query: str, limit: int | None, request: Request) -> Read:
        """One query's result, for what the request's headers accept and have."""
        named: dict[str, Any] = {"principal": principal, "order": order, "query": query, "limit": limit}
        asked = self._data.question(named)
        has = request.environ.get("HTTP_IF_NONE_MATCH", "")
        accepted = request.environ.get("HTTP_ACCEPT_ENCODING", "")
        known = self._known.get(asked.key)
        wanted = _address(known[1], accepted) if known is not None and known[1].etag not in has else None
        look = self._cache.look(asked, (wanted,) if wanted is not None else ())
        entry = self._data.usable(asked, named, look)
        if entry is None:
            answered = self._data.ask_service(named, asked)
            state = State.HIT if answered.value.hit else State.MISS
            return self._read(named, answered.value, state, answered.stored_at, has, accepted, None, _NOTHING)
        if known is not None and known[0] == entry.value:
            claim = known[1]
        else:
            claim = self._data.result(entry)
            self._remember(asked.key, entry.value, claim)
        return self._read(named, claim, look.state, entry.stored_at, has, accepted, wanted, look)

    def view(self, principal: Principal, order: ReadOrder, request: Request) -> Read:
        """A report's document, as JSON."""
        named: dict[str, Any] = {"principal": principal, "order": order}
        asked = self._view.question(named)
        look = self._cache.look(asked)
        entry = self._view.usable(asked, named, look)
        if entry is None:
            answered = self._view.ask_service(named, asked)
            body, state, stored_at = msgspec.json.encode(answered.value), answered.state, answered.stored_at
        else:
            if not entry.ok:
                self._view.result(entry)
            body, state, stored_at = entry.value, look.state, entry.stored_at
        etag = etag_of(body)
        has = request.environ.get("HTTP_IF_NONE_MATCH", "")
        return Read(etag, IDENTITY, None if etag in has else body, state, max(0.0, time.time() - stored_at))

    def _read(
        self,
        named: dict[str, Any],
        claim: ResultClaim,
        state: State,
        stored_at: float,
        has: str,
        accepted: str,
        fetched: str | None,
        look: Look,
    ) -> Read:
        age = max(0.0, time.time() - stored_at)
        encoding = best(accepted, claim.encodings)
        if claim.etag in has:
            return Read(claim.etag, encoding, None, state, age)
        if claim.body is not None:
            return Read(claim.etag, IDENTITY, claim.body.encode(), state, age)
        address = _address(claim, accepted)
        if fetched == address:
            body = unseal(look.also[0]) if look.also else None
        else:
            found = self._cache.store.read([address])
            body = unseal(found[0]) if found else None
        if body is None:  # dropped a moment ago, or Redis is gone
            claim = self._queries.data_itself(**named)
            return Read(claim.etag, IDENTITY, (claim.body or "").encode(), State.MISS, 0.0)
        stored = address.rpartition(":")[2]
        return Read(claim.etag, encoding, body if stored == encoding else unpacked(body, stored), state, age)

    def _remember(self, key: str, value: bytes, claim: ResultClaim) -> None:
        self._known[key] = (value, claim)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)


_NOTHING = Look(State.MISS)


def _address(claim: ResultClaim, accepted: str) -> str:
    """Where the bytes are, in the best encoding that is stored."""
    encoding = best(accepted, claim.encodings)
    stored = encoding if encoding in claim.encodings or not claim.encodings else claim.encodings[0]
    return f"{claim.key}:{stored}"


def headers(read: Read) -> Headers:
    """What a client is told about a result (RFC 9110, RFC 9111)."""
    encoded = read.encoding != IDENTITY
    made = Headers()
    made["ETag"] = f'"{read.etag}.{read.encoding}"' if encoded else f'"{read.etag}"'
    made["Cache-Control"] = "private, no-cache"
    made["Vary"] = "Accept-Encoding"
    made["Broadsheet-Cache"] = read.state.value
    made["Age"] = str(round(read.age_seconds))
    if encoded and read.body is not None:
        made["Content-Encoding"] = read.encoding
    return made
