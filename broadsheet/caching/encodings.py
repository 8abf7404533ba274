"""Content codings of final bytes: packed once when they are made, chosen by what a client takes (RFC 9110, 12.5.3).

For a client that takes none of those that are stored they are unpacked; nothing is ever packed twice.
"""

import gzip
from collections.abc import Sequence
from functools import lru_cache

import zstandard

IDENTITY, GZIP, ZSTD = "identity", "gzip", "zstd"
#: Ours, best first.
_ORDER = (ZSTD, GZIP)
#: Below this, compressing costs more than it saves.
_WORTH_BYTES = 1024
#: Larger bytes are kept compressed only; who wants them plain has them unpacked.
_PLAIN_BYTES = 64 * 1024


def packed(body: bytes) -> dict[str, bytes]:
    """The codings in which ``body`` is worth keeping."""
    if len(body) < _WORTH_BYTES:
        return {IDENTITY: body}
    encoded = {ZSTD: zstandard.ZstdCompressor(level=3).compress(body), GZIP: gzip.compress(body, compresslevel=4, mtime=0)}
    return {IDENTITY: body, **encoded} if len(body) <= _PLAIN_BYTES else encoded


def best(accepted: str, stored: Sequence[str]) -> str:
    """The coding to send, for an ``Accept-Encoding`` header (empty: none was sent)."""
    return _best(accepted, tuple(stored)) if accepted else IDENTITY


@lru_cache(maxsize=1024)
def _best(accepted: str, stored: tuple[str, ...]) -> str:
    weights = {}
    for part in accepted.split(","):
        name, _, parameters = part.partition(";")
        weights[name.strip().lower()] = _weight(parameters)
    usable = [name for name in _ORDER if name in stored and weights.get(name, weights.get("*", 0.0)) > 0]
    return max(usable, key=lambda name: weights.get(name, weights.get("*", 0.0)), default=IDENTITY)


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def unpacked(encoded: bytes, encoding: str) -> bytes:
    """The plain bytes of what is stored in one coding."""
    if encoding == ZSTD:
        return zstandard.ZstdDecompressor().decompress(encoded)
    return gzip.decompress(encoded) if encoding == GZIP else encoded
