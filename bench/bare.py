"""The floor of reads: Flask on gunicorn with one Redis ``GET``, same worker class and count as the edge."""

import os

import redis
from flask import Flask, Response, request

KEY = b"broadsheet:bench:answer"
ETAG = "bench"


def build() -> Flask:
    """The bare application."""
    app = Flask(__name__)
    client = redis.Redis.from_url(os.environ["BROADSHEET_REDIS_URL"], socket_timeout=1)

    @app.get("/answer")
    def answer() -> Response:
        body: bytes = client.get(KEY)  # type: ignore[assignment]
        if request.if_none_match.contains(ETAG):
            return Response(status=304, headers={"ETag": f'"{ETAG}"'})
        return Response(body, headers={"ETag": f'"{ETAG}"'}, content_type="application/json")

    return app
