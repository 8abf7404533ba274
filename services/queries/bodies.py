"""The bytes of results: JSON as it is sent, once per organization and content, in the encodings that browsers ask for.

The address is the content's digest, so a claim finds exactly the bytes it speaks of, or nothing. What this process has just made it also
remembers for a moment: without Redis, the readers who waited for one execution still share it.
"""

import threading
import time
from collections import OrderedDict

import msgspec

from broadsheet.caching.encodings import packed, unpacked
from broadsheet.caching.entries import etag_of, seal, unseal
from broadsheet.caching.store import Store

_RECENT_SECONDS = 10.0
_RECENT_BYTES = 64 << 20
#: Bytes stay a little longer than what points to them.
_MARGIN_SECONDS = 30.0


class Body(msgspec.Struct, frozen=True):
    """Where a result's bytes are: under ``key:ENCODING`` for each of ``encodings``; none, when Redis has not taken them."""

    key: str
    etag: str
    size_bytes: int
    as_of: float
    encodings: list[str]


class Bodies:
    """Bytes in Redis, and those made a moment ago."""

    def __init__(self, store: Store, *, most_bytes: int):
        self._store = store
        self._most_bytes = most_bytes
        self._recent: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._recent_bytes = 0
        self._lock = threading.Lock()

    def put(self, organization_id: str, body: bytes, *, as_of: float, seconds: float) -> Body:
        """Keep a result for so long."""
        etag = etag_of(body)
        key = f"bs:b:{organization_id}:{etag}"
        self._remember(key, body)
        encoded = packed(body) if seconds > 0 and self._store.available else {}
        taken = bool(encoded) and max(map(len, encoded.values())) <= self._most_bytes
        if taken:
            items = {f"{key}:{name}": (seal(content), seconds + _MARGIN_SECONDS) for name, content in encoded.items()}
            taken = self._store.write(items)
        return Body(key, etag, len(body), as_of, list(encoded) if taken else [])

    def get(self, body: Body) -> bytes | None:
        """The plain bytes, if they are still somewhere."""
        recent = self._recent.get(body.key)
        if recent is not None:
            return recent[1]
        for encoding in body.encodings:
            found = self._store.read([f"{body.key}:{encoding}"])
            plain = unseal(found[0]) if found else None
            if plain is not None:
                return unpacked(plain, encoding)
        return None

    def _remember(self, key: str, body: bytes) -> None:
        now = time.monotonic()
        with self._lock:
            if key not in self._recent:
                self._recent[key] = (now, body)
                self._recent_bytes += len(body)
            while self._recent and (
                self._recent_bytes > _RECENT_BYTES or next(iter(self._recent.values()))[0] < now - _RECENT_SECONDS
            ):
                _, (_, dropped) = self._recent.popitem(last=False)
                self._recent_bytes -= len(dropped)
