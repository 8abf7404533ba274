"""Runs: ask for files, see how it goes, download."""

from typing import Any

import msgspec
from flask import Blueprint, Response, request
from werkzeug.http import parse_range_header

from broadsheet.contracts.base import PageOf
from broadsheet.contracts.runs import Artifact, Format, RunOrder, RunView
from broadsheet.errors import FieldError, InvalidInput, NotFound, RangeNotSatisfiable
from broadsheet.ids import is_id
from web.edge import problems
from web.edge.authentication import principal
from web.edge.backends import backends
from web.edge.endpoints import Registry, endpoint, json_response

_KEY_HEADER = "Idempotency-Key"


class RunBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked for: ``query`` says which query a CSV carries when the report has several."""

    formats: list[Format]
    params: dict[str, Any] = {}
    query: str | None = None


def blueprint(registry: Registry) -> Blueprint:
    """``/reports/{id}/runs`` and ``/runs``."""
    api = Blueprint("runs", __name__)

    @endpoint(api, registry, "POST", "/reports/<uuid:report_id>/runs", body=RunBody, returns=RunView, status=202)
    def request_run(report_id: str, body: RunBody) -> Response:
        """Ask for files; the answer comes at once, the files when they are ready. ``Idempotency-Key`` makes two equal requests one."""
        order = RunOrder(
            report_id=report_id,
            formats=body.formats,
            params=body.params,
            query=body.query,
            idempotency_key=request.headers.get(_KEY_HEADER),
        )
        return _accepted(backends().runs.request(principal(), order).view())

    @endpoint(api, registry, "GET", "/runs", returns=PageOf[RunView])
    def list_runs(report_id: str | None = None, limit: int = 50, cursor: str | None = None) -> PageOf[RunView]:
        """One's own runs (all of the organization's for an admin), newest first."""
        _check_id("report_id", report_id)
        page = backends().runs.list_runs(principal(), report_id, limit, cursor)
        return PageOf(items=[run.view() for run in page.items], next_cursor=page.next_cursor)

    @endpoint(api, registry, "GET", "/runs/<uuid:run_id>", returns=RunView)
    def get_run(run_id: str) -> RunView:
        """One run."""
        return backends().runs.get(principal(), run_id).view()

    @endpoint(api, registry, "POST", "/runs/<uuid:run_id>/cancel", returns=RunView)
    def cancel_run(run_id: str) -> RunView:
        """Cancel a queued or running run; a finished one stays as it is."""
        return backends().runs.cancel(principal(), run_id).view()

    @endpoint(api, registry, "POST", "/runs/<uuid:run_id>/retry", returns=RunView, status=202)
    def retry_run(run_id: str) -> Response:
        """Try a failed or cancelled run again."""
        return _accepted(backends().runs.retry(principal(), run_id).view())

    @endpoint(api, registry, "GET", "/runs/<uuid:run_id>/artifacts/<name>", returns=bytes, media_type="application/octet-stream")
    def download(run_id: str, name: str) -> Response:
        """A file of the run's edition; ``Range`` gives a part."""
        run = backends().runs.get(principal(), run_id)
        for artifact in run.artifacts:
            if artifact.name == name:
                return _file(artifact)
        raise NotFound("The run has no such file")

    return api


def _accepted(run: RunView) -> Response:
    return json_response(run, 202, {"Location": f"/api/v1/runs/{run.id}"})


def _check_id(name: str, value: str | None) -> None:
    if value is not None and not is_id(value):
        raise InvalidInput("The query string has mistakes", errors=(FieldError(f"/query/{name}", "This is not an id"),))


def _file(artifact: Artifact) -> Response:
    """The file, or the part of it that ``Range`` asks for (RFC 9110, 14)."""
    etag, size = f'"{artifact.sha256}"', artifact.size_bytes
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    if request.if_none_match.contains(artifact.sha256):
        return Response(status=304, headers=headers)
    start, end, status = 0, size, 200
    wanted = _range(etag)
    if wanted is not None:
        found = wanted.range_for_length(size)
        if found is None:
            refused = problems.response(RangeNotSatisfiable(f"The file has {size} bytes"))
            refused.headers["Content-Range"] = f"bytes */{size}"
            return refused
        (start, end), status = found, 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    body = backends().artifacts.read(artifact.location, start, end) if request.method != "HEAD" else iter(())
    made = Response(body, status, headers, content_type=artifact.media_type, direct_passthrough=True)
    made.content_length = end - start
    made.headers.set("Content-Disposition", "attachment", filename=artifact.name)
    return made


def _range(etag: str) -> Any:
    """The one range that is asked for, unless it is of another edition of the file."""
    wanted = parse_range_header(request.headers.get("Range"))
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    if_range = request.headers.get("If-Range")
    return wanted if if_range is None or if_range == etag else None
