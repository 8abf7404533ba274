"""Entry points of queries: check, call, return a contract type."""

import datetime as dt
from functools import lru_cache
from typing import Any

import msgspec

from broadsheet import reading as reading_of
from broadsheet.contracts.base import Principal, Role
from broadsheet.contracts.catalog import Catalog, ReportText
from broadsheet.contracts.queries import Queries, ResultClaim, SourceReport, SourceTable, View
from broadsheet.documents import parser
from broadsheet.documents.model import Option, Report
from broadsheet.errors import BroadsheetError
from broadsheet.hosting.entrypoint import rpc
from broadsheet.hosting.providers import RemoteProvider, SettingsProvider
from broadsheet.reading import MAX_OPTIONS, Reading, options_from_rows
from services.queries import document, questions
from services.queries.execution import Answered, ExecutorProvider

#: A text is parsed once; versions are immutable, so an entry never goes stale.
_parsed = lru_cache(maxsize=512)(parser.parse)


class QueriesService:
    """Answers what the data say, from the cache where it can."""

    name = "queries"
    contract = Queries

    catalog = RemoteProvider(Catalog)
    executor = ExecutorProvider()
    settings = SettingsProvider()

    @rpc
    def view(self, principal: Principal, report_id: str, params: dict[str, Any]) -> View:
        text, reading = self._reading(principal, report_id, params)
        options = {
            parameter.name: self._options(reading, parameter.name)
            for parameter in reading.report.parameters
            if parameter.options_query is not None
        }
        rows = {name: self._rows(reading, name) for name in sorted(document.text_queries(reading.report))}
        return document.build(text, reading, options, rows)

    @rpc
    def data(
        self,
        principal: Principal,
        report_id: str,
        query: str,
        params: dict[str, Any],
        limit: int | None = None,
        carry: bool = False,
    ) -> ResultClaim:
        _, reading = self._reading(principal, report_id, params)
        found = self._answer(reading, query, limit)
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

    def _reading(self, principal: Principal, report_id: str, params: dict[str, Any]) -> tuple[ReportText, Reading]:
        text = self.catalog.get_report(principal, report_id)
        report: Report = _parsed(text.text)
        return text, reading_of.read(report, params, principal, from_query_string=True)

    def _answer(self, reading: Reading, query: str, limit: int | None = None) -> Answered:
        most = self.settings.query_row_limit
        sql = reading.query_sql(query)
        return self._ask(reading, reading.query_source(query), sql, min(max(1, limit or most), most))

    def _rows(self, reading: Reading, query: str) -> document.Rows:
        found = self._answer(reading, query)
        result = msgspec.json.decode(found.answer.body)
        columns = result["columns"]
        return document.Rows([c["name"] for c in columns], [c["type"] for c in columns], result["data"], found.answer.as_of)

    def _options(self, reading: Reading, name: str) -> tuple[Option, ...]:
        source = reading.report.source or next((q.source for q in reading.report.queries if q.source), "")
        found = self._ask(reading, source, reading.options_sql(reading.report.parameter(name)), MAX_OPTIONS)
        return options_from_rows(found.columns()[1])

    def _ask(self, reading: Reading, source_name: str, sql: str, limit: int) -> Answered:
        principal = reading.principal
        source = self.catalog.connection(principal, source_name)
        ttl = reading.report.freshness_seconds
        return self.executor.answer(
            principal.organization_id,
            source,
            sql,
            limit=limit,
            zone=principal.time_zone,
            ttl_seconds=self.settings.query_cache_seconds if ttl is None else ttl,
        )
