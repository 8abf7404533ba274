"""Entry points of queries: check, call, return a contract type."""

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from eventlet import GreenPool
from nameko.timer import timer

from broadsheet import reading as reading_of
from broadsheet.caching.computing import current
from broadsheet.caching.entries import etag_of
from broadsheet.contracts.base import Principal, Role
from broadsheet.contracts.catalog import Catalog, ReportChanged, ReportText, SourceRefreshed, report_tag, source_tag
from broadsheet.contracts.queries import Plan, Queries, ReadOrder, ResultClaim, SourceReport, SourceTable, View
from broadsheet.documents import parser
from broadsheet.documents.model import Option, Report
from broadsheet.errors import BroadsheetError, QueryFailed
from broadsheet.hosting.caching import AnswersProvider
from broadsheet.hosting.consuming import on_event
from broadsheet.hosting.entrypoint import rpc
from broadsheet.hosting.providers import RemoteProvider, SettingsProvider
from broadsheet.reading import MAX_OPTIONS, Reading, options_from_rows
from services.queries import document, questions, warming
from services.queries.execution import Answered, Asked, ExecutorProvider, stale_seconds
from services.queries.explaining import ExplainerProvider

T = TypeVar("T")

#: A text is parsed once; versions are immutable, so an entry never goes stale.
_parsed = lru_cache(maxsize=512)(parser.parse)

#: Queries of one document that run side by side.
_AT_ONCE = 4


