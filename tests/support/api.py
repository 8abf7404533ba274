"""The public API as tests use it: one small client, that keeps cookies only if told to."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import msgspec

TIMEOUT_SECONDS = 60.0


class Answer(msgspec.Struct, frozen=True):
    """What came back. ``headers`` have lower-case names."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Api:
    """Calls as one principal; without a token, as nobody."""

    def __init__(self, url: str, token: str | None = None):
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self.token = token

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """``path`` is below ``/api/v1`` unless it starts with it. ``body``: bytes and str as they are, the rest as JSON."""
        return self.beside(method, path if path.startswith("/api/") else f"/api/v1{path}", body, headers)

    def beside(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """The same for any ``path`` of the edge."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            sent["Content-Type"] = "text/markdown" if isinstance(body, str) else "application/json"
            body = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, body, sent | (headers or {}))
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, None, {name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call(
            "POST", path, {} if body is None else body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
