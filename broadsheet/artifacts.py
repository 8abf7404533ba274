"""The artifact store: files of editions, in a folder, S3, Google Cloud Storage or Azure, as its URL says.

A file becomes visible whole or not at all: it is written as a multipart upload (a temporary file in a folder) and appears when it is
published. Locations are ``organization/edition/name``.
"""

import hashlib
import io
import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from broadsheet.errors import NotFound, Unavailable

_WRITE_BUFFER_BYTES = 5 * 1024 * 1024  # S3 wants parts of at least 5 MiB
_PARTS_AT_ONCE = 2
_READ_CHUNK_BYTES = 1024 * 1024


class ArtifactWriter(io.RawIOBase):
    """A file being written; use it as a binary file, then :meth:`publish`. Closed without publishing, nothing appears.

    ``size_bytes`` and ``sha256`` (hexadecimal) tell what was written so far.
    """

    def __init__(self, file: Any):
        super().__init__()
        self._upload: Any = file
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size_bytes

    def write(self, data: Any) -> int:
        """Add ``data`` (bytes-like). Raises :class:`Unavailable` when the store does not take it (a full disk, for example)."""
        piece = data if isinstance(data, bytes) else bytes(data)
        self._hash.update(piece)
        self.size_bytes += len(piece)
        with _refusals():
            self._upload.write(piece)
        return len(piece)

    def publish(self) -> None:
        """Make the file appear. Raises :class:`Unavailable` when the store does not take it."""
        upload, self._upload = self._upload, None
        with _refusals():
            upload.close()

    def close(self) -> None:
        """Drop what was not published: an upload that is never completed does not appear."""
        self._upload = None
        super().close()


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        raise Unavailable(f"The artifact store did not take the file: {error}") from error


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
        return ArtifactWriter(
            obstore.open_writer(self._store, location, buffer_size=_WRITE_BUFFER_BYTES, max_concurrency=_PARTS_AT_ONCE)
        )

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
