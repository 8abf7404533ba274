"""Queries: a report's document with its parameters resolved, and the results of its queries."""

import datetime as dt
from typing import Any, Protocol

import msgspec

from broadsheet.caching.policy import By, cached
from broadsheet.contracts.base import Principal, Record


class ReadOrder(Record, frozen=True, kw_only=True):
    """What is read: a report with raw parameters, as in a query string (a string, or a list of strings).

    ``max_age_seconds`` asks for answers no older than this, whatever the cache would say; ``None`` takes what the report allows.
    """

    report_id: str
    params: dict[str, Any] = {}
    max_age_seconds: float | None = None


class ViewReport(Record, frozen=True, kw_only=True):
    id: str
    title: str
    description: str
    version: int


class ViewOption(Record, frozen=True, kw_only=True):
    value: Any
    label: str


class ViewParameter(Record, frozen=True, kw_only=True):
    """A parameter with what is chosen now and what there is to choose."""

    name: str
    type: str
    label: str
    value: Any = None
    default: Any = None
    options: list[ViewOption] | None = None
    of: str | None = None
    minimum: float | None = None
    maximum: float | None = None


class ViewColumn(Record, frozen=True, kw_only=True):
    name: str
    label: str | None = None
    format: str | None = None
    align: str | None = None
    bars: bool = False
    hidden: bool = False


class MarkdownBlock(Record, frozen=True, kw_only=True, tag_field="kind", tag="markdown"):
    html: str


class TableBlock(Record, frozen=True, kw_only=True, tag_field="kind", tag="table"):
    query: str
    title: str | None = None
    limit: int | None = None
    columns: list[ViewColumn] = []
    totals: list[str] = []


class ChartBlock(Record, frozen=True, kw_only=True, tag_field="kind", tag="chart"):
    """``spec`` is a whole Vega-Lite specification whose data is named ``rows``; the page fills it in."""

    query: str
    spec: dict[str, Any]
    title: str | None = None
    height: int = 280


class MetricBlock(Record, frozen=True, kw_only=True, tag_field="kind", tag="metric"):
    query: str
    label: str
    value: str
    agg: str = "first"
    format: str | None = None
    unit: str | None = None


ViewBlock = MarkdownBlock | TableBlock | ChartBlock | MetricBlock


class View(Record, frozen=True, kw_only=True):
    """The document to show. ``as_of`` is the age of what its texts say; blocks have their own.

    ``missing`` names parameters that must be chosen before there is anything to show; then there are no blocks yet.
    """

    report: ViewReport
    params: list[ViewParameter]
    blocks: list[ViewBlock]
    as_of: dt.datetime
    missing: list[str] = []


class ResultClaim(Record, frozen=True, kw_only=True):
    """Where a query's result is. The bytes (JSON) wait in Redis under ``key:ENCODING``, one of ``encodings`` (content codings of HTTP).

    ``body`` carries the JSON where Redis has not taken it. ``hit`` says that the data source was not asked for this answer.
    """

    key: str
    etag: str
    size_bytes: int
    as_of: dt.datetime
    hit: bool
    body: str | None = None
    encodings: list[str] = []


class SourceReport(Record, frozen=True, kw_only=True):
    """Whether a data source answers."""

    ok: bool
    message: str
    server_version: str | None = None
    read_only: bool = True


class SourceTable(Record, frozen=True, kw_only=True):
    schema: str
    name: str
    columns: list[dict[str, str]] = msgspec.field(default_factory=list)


class PlanHint(Record, frozen=True, kw_only=True):
    """One thing an author should know. ``kind`` is ``full_scan``, ``sort`` or ``index``.

    ``statement`` makes the index that is spoken of. ``factor`` says how many times cheaper the query would be with it, where the server
    could be asked; without it nobody has checked.
    """

    kind: str
    message: str
    statement: str | None = None
    factor: float | None = None


class Plan(Record, frozen=True, kw_only=True):
    """How the data source would run a query, by its own estimates; nothing was run.

    ``cost`` is in the planner's unit (about one page read in a row), ``lines`` are the plan as ``psql`` shows it.
    """

    cost: float
    rows: int
    lines: list[str]
    hints: list[PlanHint] = []


#: Seconds that a view or a claim is kept; never longer than the results it was made of.
_SHOWN_AGAIN = 3600.0


class Queries(Protocol):
    """What the data say."""

    @cached(
        ttl=_SHOWN_AGAIN,
        by=By.SCOPE,
        key=lambda order: [order.report_id, order.params],
        max_age=lambda order: order.max_age_seconds,
        warm=True,
    )
    def view(self, principal: Principal, order: ReadOrder) -> View:
        """The document to show.

        Raises ``NotFound``, ``InvalidParameters``, ``QueryFailed`` and its kin for options and texts that need a query.
        """

    @cached(
        ttl=_SHOWN_AGAIN,
        by=By.SCOPE,
        key=lambda order, query, limit: [order.report_id, order.params, query, limit],
        max_age=lambda order, **_: order.max_age_seconds,
        warm=True,
    )
    def data(self, principal: Principal, order: ReadOrder, query: str, limit: int | None = None) -> ResultClaim:
        """Where one query's result is. Raises as :meth:`view`."""

    def data_itself(self, principal: Principal, order: ReadOrder, query: str, limit: int | None = None) -> ResultClaim:
        """The same with the bytes in it, for whoever can't find them."""

    def explain(self, principal: Principal, order: ReadOrder, query: str) -> Plan:
        """How a query would be run, and what would make it cheaper (author). Raises as :meth:`view`."""

    def test_source(self, principal: Principal, source_id: str) -> SourceReport:
        """Connect and say how it went (admin)."""

    def source_schema(self, principal: Principal, source_id: str) -> list[SourceTable]:
        """Tables and columns the data source shows its user (author)."""