class QueriesService:
    """Answers what the data say, from the cache where it can."""

    name = "queries"
    contract = Queries

    catalog = RemoteProvider(Catalog)
    answers = AnswersProvider()
    executor = ExecutorProvider()
    explainer = ExplainerProvider()
    settings = SettingsProvider()

    @rpc
    def view(self, principal: Principal, order: ReadOrder) -> View:
        text, report, order = self._report(principal, order)
        missing = reading_of.missing(report, order.params)
        if missing:
            reading = reading_of.unread(report, principal)
        else:
            reading = reading_of.read(report, order.params, principal, from_query_string=True)
        options = {
            parameter.name: self._options(reading, parameter.name, order)
            for parameter in report.parameters
            if parameter.options_query is not None
        }
        names = [] if missing else sorted(document.queries_before_showing(report))
        found = GreenPool(_AT_ONCE).imap(carrying(lambda name: self._rows(reading, name, order)), names)
        rows = {name: answered for name, answered in zip(names, found, strict=True) if answered is not None}
        self._lasts(reading)
        return document.build(text, reading, options, rows, missing)

    @rpc
    def data(self, principal: Principal, order: ReadOrder, query: str, limit: int | None = None) -> ResultClaim:
        asked, reading = self._asked(principal, order, query, limit)
        with reading.mistakes_in_report(query):
            answered = self.executor.answer(asked)
            if answered.body.encodings:
                return _claim(answered)
            return _claim(*self.executor.bytes_of(asked, answered))  # Redis has not taken them

    @rpc
    def data_itself(self, principal: Principal, order: ReadOrder, query: str, limit: int | None = None) -> ResultClaim:
        asked, reading = self._asked(principal, order, query, limit)
        with reading.mistakes_in_report(query):
            return _claim(*self.executor.read(asked))

    @timer(interval=60)
    def drop_idle(self) -> None:
        """Close connections to data sources that nobody reads."""
        self.executor.drop_idle()

    @on_event("catalog", "source_refreshed")
    def on_source_refreshed(self, payload: dict[str, Any]) -> None:
        event = msgspec.convert(payload, SourceRefreshed)
        self._warm(source_tag(event.source_id))

    @on_event("catalog", "report_changed")
    def on_report_changed(self, payload: dict[str, Any]) -> None:
        event = msgspec.convert(payload, ReportChanged)
        self._warm(report_tag(event.report_id))

    @rpc
    def explain(self, principal: Principal, order: ReadOrder, query: str) -> Plan:
        principal.require(Role.AUTHOR)
        _, report, _ = self._report(principal, order)
        reading = reading_of.read(report, order.params, principal, from_query_string=True)
        sql = reading.query_sql(query)
        source = self.catalog.connection(principal, reading.query_source(query))
        with reading.mistakes_in_report(query):
            return self.explainer.explain(source, sql, time_zone=principal.time_zone, asker=principal.user_id)

    @rpc
    def test_source(self, principal: Principal, source_id: str) -> SourceReport:
        principal.require(Role.ADMIN)
        self.catalog.get_source(principal, source_id)
        source = self.catalog.connection(principal, source_id)
        try:
            version = self.executor.ask(source, questions.VERSION, limit=1, asker=principal.user_id)[0]["version"]
        except BroadsheetError as error:
            return SourceReport(ok=False, message=error.message)
        return SourceReport(ok=True, message="The data source answers", server_version=version)

    @rpc
    def source_schema(self, principal: Principal, source_id: str) -> list[SourceTable]:
        principal.require(Role.AUTHOR)
        self.catalog.get_source(principal, source_id)
        source = self.catalog.connection(principal, source_id)
        return questions.tables(self.executor.ask(source, questions.SCHEMA, limit=questions.MAX_COLUMNS, asker=principal.user_id))

    def _warm(self, tag: str) -> None:
        """Compute again what is read most of the answers that have just ended."""
        for name, arguments in warming.questions(self.answers.cache.store, tag):
            with suppress(BroadsheetError):  # nobody asked for it; who does will be told
                getattr(self, name)(**arguments)

    def _report(self, principal: Principal, order: ReadOrder) -> tuple[ReportText, Report, ReadOrder]:
        """The report, and the order as it holds for it: nothing older than when it was last forgotten."""
        text = self.catalog.get_report(principal, order.report_id)
        if text.forgotten_at is not None:
            since = max(0.0, (dt.datetime.now(dt.UTC) - text.forgotten_at).total_seconds())
            most = since if order.max_age_seconds is None else min(since, order.max_age_seconds)
            order = msgspec.structs.replace(order, max_age_seconds=most)
        return text, _parsed(text.text), order

    def _asked(self, principal: Principal, order: ReadOrder, query: str, limit: int | None) -> tuple[Asked, Reading]:
        _, report, order = self._report(principal, order)
        reading = reading_of.read(report, order.params, principal, from_query_string=True)
        self._lasts(reading)
        most = self.settings.query_row_limit
        sql = reading.query_sql(query)
        return self._question(reading, reading.query_source(query), sql, min(max(1, limit or most), most), order), reading

    def _rows(self, reading: Reading, query: str, order: ReadOrder) -> document.Rows | None:
        """The rows, or ``None`` when the query fails: its own block says why, and the rest of the page stays."""
        source, sql = reading.query_source(query), reading.query_sql(query)
        try:
            answered, body = self.executor.read(self._question(reading, source, sql, self.settings.query_row_limit, order))
        except QueryFailed:
            return None
        result = msgspec.json.decode(body)
        columns = result["columns"]
        return document.Rows([c["name"] for c in columns], [c["type"] for c in columns], result["data"], answered.body.as_of)

    def _options(self, reading: Reading, name: str, order: ReadOrder) -> tuple[Option, ...]:
        source = reading.report.source or next((q.source for q in reading.report.queries if q.source), "")
        sql = reading.options_sql(reading.report.parameter(name))
        _, body = self.executor.read(self._question(reading, source, sql, MAX_OPTIONS, order))
        return options_from_rows(msgspec.json.decode(body)["data"])

    def _question(self, reading: Reading, source_name: str, sql: str, limit: int, order: ReadOrder) -> Asked:
        principal = reading.principal
        return Asked(
            organization_id=principal.organization_id,
            source=self.catalog.connection(principal, source_name),
            sql=sql,
            limit=limit,
            time_zone=principal.time_zone,
            asker=principal.user_id,
            ttl_seconds=self._ttl_seconds(reading),
            max_age_seconds=order.max_age_seconds,
        )

    def _lasts(self, reading: Reading) -> None:
        """What is computed now is kept as long as the results it is made of."""
        ttl = self._ttl_seconds(reading)
        if (computation := current()) is not None:
            computation.lasts(ttl, stale_seconds(ttl))

    def _ttl_seconds(self, reading: Reading) -> float:
        own = reading.report.freshness_seconds
        return self.settings.query_cache_seconds if own is None else own


def carrying(work: Callable[..., T]) -> Callable[..., T]:
    """``work`` for another greenlet, as part of the computation under way here."""
    return lambda *arguments: copy_context().run(work, *arguments)


def _claim(answered: Answered, content: bytes | None = None) -> ResultClaim:
    body = answered.body
    return ResultClaim(
        key=body.key,
        etag=body.etag if content is None else etag_of(content),
        size_bytes=body.size_bytes if content is None else len(content),
        as_of=dt.datetime.fromtimestamp(body.as_of, dt.UTC),
        hit=answered.hit,
        body=None if content is None else content.decode(),
        encodings=body.encodings,
    )
