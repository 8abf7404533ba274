"""The cache of one process: looks answers up, and has them computed once.

An answer holds while the positions of all its tags are those it was stored under. It is stored under positions that were read *before* it
was computed, so a slow reader can't store an old answer under a new position; and whoever joined a computation that was under way looks
whether its answer still holds, so a slow one can't give them what was true before they asked.

Early refresh of what is read often: Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015.
"""

import math
import random
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

import msgspec

from broadsheet import errors
from broadsheet.caching.computing import Computation, computing, current
from broadsheet.caching.counts import Counts, Outcome
from broadsheet.caching.entries import Entry, decode, encode
from broadsheet.caching.flights import Flights, Locks
from broadsheet.caching.near import Near
from broadsheet.caching.policy import Policy, Question
from broadsheet.caching.store import EPOCH, Lock, Store, answer_key, position_key
from broadsheet.errors import BroadsheetError
from broadsheet.positions import BEGINNING, PRIMARY, is_position, read_floor

#: Refusals that are an answer as well, and kept for a moment.
KEPT_REFUSALS = frozenset({401, 403, 404, 422})
_REFUSAL_SECONDS = 5.0
#: So much of a ttl is random, so that what was stored together does not end together.
_JITTER = 0.1
#: How eagerly an answer that was expensive is computed again before it is stale (beta in the paper).
_EAGERNESS = 1.0
_REFRESH_SECONDS = 10.0
_FLIGHT_SECONDS = 60.0
_MOST_REMEMBERED = 50_000

#: Says (epoch, position) of the database that a service owns.
Position = Callable[[], tuple[str, str]]


class State(StrEnum):
    """How an answer was come by."""

    HIT = "hit"
    STALE = "stale"
    MISS = "miss"


class Look(msgspec.Struct, frozen=True):
    """What one look into Redis found.

    ``entry`` is there when it may be given; ``state`` says whether somebody should refresh it. ``positions`` are those of the question's
    tags (``None`` where there is none), ``also`` the values of the keys that were asked for besides.
    """

    state: State
    entry: Entry | None = None
    positions: dict[str, str | None] | None = None
    also: tuple[bytes | None, ...] = ()


#: Redis did not answer.
_MISS = Look(State.MISS)
#: It was not asked, because there is nothing to learn.
_NOTHING = Look(State.MISS, positions={})


