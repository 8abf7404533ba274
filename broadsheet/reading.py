"""A report as one person reads it: with values for its parameters, each query is a finished SQL text against a named data source.

The page (``services/queries``) and the files (``jobs/renderer``) both read through this, so they can't disagree.
"""

import datetime as dt
import zoneinfo
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from broadsheet.contracts.base import Principal
from broadsheet.documents import parameters
from broadsheet.documents.model import Option, Parameter, ParameterType, Query, Report, Value
from broadsheet.errors import FieldError, NotFound, QueryFailed
from broadsheet.sources.binding import bind

#: Most options that a choice offers.
MAX_OPTIONS = 5_000


class Reading(msgspec.Struct, frozen=True):
    """A report, the values of its parameters, and who reads it."""

    report: Report
    values: Mapping[str, Value]
    principal: Principal

    def query_sql(self, name: str) -> str:
        """The SQL of a query with everything bound. Raises :class:`NotFound`."""
        try:
            query = self.report.query(name)
        except KeyError:
            raise NotFound(f"The report has no query {name!r}") from None
        return self._bound(query.sql)

    def query_source(self, name: str) -> str:
        """The name of the data source that a query reads. Raises :class:`QueryFailed` when the report names none."""
        source = self.report.query(name).source or self.report.source
        if source is None:
            raise QueryFailed(f"The query {name} names no data source; add `source: NAME` to the report's front matter")
        return source

    @contextmanager
    def mistakes_in_report(self, name: str) -> Iterator[None]:
        """Errors about a query of this block say the line of the report's text, not that of the query."""
        try:
            yield
        except QueryFailed as error:
            query, sent = self.report.query(name), self.query_sql(name)
            mistakes = tuple(_in_report(mistake, query, sent) for mistake in error.errors)
            raise type(error)(error.message, errors=mistakes, retry_after_seconds=error.retry_after_seconds) from None

    def options_sql(self, parameter: Parameter) -> str:
        """The SQL that lists what a choice offers."""
        return self._bound(parameter.options_query or "")

    def _bound(self, sql: str) -> str:
        types = {p.name: p.of for p in self.report.parameters if p.type is ParameterType.LIST}
        return bind(sql, self.values, attributes(self.principal), types)


def _in_report(mistake: FieldError, query: Query, sent: str) -> FieldError:
    """The query begins on the line after its fence. A column behind a value that was bound is another one in the report: left out."""
    if mistake.line is None or mistake.column is None:
        return mistake
    before = mistake.column - 1
    written, bound = (text.split("\n")[mistake.line - 1] for text in (query.sql, sent))
    column = mistake.column if written[:before] == bound[:before] else None
    return msgspec.structs.replace(mistake, line=query.position.line + mistake.line, column=column)


def attributes(principal: Principal) -> dict[str, Any]:
    """What ``:user.NAME`` and ``:org.NAME`` bind to."""
    own = {f"user.{name}": value for name, value in principal.attributes.items()}
    return own | {f"org.{name}": value for name, value in principal.organization_attributes.items()}


def today(principal: Principal) -> dt.date:
    """The date where the reader is."""
    return dt.datetime.now(zoneinfo.ZoneInfo(principal.time_zone)).date()


def missing(report: Report, raw: Mapping[str, Any]) -> list[str]:
    """Parameters without a default that ``raw`` gives no value for."""
    return [parameter.name for parameter in report.parameters if parameter.required and raw.get(parameter.name) in (None, "", [])]


def read(report: Report, raw: Mapping[str, Any], principal: Principal, *, from_query_string: bool) -> Reading:
    """The report with raw parameter values read. Raises ``InvalidParameters`` with one mistake a parameter."""
    values = parameters.read(report, raw, from_query_string=from_query_string, today=today(principal))
    return Reading(report, values, principal)


def unread(report: Report, principal: Principal) -> Reading:
    """The report with its defaults, and nothing where there is none: enough to ask for what is missing."""
    return Reading(report, parameters.defaults(report, today=today(principal)), principal)


def options_from_rows(columns: list[list[Any]]) -> tuple[Option, ...]:
    """Options out of a result: the first column is the value, the second (if any) the label."""
    if not columns:
        return ()
    labels = columns[1] if len(columns) > 1 else columns[0]
    return tuple(Option(value, str(label)) for value, label in zip(columns[0], labels, strict=True) if value is not None)
