"""The hot path: a query's result out of Redis in one round trip, sent as it was stored.

A claim says where the bytes are. This process remembers the claim it saw last for a question, so that it asks for claim, positions and
bytes at once; if the claim has changed meanwhile, it asks once more. What is not there is computed by ``queries``.
"""

import time
from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, cast

import msgspec
from flask import g

from broadsheet.caching.cache import Cache, State
from broadsheet.caching.counts import Outcome
from broadsheet.caching.encodings import IDENTITY, best, unpacked
from broadsheet.caching.entries import etag_of, unseal
from broadsheet.contracts.base import Principal
from broadsheet.contracts.queries import Queries, ReadOrder, ResultClaim
from broadsheet.rpc.cached import CachedCall
from web.edge.departures import noticed

_MOST_KNOWN = 20_000

#: In the environment of a request whose result was looked for a moment ago and is not there.
MISSED = "broadsheet.missed"

#: A WSGI environment.
Environ = Mapping[str, Any]


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

    def data(self, principal: Principal, order: ReadOrder, query: str, limit: int | None, environ: Environ) -> Read:
        """One query's result, for what the request's headers accept and have. Raises what ``queries`` raises."""
        read = None if MISSED in environ else self.kept(principal, order, query, limit, environ)
        if read is not None:
            return read
        named: dict[str, Any] = {"principal": principal, "order": order, "query": query, "limit": limit}
        asked = self._data.question(named)
        with noticed(environ, g.request_id, self._cache.store):
            answered = self._data.ask_service(named, asked)
        claim: ResultClaim = answered.value
        state = State.HIT if claim.hit else State.MISS
        read = self._as_claimed(claim, state, answered.stored_at, environ)
        if read is None:
            read = self._carried(named)
            self._data.refresh(asked, named, answered.stored_at)  # or its claim would go on speaking of bytes that are gone
        return read

    def kept(self, principal: Principal, order: ReadOrder, query: str, limit: int | None, environ: Environ) -> Read | None:
        """The same, if Redis has all of it. Raises what ``queries`` raised when that is what was kept."""
        named: dict[str, Any] = {"principal": principal, "order": order, "query": query, "limit": limit}
        asked = self._data.question(named)
        known = self._known.get(asked.key)
        wanted: tuple[str, ...] = ()
        if known is not None and known[1].etag not in environ.get("HTTP_IF_NONE_MATCH", ""):
            wanted = (_address(known[1], environ.get("HTTP_ACCEPT_ENCODING", "")),)
        look = self._cache.look(asked, wanted)
        entry = self._data.usable(asked, named, look)
        if entry is None:
            return None
        if known is not None and known[0] == entry.value:
            claim = known[1]
        else:
            claim = self._data.result(entry)
            self._remember(asked.key, entry.value, claim)
        read = self._as_claimed(claim, look.state, entry.stored_at, environ, dict(zip(wanted, look.also, strict=False)))
        if read is not None and read.body is not None:
            self._cache.counts.add(asked.organization_id, asked.method, Outcome.BYTES, len(read.body))
        return read

    def view(self, principal: Principal, order: ReadOrder, environ: Environ) -> Read:
        """A report's document, as JSON."""
        named: dict[str, Any] = {"principal": principal, "order": order}
        asked = self._view.question(named)
        look = self._cache.look(asked)
        entry = self._view.usable(asked, named, look)
        if entry is None:
            with noticed(environ, g.request_id, self._cache.store):
                answered = self._view.ask_service(named, asked)
            body, state, stored_at = msgspec.json.encode(answered.value), answered.state, answered.stored_at
        else:
            if not entry.ok:
                self._view.result(entry)
            body, state, stored_at = entry.value, look.state, entry.stored_at
        etag = etag_of(body)
        has = environ.get("HTTP_IF_NONE_MATCH", "")
        if entry is not None and etag not in has:
            self._cache.counts.add(asked.organization_id, asked.method, Outcome.BYTES, len(body))
        return Read(etag, IDENTITY, None if etag in has else body, state, max(0.0, time.time() - stored_at))

    def _as_claimed(
        self,
        claim: ResultClaim,
        state: State,
        stored_at: float,
        environ: Environ,
        fetched: Mapping[str, bytes | None] = MappingProxyType({}),
    ) -> Read | None:
        """What a claim speaks of, or ``None`` when its bytes were dropped a moment ago, or Redis is gone."""
        age = max(0.0, time.time() - stored_at)
        accepted = environ.get("HTTP_ACCEPT_ENCODING", "")
        encoding = best(accepted, claim.encodings)
        if claim.etag in environ.get("HTTP_IF_NONE_MATCH", ""):
            return Read(claim.etag, encoding, None, state, age)
        if claim.body is not None:
            return Read(claim.etag, IDENTITY, claim.body.encode(), state, age)
        address = _address(claim, accepted)
        if address in fetched:
            body = unseal(fetched[address])
        else:
            found = self._cache.store.read([address])
            body = unseal(found[0]) if found else None
        if body is None:
            return None
        stored = address.rpartition(":")[2]
        return Read(claim.etag, encoding, body if stored == encoding else unpacked(body, stored), state, age)

    def _carried(self, named: dict[str, Any]) -> Read:
        claim = self._queries.data_itself(**named)
        return Read(claim.etag, IDENTITY, (claim.body or "").encode(), State.MISS, 0.0)

    def _remember(self, key: str, value: bytes, claim: ResultClaim) -> None:
        self._known[key] = (value, claim)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)


def _address(claim: ResultClaim, accepted: str) -> str:
    """Where the bytes are, in the best encoding that is stored."""
    encoding = best(accepted, claim.encodings)
    stored = encoding if encoding in claim.encodings or not claim.encodings else claim.encodings[0]
    return f"{claim.key}:{stored}"


def headers(read: Read) -> list[tuple[str, str]]:
    """What a client is told about a result (RFC 9110, RFC 9111)."""
    encoded = read.encoding != IDENTITY
    sent = [
        ("ETag", f'"{read.etag}.{read.encoding}"' if encoded else f'"{read.etag}"'),
        ("Cache-Control", "private, no-cache"),
        ("Vary", "Accept-Encoding"),
        ("Broadsheet-Cache", read.state.value),
        ("Age", str(round(read.age_seconds))),
    ]
    return [*sent, ("Content-Encoding", read.encoding)] if encoded and read.body is not None else sent