class Cache:
    """Answers in Redis, as one process sees them. ``position`` is there in a service that owns a database."""

    def __init__(
        self, store: Store, *, counts: Counts, near: Near | None = None, position: Position | None = None, most_bytes: int = 8 << 20
    ):
        self.store = store
        self.near = near
        self.counts = counts
        self.position = position
        self._most_bytes = most_bytes
        self._flights: Flights[tuple[Entry, Outcome]] = Flights()
        self._locks = Locks(store)
        self._epoch = ""
        self._tags: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._guard = threading.Lock()

    def look(self, question: Question, also: Sequence[str] = ()) -> Look:
        """What Redis has for this question: its answer and all positions in one round trip (two, where it depends on unknown tags)."""
        return self._look(question, also)[1]

    def _look(self, question: Question, also: Sequence[str], lock: Lock | None = None) -> tuple[bool | None, Look]:
        """The look; and whether ``lock`` was taken on the way."""
        tags = self._tags.get(question.key, question.tags)
        taken, found = self._read(question.key, tags, also, lock)
        if found is None:
            return taken, _MISS
        entry, positions, others = found
        if entry is not None and entry.tags is not None and not entry.tags.keys() <= positions.keys():
            self._remember(question.key, (*question.tags, *(tag for tag in entry.tags if tag not in question.tags)))
            _, found = self._read(question.key, self._tags[question.key], also)
            if found is None:
                return taken, _MISS
            entry, positions, others = found
        if entry is None or not _unmoved(entry.tags, positions) or not self._holds(question, entry):
            return taken, Look(State.MISS, None, positions, others)
        return taken, Look(self._judge(entry), entry, positions, others)

    def serve(
        self,
        question: Question,
        policy: Policy,
        compute: Callable[[], bytes],
        *,
        newer_than: float | None = None,
        kept: bool = True,
    ) -> tuple[Entry, State]:
        """The answer, from Redis or by ``compute`` (a JSON value), which runs once for all who ask now.

        ``newer_than`` (POSIX seconds) asks for one that was stored later: a refresh. An error of ``compute`` that is an answer (not found,
        forbidden, mistakes) is an entry like any other; other errors are raised.
        """
        asked_at = time.time()

        def usable(look: Look) -> Entry | None:
            entry = look.entry
            if entry is None or (newer_than is not None and entry.stored_at <= newer_than):
                return None
            if not _young(question, entry, asked_at):
                return None
            return entry if look.state is State.HIT or newer_than is not None else None

        def computed(look: Look, lock: Lock | None = None) -> Entry:
            return self._compute(question, policy, compute, look, lock, newer_than, kept)

        done = Outcome.MISS if newer_than is None else Outcome.REFRESH

        def here() -> tuple[Entry, Outcome]:
            if not kept:
                return computed(self._looked(question)), done
            if policy.exclusive:
                return self._alone(question, usable, computed, done)
            look = self._looked(question)
            entry = usable(look)
            # Who calls has looked a moment ago, and missed: somebody else has computed it since.
            return (entry, Outcome.WAIT) if entry is not None else (computed(look), done)

        def holds(answer: tuple[Entry, Outcome]) -> bool:
            return _young(question, answer[0], asked_at) and self.unmoved(answer[0].tags)

        (entry, outcome), waited = self._flights.lead(question.key, here, timeout_seconds=_FLIGHT_SECONDS, holds=holds)
        self.counts.add(question.organization_id, question.method, Outcome.WAIT if waited else outcome)
        return entry, State.MISS if outcome is done else State.HIT

    def unmoved(self, tags: Mapping[str, str] | None) -> bool:
        """Whether all of these still have these positions; no, when that can't be told."""
        if tags is None:
            return False
        _, found = self._read("", tuple(tags), ())
        return found is not None and _unmoved(tags, found[1])

    def may_refresh(self, question: Question, stored_at: float) -> bool:
        """Whether this caller, of all, is the one to have the answer of then refreshed (again, when nothing has come of it for a while)."""
        return bool(self.store.take(f"bs:r:{question.key}:{stored_at!r}", uuid.uuid4().hex, _REFRESH_SECONDS))

    def depends_on(self, tag: str) -> None:
        """The answer being computed depends on ``tag`` from here on: reads after this see what moved it, those before may not."""
        computation = current()
        if computation is None:
            return
        _, found = self._read("", (tag,), ())
        positions = self._positions(found[1] if found else None)
        computation.used(positions, float("inf"))
        seen = positions[tag] if positions is not None else PRIMARY
        read_floor.set(max(seen, read_floor.get() or BEGINNING))  # until the computation ends

    def _looked(self, question: Question) -> Look:
        """A look whatever the age; none where there is nothing to learn that the caller has not just seen."""
        if not question.tags:
            return _NOTHING
        return self.look(msgspec.structs.replace(question, max_age_seconds=None))

    def _alone(
        self,
        question: Question,
        usable: Callable[[Look], Entry | None],
        computed: Callable[[Look, Lock | None], Entry],
        done: Outcome,
    ) -> tuple[Entry, Outcome]:
        last, looks = _MISS, 0

        def attempt(lock: Lock) -> tuple[bool | None, Entry | None]:
            nonlocal last, looks
            looks += 1
            taken, last = self._look(msgspec.structs.replace(question, max_age_seconds=None), (), lock)
            return taken, usable(last)

        entry, found = self._locks.alone(question.key, attempt, lambda lock: computed(last, lock), timeout_seconds=_FLIGHT_SECONDS)
        return entry, done if not found else Outcome.HIT if looks == 1 else Outcome.WAIT

    def _holds(self, question: Question, entry: Entry) -> bool:
        now = time.time()
        return now < entry.stale_until and _young(question, entry, now)

    def _judge(self, entry: Entry) -> State:
        early = entry.cost_seconds * _EAGERNESS * -math.log(1.0 - random.random())
        return State.HIT if time.time() + early < entry.fresh_until else State.STALE

    def _read(
        self, key: str, tags: Sequence[str], also: Sequence[str], lock: Lock | None = None
    ) -> tuple[bool | None, tuple[Entry | None, dict[str, str | None], tuple[bytes | None, ...]] | None]:
        """One round trip; one more when Redis knows another epoch than this process."""
        taken: bool | None = None
        for _ in range(2):
            epoch = self._epoch
            keys = [EPOCH, answer_key(epoch, key), *(position_key(epoch, tag) for tag in tags), *also]
            found: list[bytes | None] | None
            if lock is not None and not taken:
                both = self.store.take_and_read(lock, keys)
                if both is None:
                    return None, None
                taken, found = both
            else:
                found = self.store.read(keys)
            if found is None:
                return taken, None
            others = tuple(found[2 + len(tags) :])
            if found[0] is None:
                return taken, (None, dict.fromkeys(tags), others)
            if found[0] == epoch.encode():
                positions = {tag: _position(raw) for tag, raw in zip(tags, found[2:], strict=False)}
                return taken, (decode(found[1]), positions, others)
            self._epoch = found[0].decode(errors="replace")
        return taken, None

    def _compute(
        self,
        question: Question,
        policy: Policy,
        compute: Callable[[], bytes],
        look: Look,
        lock: Lock | None,
        newer_than: float | None,
        kept: bool,
    ) -> Entry:
        positions = self._positions({tag: (look.positions or {}).get(tag) for tag in question.tags} if look is not _MISS else None)
        computation = Computation(positions or {}, storable=positions is not None, newer_than=newer_than)
        floor = read_floor.set(max(positions.values(), default=None) if positions is not None else PRIMARY)
        began = time.time()
        try:
            with computing(computation):
                value, ok = compute(), True
        except BroadsheetError as error:
            if error.status not in KEPT_REFUSALS:
                raise
            value, ok = msgspec.json.encode(errors.to_wire(error)), False
        finally:
            read_floor.reset(floor)
        entry = self._entry(policy, computation, value, ok, began)
        seconds = entry.stale_until - entry.stored_at
        if entry.tags is not None and kept and seconds > 0 and len(value) <= self._most_bytes:
            self.store.write({answer_key(self._epoch, question.key): (encode(entry), seconds)}, release=lock)
        elif lock is not None:
            self.store.release(lock.key, lock.owner)
        return entry

    def _entry(self, policy: Policy, computation: Computation, value: bytes, ok: bool, began: float) -> Entry:
        now = time.time()
        ttl = policy.ttl_seconds if computation.ttl_seconds is None else computation.ttl_seconds
        stale = policy.stale_seconds if computation.stale_seconds is None else computation.stale_seconds
        if not ok:
            ttl, stale = min(ttl, _REFUSAL_SECONDS), 0.0
        fresh_until = min(now + ttl * (1 - _JITTER * random.random()), computation.fresh_until)
        tags = computation.tags if computation.storable else None
        return Entry(ok, value, tags, now, fresh_until, fresh_until + stale, now - began, min(began, computation.read_at))

    def _positions(self, read: dict[str, str | None] | None) -> dict[str, str] | None:
        """Positions for all of these tags, planted where there are none; ``None`` where they can't be had."""
        if read is None:
            return None
        known = {tag: position for tag, position in read.items() if position is not None}
        unknown = [tag for tag in read if tag not in known]
        if not unknown:
            return known
        if self.position is None:
            return None
        epoch, position = self.position()
        planted = self.store.plant(epoch, position, unknown)
        if planted is None:
            return None
        if epoch != self._epoch:
            known, self._epoch = {}, epoch
            planted = self.store.plant(epoch, position, list(read)) or {}
            if len(planted) != len(read):
                return None
        return known | planted

    def _remember(self, key: str, tags: tuple[str, ...]) -> None:
        with self._guard:
            self._tags[key] = tags
            while len(self._tags) > _MOST_REMEMBERED:
                self._tags.popitem(last=False)


def _position(raw: bytes | None) -> str | None:
    """A position out of Redis; something that is none is as if there were none."""
    text = raw.decode(errors="replace") if raw is not None else ""
    return text if is_position(text) else None


def _young(question: Question, entry: Entry, asked_at: float) -> bool:
    return question.max_age_seconds is None or entry.read_at >= asked_at - question.max_age_seconds


def _unmoved(tags: Mapping[str, str] | None, positions: Mapping[str, str | None]) -> bool:
    return tags is not None and all(positions.get(tag) == position for tag, position in tags.items())
