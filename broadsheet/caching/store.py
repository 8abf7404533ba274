"""The cache's words to Redis, behind a circuit breaker: nothing here raises because of Redis.

Keys: ``bs:p:epoch`` is the cluster that positions belong to; ``bs:p:EPOCH:TAG`` a position; ``bs:highest`` the greatest of those a change
has moved; ``bs:a:EPOCH:KEY`` an answer; ``bs:b:…`` final bytes; ``bs:l:KEY`` a lock of single flight; ``bs:r:…`` a ticket to refresh;
``bs:t:TOKEN`` a change that has moved its positions; ``bs:x:ID`` a request whose reader has hung up. All but the epoch and the highest
position expire, so a full Redis may evict anything: a missing position makes a miss of every answer that depends on it.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import redis

from broadsheet.caching.breaker import Breaker, State
from broadsheet.caching.connections import Connections
from broadsheet.logs import logger

POSITIONS = "bs:p:"
EPOCH = f"{POSITIONS}epoch"
#: The greatest position that a change has moved a tag to; like the epoch it never expires, so it is never evicted.
HIGHEST = "bs:highest"
_POSITION_SECONDS = 7 * 24 * 3600
#: How long a token of a change is remembered: the relay comes long before.
_TOKEN_SECONDS = 600

#: What both scripts begin with: KEYS[1] is the epoch, KEYS[2] the highest position, ARGV[1] the epoch, ARGV[2] a position.
_BEGIN = """
local function is_position(text)
  return type(text) == 'string' and #text == 24 and not string.find(text, '[^0-9A-F]')
end
local highest = redis.pcall('get', KEYS[2])
if redis.pcall('get', KEYS[1]) ~= ARGV[1] then
  redis.call('set', KEYS[1], ARGV[1])
  redis.call('del', KEYS[2])
  highest = nil
end
local floor = ARGV[2]
if is_position(highest) and highest > floor then floor = highest end
"""

#: Moves the positions of tags to a commit's, once per change. A position always grows, if only by one: an answer that was computed while
#: the commit was written but not yet visible, under the same position, must not hold. Of a tag that has lost its position nobody knows
#: under which its answers stand, but none is beyond the highest.
_MOVE = f"""{_BEGIN}
if redis.call('set', KEYS[3], '1', 'NX', 'EX', ARGV[3]) == false then return 0 end
local function next_to(text)
  local high, low = tonumber(string.sub(text, 9, 16), 16), tonumber(string.sub(text, 17, 24), 16) + 1
  if low >= 4294967296 then high, low = high + 1, 0 end
  return string.sub(text, 1, 8) .. string.format('%08X%08X', high, low)
end
local most = floor
for i = 4, #KEYS do
  local now = redis.call('get', KEYS[i])
  local wanted = ARGV[2]
  if not now then wanted = next_to(floor) elseif now >= wanted then wanted = next_to(now) end
  redis.call('set', KEYS[i], wanted, 'EX', ARGV[4])
  if wanted > most then most = wanted end
