"""Catalog: data sources and reports with immutable versions."""

import datetime as dt
from typing import ClassVar, Protocol

import msgspec

from broadsheet.caching.policy import cached
from broadsheet.contracts.base import Event, PageOf, Principal, Record
from broadsheet.documents.model import Mistake

#: Seconds after which an answer is asked for again though nothing was said to have changed. Changes are never waited for.
_ASKED_AGAIN = 3600.0


class ReportSummary(Record, frozen=True, kw_only=True):
    id: str
    title: str
    description: str
    version: int
    updated_at: dt.datetime
    updated_by: str


class ReportText(Record, frozen=True, kw_only=True):
    """A report with its text, as one version. No result that is older than ``forgotten_at`` is shown with it."""

    id: str
    organization_id: str
    title: str
    description: str
    version: int
    text: str
    created_at: dt.datetime
    updated_at: dt.datetime
    updated_by: str
    forgotten_at: dt.datetime | None = None


class ReportVersion(Record, frozen=True, kw_only=True):
    version: int
    title: str
    created_at: dt.datetime
    created_by: str


class DataSource(Record, frozen=True, kw_only=True):
    """A database that reports read from, as people see it: the password never comes back.

    ``refreshed_at`` is when somebody last said that its data had changed.
    """

    id: str
    name: str
    kind: str
    host: str
    port: int
    database: str
    user: str
    replicas: list[str] = []
    created_at: dt.datetime | None = None
    refreshed_at: dt.datetime | None = None


class NewDataSource(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``replicas`` are ``host:port`` of read replicas with the same database and user."""

    name: str
    host: str
    database: str
    user: str
    password: str = ""
    port: int = 5432
    kind: str = "postgres"
    replicas: list[str] = []


class DataSourceChange(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; what is not given stays."""

    host: str | msgspec.UnsetType = msgspec.UNSET
    port: int | msgspec.UnsetType = msgspec.UNSET
    database: str | msgspec.UnsetType = msgspec.UNSET
    user: str | msgspec.UnsetType = msgspec.UNSET
    password: str | msgspec.UnsetType = msgspec.UNSET
    replicas: list[str] | msgspec.UnsetType = msgspec.UNSET


class SourceConnection(Record, frozen=True, kw_only=True):
    """What a worker needs to connect. The password stays encrypted until the moment of connecting."""

    id: str
    name: str
    kind: str
    host: str
    port: int
    database: str
    user: str
    password_encrypted: str
    replicas: list[str] = []
    revision: int = 1
    refreshed_at: dt.datetime | None = None


class SourceRefreshed(Event, frozen=True, kw_only=True):
    """The data behind a data source has changed, somebody said."""

    name: ClassVar[str] = "catalog.source_refreshed"

    source_id: str
    organization_id: str


class ReportChanged(Event, frozen=True, kw_only=True):
    """A report has a new version."""

    name: ClassVar[str] = "catalog.report_changed"

    report_id: str
    organization_id: str
    report_version: int


def report_tag(report_id: str) -> str:
    """What every answer made of a report depends on."""
    return f"report:{report_id}"


def reports_tag(organization_id: str) -> str:
    """What lists of an organization's reports depend on."""
    return f"reports:{organization_id}"


def sources_tag(organization_id: str) -> str:
    """What answers about the data sources of an organization depend on."""
    return f"sources:{organization_id}"


def source_tag(source_id: str) -> str:
    """What every answer made of the data behind a data source depends on."""
    return f"source:{source_id}"


class Catalog(Protocol):
    """What there is to read."""

    @cached(ttl=_ASKED_AGAIN, depends=lambda principal, **_: [reports_tag(principal.organization_id)])
    def list_reports(self, principal: Principal, limit: int = 50, cursor: str | None = None) -> PageOf[ReportSummary]:
        """Reports of the organization, last changed first."""

    @cached(ttl=_ASKED_AGAIN, near=True, depends=lambda report_id, **_: [report_tag(report_id)])
    def get_report(self, principal: Principal, report_id: str, version: int | None = None) -> ReportText:
        """One version, by default the current. Raises ``NotFound``."""

    def create_report(self, principal: Principal, text: str) -> ReportText:
        """Raises ``InvalidReport`` with all mistakes, ``Forbidden``."""

    def update_report(self, principal: Principal, report_id: str, text: str, if_version: int | None = None) -> ReportText:
        """A new version (or the current one, when the text is equal). Raises ``PreconditionFailed``, ``InvalidReport``, ``NotFound``."""

    def delete_report(self, principal: Principal, report_id: str) -> None:
        """Hides the report; its editions stay. Raises ``NotFound``."""

    @cached(ttl=_ASKED_AGAIN, depends=lambda report_id, **_: [report_tag(report_id)])
    def list_versions(
        self, principal: Principal, report_id: str, limit: int = 50, cursor: str | None = None
    ) -> PageOf[ReportVersion]:
        """Newest first."""

    def check_report(self, principal: Principal, text: str) -> list[Mistake]:
        """Mistakes of a text, without saving."""

    @cached(ttl=_ASKED_AGAIN, depends=lambda principal, **_: [sources_tag(principal.organization_id)])
    def list_sources(self, principal: Principal, limit: int = 50, cursor: str | None = None) -> PageOf[DataSource]:
        """Data sources of the organization, by name."""

    @cached(ttl=_ASKED_AGAIN, depends=lambda principal, **_: [sources_tag(principal.organization_id)])
    def get_source(self, principal: Principal, source_id: str) -> DataSource:
        """Raises ``NotFound``."""

    def create_source(self, principal: Principal, order: NewDataSource) -> DataSource:
        """Raises ``Conflict`` when the name is taken (admin)."""

    def change_source(self, principal: Principal, source_id: str, change: DataSourceChange) -> DataSource:
        """Raises ``NotFound`` (admin)."""

    def delete_source(self, principal: Principal, source_id: str) -> None:
        """Raises ``NotFound`` (admin)."""

    @cached(ttl=_ASKED_AGAIN, near=True, depends=lambda principal, **_: [sources_tag(principal.organization_id)])
    def connection(self, principal: Principal, name: str) -> SourceConnection:
        """How to reach the data source of that name or id, for workers and services. Raises ``NotFound``."""

    def forget_report(self, principal: Principal, report_id: str) -> None:
        """No answer made of this report before now counts any more (admin). Raises ``NotFound``."""

    def source_refreshed(self, principal: Principal, source_id: str) -> DataSource:
        """Its data has changed: no answer from before counts any more (author). Raises ``NotFound``."""
