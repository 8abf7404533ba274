"""Entry points of queries: check, call, return a contract type."""

import datetime as dt
from functools import lru_cache

import msgspec
from eventlet import GreenPool

from broadsheet import reading as reading_of
from broadsheet.contracts.base import Principal, Role
from broadsheet.contracts.catalog import Catalog, ReportText
from broadsheet.contracts.queries import Queries, ReadOrder, ResultClaim, SourceReport, SourceTable, View
from broadsheet.documents import parser
from broadsheet.documents.model import Option, Report
from broadsheet.errors import BroadsheetError, QueryFailed
from broadsheet.hosting.entrypoint import rpc
from broadsheet.hosting.providers import RemoteProvider, SettingsProvider
from broadsheet.reading import MAX_OPTIONS, Reading, options_from_rows
from services.queries import document, questions
from services.queries.execution import Answered, ExecutorProvider, Question

#: A text is parsed once; versions are immutable, so an entry never goes stale.
_parsed = lru_cache(maxsize=512)(parser.parse)

#: Queries of one document that run side by side.
_AT_ONCE = 4


class QueriesService:
    """Answers what the data say, from the cache where it can."""

    name = "queries"
    contract = Queries

    catalog = RemoteProvider(Catalog)
    executor = ExecutorProvider()
    settings = SettingsProvider()

    @rpc
    def view(self, principal: Principal, order: ReadOrder) -> View:
        text, report = self._report(principal, order)
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
        found = GreenPool(_AT_ONCE).imap(lambda name: self._rows(reading, name, order), names)
        rows = {name: answered for name, answered in zip(names, found, strict=True) if answered is not None}
        return document.build(text, reading, options, rows, missing)

    @rpc
    def data(
        self, principal: Principal, order: ReadOrder, query: str, limit: int | None = None, carry: bool = False
    ) -> ResultClaim:
        _, report = self._report(principal, order)
        reading = reading_of.read(report, order.params, principal, from_query_string=True)
        found = self._answer(reading, query, order, limit)
        return ResultClaim(
            key=found.key,
            etag=found.answer.etag,
            size_bytes=len(found.answer.body),
            as_of=dt.datetime.fromtimestamp(found.answer.as_of, dt.UTC),
            hit=found.hit,
            body=None if found.stored and not carry else found.answer.body.decode(),
        )

    @rpc
    def test_source(self, principal: Principal, source_id: str) -> SourceReport:
        principal.require(Role.ADMIN)
        self.catalog.get_source(principal, source_id)
        source = self.catalog.connection(principal, source_id)
        try:
            version = self.executor.ask(source, questions.VERSION, limit=1)[0]["version"]
        except BroadsheetError as error:
            return SourceReport(ok=False, message=error.message)
        return SourceReport(ok=True, message="The data source answers", server_version=version)

    @rpc
    def source_schema(self, principal: Principal, source_id: str) -> list[SourceTable]:
        principal.require(Role.AUTHOR)
        self.catalog.get_source(principal, source_id)
        source = self.catalog.connection(principal, source_id)
        return questions.tables(self.executor.ask(source, questions.SCHEMA, limit=questions.MAX_COLUMNS))

    def _report(self, principal: Principal, order: ReadOrder) -> tuple[ReportText, Report]:
        text = self.catalog.get_report(principal, order.report_id)
        return text, _parsed(text.text)

    def _answer(self, reading: Reading, query: str, order: ReadOrder, limit: int | None = None) -> Answered:
        most = self.settings.query_row_limit
        sql = reading.query_sql(query)
        return self._ask(reading, reading.query_source(query), sql, min(max(1, limit or most), most), order)

    def _rows(self, reading: Reading, query: str, order: ReadOrder) -> document.Rows | None:
        """The rows, or ``None`` when the query fails: its own block says why, and the rest of the page stays."""
        try:
            found = self._answer(reading, query, order)
        except QueryFailed:
            return None
        result = msgspec.json.decode(found.answer.body)
        columns = result["columns"]
        return document.Rows([c["name"] for c in columns], [c["type"] for c in columns], result["data"], found.answer.as_of)

    def _options(self, reading: Reading, name: str, order: ReadOrder) -> tuple[Option, ...]:
        source = reading.report.source or next((q.source for q in reading.report.queries if q.source), "")
        found = self._ask(reading, source, reading.options_sql(reading.report.parameter(name)), MAX_OPTIONS, order)
        return options_from_rows(found.columns()[1])

    def _ask(self, reading: Reading, source_name: str, sql: str, limit: int, order: ReadOrder) -> Answered:
        principal = reading.principal
        ttl = reading.report.freshness_seconds
        question = Question(
            organization_id=principal.organization_id,
            source=self.catalog.connection(principal, source_name),
            sql=sql,
            limit=limit,
            time_zone=principal.time_zone,
        )
        return self.executor.answer(
            question,
            ttl_seconds=self.settings.query_cache_seconds if ttl is None else ttl,
            max_age_seconds=order.max_age_seconds,
        )