end
redis.call('set', KEYS[2], most)
return 1
"""

#: Gives a position to tags that have none (or something that is none), and says what all of them have now. Never one from before a change
#: that was told: an answer of then must not hold again.
_PLANT = f"""{_BEGIN}
local found = {{}}
for i = 3, #KEYS do
  local now = redis.pcall('get', KEYS[i])
  if not is_position(now) then
    now = floor
    redis.call('set', KEYS[i], now, 'EX', ARGV[3])
  end
  found[#found + 1] = now
end
return found
"""

_EXTEND = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


def position_key(epoch: str, tag: str) -> str:
    """Where the position of a tag is."""
    return f"{POSITIONS}{epoch}:{tag}"


def answer_key(epoch: str, key: str) -> str:
    """Where the answer to a question is."""
    return f"bs:a:{epoch}:{key}"


def departure_key(request_id: str) -> str:
    """Where it stands that the reader of a request has hung up."""
    return f"bs:x:{request_id}"


def lock_key(key: str) -> str:
    """Where the lock of a computation is."""
    return f"bs:l:{key}"


class Lock(msgspec.Struct, frozen=True):
    """A key that belongs to ``owner`` for so long, unless it is extended."""

    key: str
    owner: str
    seconds: float


class Store:
    """Redis, as far as it answers. ``None`` and ``False`` mean that it did not."""

    def __init__(self, client: "redis.Redis", breaker: Breaker | None = None):
        self._redis = client
        self._quick = Connections(client)
        self.breaker = breaker or Breaker()
        self.errors = 0
        self._log = logger(__name__)
        self._move = client.register_script(_MOVE)
        self._plant = client.register_script(_PLANT)
        self._extend = client.register_script(_EXTEND)
        self._release = client.register_script(_RELEASE)

    @property
    def available(self) -> bool:
        """Whether it is worth asking."""
        return self.breaker.state is not State.OPEN

    def read(self, keys: Sequence[str]) -> list[bytes | None] | None:
        """The values of keys in one round trip."""
        found: list[bytes | None] | None = None
        if self.breaker.allows():
            with self._counted():
                found = self._quick.command("MGET", *keys)
        return found

    def take_and_read(self, lock: Lock, keys: Sequence[str]) -> tuple[bool, list[bytes | None]] | None:
        """Try to own a lock, and read, in one round trip."""
        if not self.breaker.allows():
            return None
        with self._counted():
            taken, found = self._quick.commands(
                ("SET", lock.key, lock.owner, "NX", "PX", str(round(lock.seconds * 1000))), ("MGET", *keys)
            )
            return taken is not None, found
        return None

    def write(self, items: Mapping[str, tuple[bytes, float]], *, release: Lock | None = None) -> bool:
        """Keep values for so many seconds, and let go of a lock; whether Redis took them all."""
        if not self.breaker.allows():
            return False
        commands: list[tuple[str | bytes, ...]] = [
            ("SET", key, value, "PX", str(max(1, round(seconds * 1000)))) for key, (value, seconds) in items.items()
        ]
        if release is not None:
            commands.append(("EVAL", _RELEASE, "1", release.key, release.owner))
        with self._counted():
            self._quick.commands(*commands)
            return True
        return False

    def move(self, token: str, epoch: str, position: str, tags: Sequence[str]) -> bool:
        """Move the positions of tags to ``position`` or beyond, unless the change of this token has done so. Whether it is done now."""
        keys = [position_key(epoch, tag) for tag in tags]
        if not self.breaker.allows():
            return False
        with self._counted():
            try:
                self._move(keys=[EPOCH, HIGHEST, f"bs:t:{token}", *keys], args=[epoch, position, _TOKEN_SECONDS, _POSITION_SECONDS])
            except redis.ResponseError as full:
                self._log.warning("cache.refused", error=str(full))
                self._redis.delete(*keys)  # a full Redis still forgets: without a position, every answer is a miss
            return True
        return False

    def plant(self, epoch: str, position: str, tags: Sequence[str]) -> dict[str, str] | None:
        """The positions of tags, ``position`` for those that have none."""
        if not self.breaker.allows():
            return None
        with self._counted():
            keys = [EPOCH, HIGHEST, *(position_key(epoch, tag) for tag in tags)]
            found: Any = self._plant(keys=keys, args=[epoch, position, _POSITION_SECONDS])
            return {tag: value.decode() for tag, value in zip(tags, found, strict=True)}
        return None

    def take(self, key: str, owner: str, seconds: float) -> bool | None:
        """Own ``key`` for so long, if nobody does."""
        if not self.breaker.allows():
            return None
        with self._counted():
            return bool(self._redis.set(key, owner, nx=True, px=round(seconds * 1000)))
        return None

    def extend(self, key: str, owner: str, seconds: float) -> None:
        """Own it a little longer."""
        if self.breaker.allows():
            with self._counted():
                self._extend(keys=[key], args=[owner, round(seconds * 1000)])

    def release(self, key: str, owner: str) -> None:
        """Own it no more."""
        if self.breaker.allows():
            with self._counted():
                self._release(keys=[key], args=[owner])

    def pipeline(self) -> Any:
        """A pipeline for what may be lost (counts). Use it within :meth:`losing`."""
        return self._redis.pipeline(transaction=False)

    @contextmanager
    def losing(self) -> Iterator["redis.Redis"]:
        """Redis, for what nobody misses when it does not answer."""
        with self._counted():
            yield self._redis

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """What Redis does not answer is counted, and never the caller's trouble."""
        began = time.monotonic()
        try:
            yield
        except redis.ResponseError as error:
            self.errors += 1
            self.breaker.succeeded()  # it does answer
            self._log.warning("cache.refused", error=str(error))
        except (redis.RedisError, OSError) as error:
            self.errors += 1
            self.breaker.failed()
            self._log.warning(
                "cache.unavailable",
                error=str(error) or type(error).__name__,
                seconds=round(time.monotonic() - began, 3),
                breaker=self.breaker.state.value,
            )
        else:
            self.breaker.succeeded()
