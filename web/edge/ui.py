"""The browser's files on one machine: hashed assets kept for a year, one page for every address of the UI.

In a larger installation a CDN serves ``/assets`` and this only the page itself.
"""

import pathlib

from flask import Blueprint, Response, send_from_directory

from broadsheet.errors import NotFound

DIST = pathlib.Path(__file__).parent.parent / "ui" / "dist"
_YEAR = 31_536_000

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


def blueprint() -> Blueprint:
    """``/`` and ``/assets``."""
    ui = Blueprint("ui", __name__)

    @ui.get("/assets/<path:name>")
    def asset(name: str) -> Response:
        if not (DIST / "assets" / name).is_file():
            raise NotFound("There is no such file")
        made = send_from_directory(DIST / "assets", name, max_age=_YEAR)
        made.cache_control.public = True
        made.cache_control.immutable = True
        made.headers["X-Content-Type-Options"] = "nosniff"
        return made

    @ui.get("/", defaults={"path": ""})
    @ui.get("/<path:path>")
    def page(path: str) -> Response:
        if path.startswith(("api/", "assets/")):
            raise NotFound("There is nothing here")
        if path and (DIST / path).is_file():
            return send_from_directory(DIST, path, max_age=3600)
        if not (DIST / "index.html").is_file():
            raise NotFound("The browser's files are not built; run `make up`, or `npm ci && npm run build` in web/ui")
        made = send_from_directory(DIST, "index.html", max_age=0)
        made.headers["Cache-Control"] = "no-cache"
        made.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        made.headers["X-Content-Type-Options"] = "nosniff"
        made.headers["Referrer-Policy"] = "same-origin"
        return made

    return ui
