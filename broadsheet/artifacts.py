"""The artifact store: files of editions, in a folder, S3, Google Cloud Storage or Azure, as its URL says.

A file becomes visible whole or not at all: it is written as a multipart upload (a temporary file in a folder) and appears when it is
published. Locations are ``organization/edition/name``.
"""

import hashlib
import pathlib
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from broadsheet.errors import NotFound, Unavailable

_WRITE_BUFFER_BYTES = 8 * 1024 * 1024
_READ_CHUNK_BYTES = 1024 * 1024


class ArtifactWriter:
    """A file being written; use it as a binary file, then :meth:`publish`. Left without publishing, nothing appears.

    ``size_bytes`` and ``sha256`` (hexadecimal) tell what was written so far.
    """

    def __init__(self, file: Any):
        self._file = file
        self._hash = hashlib.sha256()
        self._published = False
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def write(self, data: bytes | bytearray | memoryview) -> int:
        self._hash.update(data)
        self.size_bytes += len(data)
        self._file.write(bytes(data) if not isinstance(data, bytes) else data)
        return len(data)

    def flush(self) -> None:
        """Nothing is visible before it is published, so there is nothing to flush."""

    def tell(self) -> int:
        return self.size_bytes

    def writable(self) -> bool:
        return True

    def publish(self) -> None:
        """Make the file appear. Raises :class:`Unavailable` when the store does not take it."""
        try:
            self._file.close()
        except (BaseError, OSError) as error:
            raise Unavailable(f"The artifact store did not take the file: {error}") from error
        self._published = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file = None  # an upload that was never closed is dropped by the store


class ArtifactStore:
    """Files by location, behind one URL (``file:///folder``, ``s3://bucket/prefix``, ``gs://…``, ``az://…``)."""

    def __init__(self, url: str):
        self._store: Any
        if urlsplit(url).scheme == "file":
            folder = pathlib.Path(urlsplit(url).path)
            folder.mkdir(parents=True, exist_ok=True)
            self._store = LocalStore(folder)
        else:
            self._store = from_url(url, client_options={"timeout": "60s", "connect_timeout": "5s"})

    def create(self, location: str) -> ArtifactWriter:
        """Start writing a file."""
        return ArtifactWriter(obstore.open_writer(self._store, location, buffer_size=_WRITE_BUFFER_BYTES))

    def read(self, location: str, start: int, end: int) -> Iterator[bytes]:
        """Bytes ``start`` to ``end`` (exclusive) in pieces. Raises :class:`NotFound` before the first when the file is gone."""
        first = self._range(location, start, min(end, start + _READ_CHUNK_BYTES))

        def pieces() -> Iterator[bytes]:
            yield first
            for at in range(start + len(first), end, _READ_CHUNK_BYTES):
                yield self._range(location, at, min(end, at + _READ_CHUNK_BYTES))

        return pieces()

    def delete(self, location: str) -> None:
        """Remove a file; one that is not there is fine."""
        try:
            obstore.delete(self._store, location)
        except FileNotFoundError:
            return

    def _range(self, location: str, start: int, end: int) -> bytes:
        if start >= end:
            return b""
        try:
            return bytes(obstore.get_range(self._store, location, start=start, end=end))
        except FileNotFoundError as error:
            raise NotFound("The file is no longer kept") from error
        except BaseError as error:
            raise Unavailable(f"The artifact store does not answer: {type(error).__name__}") from error
