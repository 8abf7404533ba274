"""What stands in Redis under a key: an answer with everything needed to tell whether it still holds.

Bytes in Redis may be damaged, cut short or of another version: they are read as nothing, never as something else.
"""

import hashlib
import time
import zlib

import msgspec

from broadsheet.caching.policy import FORMAT

_CHECK_BYTES = 8
_MAGIC = b"BS%c" % FORMAT


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """An answer. ``value`` is the result as JSON, or the error (``ok`` is false).

    ``tags`` are what it depends on, with the positions that were read before it was computed; ``None`` when they are not all known: then
    it is given to those who asked and not kept. Times are POSIX seconds: fresh until ``fresh_until``, then stale until ``stale_until``.
    ``cost_seconds`` is how long it took to compute. Nothing in it was read of data before ``read_at``: its age is counted from that.
    """

    ok: bool
    value: bytes
    tags: dict[str, str] | None
    stored_at: float
    fresh_until: float
    stale_until: float
    cost_seconds: float
    read_at: float

    def age_seconds(self) -> float:
        """How long ago it was stored."""
        return max(0.0, time.time() - self.stored_at)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entry).decode


def encode(entry: Entry) -> bytes:
    """The entry as bytes, with a checksum."""
    body = _encode(entry)
    return _MAGIC + _check(body) + body


def decode(raw: bytes | None) -> Entry | None:
    """The entry again, or ``None`` for anything that is not one as it was written."""
    if raw is None or not raw.startswith(_MAGIC):
        return None
    start = len(_MAGIC) + _CHECK_BYTES
    body = raw[start:]
    if raw[len(_MAGIC) : start] != _check(body):
        return None
    try:
        return _decode(body)
    except msgspec.DecodeError:
        return None


def etag_of(body: bytes) -> str:
    """The entity tag of final bytes, without quotes."""
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def seal(body: bytes) -> bytes:
    """Final bytes with a checksum, for what is sent as it is."""
    return _MAGIC + zlib.crc32(body).to_bytes(4, "big") + body


def unseal(raw: bytes | None) -> bytes | None:
    """The bytes again, or ``None`` when they are not what was sealed."""
    if raw is None or len(raw) < len(_MAGIC) + 4 or not raw.startswith(_MAGIC):
        return None
    body = raw[len(_MAGIC) + 4 :]
    return body if zlib.crc32(body).to_bytes(4, "big") == raw[len(_MAGIC) : len(_MAGIC) + 4] else None


def _check(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECK_BYTES).digest()
