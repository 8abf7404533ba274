"""Reports: their texts and versions, the document to show, and the results of its queries."""

import re
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from broadsheet.contracts.base import PageOf
from broadsheet.contracts.catalog import ReportSummary, ReportText, ReportVersion
from broadsheet.contracts.queries import Plan, ReadOrder, View
from broadsheet.contracts.runs import Edition
from broadsheet.documents.model import Mistake
from broadsheet.errors import FieldError, InvalidInput, NotFound, PreconditionFailed
from web.edge.authentication import principal
from web.edge.backends import backends
from web.edge.endpoints import JSON, MARKDOWN, Registry, endpoint, json_response
from web.edge.parameters import parameters
from web.edge.reads import Read, headers

_MAX_VERSION = 2**31 - 1
_VERSION_TAG = re.compile(r'"?v?([0-9]{1,9})"?')


class Mistakes(msgspec.Struct, frozen=True):
    """What is wrong with a report text; nothing, when the list is empty."""

    mistakes: list[Mistake]


class Data(msgspec.Struct, frozen=True):
    """A query's result by column: ``data[i]`` holds the values of ``columns[i]``."""

    columns: list[dict[str, str]]
    data: list[list[Any]]
    as_of: str
    row_count: int
    truncated: bool


def blueprint(registry: Registry) -> Blueprint:
    """``/reports``."""
    api = Blueprint("reports", __name__)

    @endpoint(api, registry, "GET", "/reports", returns=PageOf[ReportSummary])
    def list_reports(limit: int = 50, cursor: str | None = None) -> PageOf[ReportSummary]:
        """Reports of the organization, last changed first."""
        return backends().catalog.list_reports(principal(), limit, cursor)

    @endpoint(api, registry, "POST", "/reports", body=str, returns=ReportText, status=201, media_type=MARKDOWN)
    def create_report(body: str) -> Response:
        """Add a report; the body is its text."""
        report = backends().catalog.create_report(principal(), body)
        made = _text_response(report, 201)
        made.headers["Location"] = f"/api/v1/reports/{report.id}"
        return made

    @endpoint(api, registry, "POST", "/reports/check", body=str, returns=Mistakes, media_type=MARKDOWN)
    def check_report(body: str) -> Mistakes:
        """Mistakes of a text, without saving it."""
        return Mistakes(backends().catalog.check_report(principal(), body))

    @endpoint(api, registry, "GET", "/reports/<uuid:report_id>", returns=ReportText)
    def get_report(report_id: str) -> Response:
        """A report with its text."""
        return _text_response(backends().catalog.get_report(principal(), report_id))

    @endpoint(api, registry, "PUT", "/reports/<uuid:report_id>", body=str, returns=ReportText, media_type=MARKDOWN)
    def update_report(report_id: str, body: str) -> Response:
        """A new version; the body is its text, ``If-Match`` the version that was changed."""
        return _text_response(backends().catalog.update_report(principal(), report_id, body, _if_version()))

    @endpoint(api, registry, "DELETE", "/reports/<uuid:report_id>", status=204)
    def delete_report(report_id: str) -> None:
        """Remove a report; its editions stay."""
        backends().catalog.delete_report(principal(), report_id)

    @endpoint(api, registry, "GET", "/reports/<uuid:report_id>/versions", returns=PageOf[ReportVersion])
    def list_versions(report_id: str, limit: int = 50, cursor: str | None = None) -> PageOf[ReportVersion]:
        """Versions of a report, newest first."""
        return backends().catalog.list_versions(principal(), report_id, limit, cursor)

    @endpoint(api, registry, "GET", "/reports/<uuid:report_id>/versions/<int:version>", returns=ReportText)
    def get_version(report_id: str, version: int) -> Response:
        """One version of a report."""
        if version > _MAX_VERSION:
            raise NotFound(f"The report has no version {version}")
        return _text_response(backends().catalog.get_report(principal(), report_id, version))

    @endpoint(api, registry, "GET", "/reports/<uuid:report_id>/view", returns=View)
    def view(report_id: str) -> Response:
        """The document to show; parameters are ``param.NAME=…``."""
        return _sent(backends().reads.view(principal(), _order(report_id), request.environ))

    @endpoint(api, registry, "GET", "/reports/<uuid:report_id>/queries/<query>/data", returns=Data)
    def data(report_id: str, query: str, limit: int | None = None) -> Response:
        """One query's result; parameters are ``param.NAME=…``."""
        if limit is not None and limit < 1:
            raise InvalidInput("The query string has mistakes", errors=(FieldError("/query/limit", "At least 1"),))
        return _sent(backends().reads.data(principal(), _order(report_id), query, limit, request.environ))

    @endpoint(api, registry, "GET", "/reports/<uuid:report_id>/queries/<query>/plan", returns=Plan)
    def plan(report_id: str, query: str) -> Plan:
        """How a query would be run, and what would make it cheaper (author); parameters are ``param.NAME=…``."""
        return backends().queries.explain(principal(), _order(report_id), query)

    @endpoint(api, registry, "GET", "/reports/<uuid:report_id>/editions", returns=PageOf[Edition])
    def list_editions(report_id: str, limit: int = 50, cursor: str | None = None) -> PageOf[Edition]:
        """What was published of a report, newest first."""
        backends().catalog.get_report(principal(), report_id)
        return backends().runs.list_editions(principal(), report_id, limit, cursor)

    return api


def _sent(read: Read) -> Response:
    return Response(read.body, 304 if read.body is None else 200, headers(read), content_type=JSON)


def _text_response(report: ReportText, status: int = 200) -> Response:
    shown = msgspec.to_builtins(report)
    del shown["organization_id"]
    return json_response(shown, status, {"ETag": f'"v{report.version}"'})


def _if_version() -> int | None:
    tag = request.headers.get("If-Match")
    if tag is None or tag == "*":
        return None
    found = _VERSION_TAG.fullmatch(tag.strip())
    if found is None:
        raise PreconditionFailed('If-Match is the ETag of the version you changed, as in "v3"')
    return int(found[1])


def _order(report_id: str) -> ReadOrder:
    """What the query string asks for; ``Cache-Control: no-cache`` (a reload) asks for an answer of now."""
    max_age = 0 if request.cache_control.no_cache else request.cache_control.max_age
    return ReadOrder(report_id=report_id, params=parameters(request.args.items(multi=True)), max_age_seconds=max_age)
