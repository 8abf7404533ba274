"""A call whose answer may be kept: this process's copy, then Redis in one round trip, and only then the service.

Without a cache (or with one that does not answer) every call goes to the service, which then computes.
"""

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import msgspec

from broadsheet import errors
from broadsheet.caching.cache import KEPT_REFUSALS, Cache, Look, State
from broadsheet.caching.computing import current
from broadsheet.caching.counts import Outcome
from broadsheet.caching.entries import Entry
from broadsheet.caching.flights import Flights
from broadsheet.caching.policy import Policy, Question, question
from broadsheet.errors import BroadsheetError

if TYPE_CHECKING:
    from broadsheet.rpc.client import Call

#: Of a refresh: the time (POSIX seconds) of the answer that is to be replaced.
REFRESH_HEADER = "nameko.refresh"
_NEAR_SECONDS = 30.0
_MOST_ASKED = 20_000
#: Who joined a call waits no longer than the call itself can take.
_FLIGHT_SECONDS = 90.0


class KeptReply(msgspec.Struct, frozen=True):
    """What a service answers for a method with a policy: the result with what it depends on (``None``: it could not be told)."""

    value: msgspec.Raw
    tags: dict[str, str] | None
    stored_at: float
    fresh_until: float
    state: State


_decode_reply = msgspec.json.Decoder(KeptReply).decode


class Answered(msgspec.Struct, frozen=True):
    """A result, and how it was come by. ``stored_at`` is POSIX seconds."""

    value: Any
    state: State
    stored_at: float


class CachedCall:
    """One method with a policy."""

    def __init__(self, call: "Call", policy: Policy, cache: Cache | None):
        self.policy = policy
        self.cache = cache
        self._call = call
        self._name = f"{call.method.service}.{call.method.method}"
        self._asked: OrderedDict[str, bytes] = OrderedDict()
        self._flights: Flights[KeptReply | BroadsheetError] = Flights()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.ask(*args, **kwargs).value

    def ask(self, *args: Any, **kwargs: Any) -> Answered:
        """The answer. Raises what the service raises, as it was kept."""
        named = self._call.method.named(args, kwargs)
        if self.cache is None:
            return self.ask_service(named)
        asked = self.question(named)
        near = self.cache.near if self.policy.near and asked.max_age_seconds is None else None
        if near is not None:
            copy = near.get(asked.key)
            if copy is not None:
                self.cache.counts.add(asked.organization_id, self._name, Outcome.HIT)
                _note(dict(copy.tags), float("inf"))
                return Answered(copy.value, State.HIT, 0.0)
        mark = near.mark() if near is not None else 0
        look = self.cache.look(asked)
        if (entry := self.usable(asked, named, look)) is not None:
            answered = Answered(self.result(entry), look.state, entry.stored_at)
            if near is not None and look.state is State.HIT:
                near.put(
                    asked.key,
                    answered.value,
                    entry.tags or {},
                    mark=mark,
                    seconds=min(_NEAR_SECONDS, entry.fresh_until - time.time()),
                )
            return answered
        return self.ask_service(named, asked, mark=mark)

    def copy(self, **named: Any) -> Any:
        """This process's copy of the answer to these arguments (all of them), or ``None``: nobody is asked."""
        if self.cache is None or self.cache.near is None:
            return None
        asked = self.question(named)
        copy = self.cache.near.get(asked.key)
        if copy is None:
            return None
        self.cache.counts.add(asked.organization_id, self._name, Outcome.HIT)
        return copy.value

    def question(self, named: dict[str, Any]) -> Question:
        """The question that these arguments (all of them) ask."""
        return question(self.policy, self._name, named, shape=self._call.method.shape)

    def usable(self, asked: Question, named: dict[str, Any], look: Look) -> Entry | None:
        """The entry of a look, if it will do; has it refreshed when it is stale, counts, and notes it where an answer is being computed."""
        assert self.cache is not None
        entry, computation = look.entry, current()
        if entry is None:
            if not self.cache.store.available:
                self.cache.counts.add(asked.organization_id, self._name, Outcome.BYPASS)
            return None
        if look.state is State.STALE:
            if computation is not None and computation.newer_than is not None:
                return None
            self.refresh(asked, named, entry.stored_at)
        self.cache.counts.add(asked.organization_id, self._name, Outcome.HIT if look.state is State.HIT else Outcome.STALE)
        if self.policy.warm:
            self.cache.counts.read(entry.tags or (), self._as_asked(asked, named))
        _note(entry.tags, entry.fresh_until)
        return entry

    def result(self, entry: Entry) -> Any:
        """What an entry says. Raises it, if it is an error."""
        if not entry.ok:
            raise errors.from_wire(msgspec.json.decode(entry.value))
        return self._call.method.decode_result(entry.value)

    def refresh(self, asked: Question, named: dict[str, Any], stored_at: float) -> None:
        """Have the answer that was stored then computed again, unless somebody has just asked for that. Waits for nothing."""
        assert self.cache is not None
        if self.cache.may_refresh(asked, stored_at):
            self._call.cast(named, {REFRESH_HEADER: repr(stored_at)})

    def ask_service(self, named: dict[str, Any], asked: Question | None = None, *, mark: int = 0) -> Answered:
        """The answer of the service itself."""
        try:
            reply = self._sent(named, asked)
        except BroadsheetError:
            _note(None, 0.0)  # an error says nothing of what it depends on; asked again, it comes from the cache, which does
            raise
        value = self._call.method.decode_result(bytes(reply.value))
        _note(reply.tags, reply.fresh_until)
        if self.cache is not None and asked is not None and reply.tags is not None:
            if self.policy.warm:
                self.cache.counts.read(reply.tags, self._as_asked(asked, named))
            if self.policy.near and self.cache.near is not None:
                seconds = min(_NEAR_SECONDS, reply.fresh_until - time.time())
                self.cache.near.put(asked.key, value, reply.tags, mark=mark, seconds=seconds)
        return Answered(value, reply.state, reply.stored_at)

    def _sent(self, named: dict[str, Any], asked: Question | None) -> KeptReply:
        """The reply; one call for all of this process who ask the same at the same time, unless they want an answer of now."""
        if self.cache is None or asked is None or asked.max_age_seconds is not None:
            return _decode_reply(self._call.send(named))
        cache = self.cache

        def send() -> KeptReply | BroadsheetError:
            try:
                return _decode_reply(self._call.send(named))
            except BroadsheetError as refused:
                if refused.status not in KEPT_REFUSALS:
                    raise
                return refused

        def holds(reply: KeptReply | BroadsheetError) -> bool:
            """A refusal does not say what it depends on; the service knows."""
            return isinstance(reply, KeptReply) and cache.unmoved(reply.tags)

        reply, _ = self._flights.lead(asked.key, send, timeout_seconds=_FLIGHT_SECONDS, holds=holds)
        if isinstance(reply, BroadsheetError):
            raise reply
        return reply

    def _as_asked(self, asked: Question, named: dict[str, Any]) -> bytes:
        """The call as bytes that can be made again later."""
        known = self._asked.get(asked.key)
        if known is None:
            known = self._asked[asked.key] = msgspec.json.encode([self._call.method.method, named], order="deterministic")
            while len(self._asked) > _MOST_ASKED:
                self._asked.popitem(last=False)
        return known


def _note(tags: dict[str, str] | None, fresh_until: float) -> None:
    computation = current()
    if computation is not None:
        computation.used(tags, fresh_until)
