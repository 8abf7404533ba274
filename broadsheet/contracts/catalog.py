"""Catalog: data sources and reports with immutable versions."""

import datetime as dt
from typing import Protocol

import msgspec

from broadsheet.contracts.base import PageOf, Principal, Record
from broadsheet.documents.model import Mistake


class ReportSummary(Record, frozen=True, kw_only=True):
    id: str
    title: str
    description: str
    version: int
    updated_at: dt.datetime
    updated_by: str


class ReportText(Record, frozen=True, kw_only=True):
    """A report with its text, as one version."""

    id: str
    organization_id: str
    title: str
    description: str
    version: int
    text: str
    created_at: dt.datetime
    updated_at: dt.datetime
    updated_by: str


class ReportVersion(Record, frozen=True, kw_only=True):
    version: int
    title: str
    created_at: dt.datetime
    created_by: str


class DataSource(Record, frozen=True, kw_only=True):
    """A database that reports read from, as people see it: the password never comes back."""

    id: str
    name: str
    kind: str
    host: str
    port: int
    database: str
    user: str
    replicas: list[str] = []
    created_at: dt.datetime | None = None


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


class Catalog(Protocol):
    """What there is to read."""

    def list_reports(self, principal: Principal, limit: int = 50, cursor: str | None = None) -> PageOf[ReportSummary]:
        """Reports of the organization, last changed first."""

    def get_report(self, principal: Principal, report_id: str, version: int | None = None) -> ReportText:
        """One version, by default the current. Raises ``NotFound``."""

    def create_report(self, principal: Principal, text: str) -> ReportText:
        """Raises ``InvalidReport`` with all mistakes, ``Forbidden``."""

    def update_report(self, principal: Principal, report_id: str, text: str, if_version: int | None = None) -> ReportText:
        """A new version (or the current one, when the text is equal). Raises ``PreconditionFailed``, ``InvalidReport``, ``NotFound``."""

    def delete_report(self, principal: Principal, report_id: str) -> None:
        """Hides the report; its editions stay. Raises ``NotFound``."""

    def list_versions(
        self, principal: Principal, report_id: str, limit: int = 50, cursor: str | None = None
    ) -> PageOf[ReportVersion]:
        """Newest first."""

    def check_report(self, principal: Principal, text: str) -> list[Mistake]:
        """Mistakes of a text, without saving."""

    def list_sources(self, principal: Principal) -> PageOf[DataSource]:
        """Data sources of the organization."""

    def get_source(self, principal: Principal, source_id: str) -> DataSource:
        """Raises ``NotFound``."""

    def create_source(self, principal: Principal, order: NewDataSource) -> DataSource:
        """Raises ``Conflict`` when the name is taken (admin)."""

    def change_source(self, principal: Principal, source_id: str, change: DataSourceChange) -> DataSource:
        """Raises ``NotFound`` (admin)."""

    def delete_source(self, principal: Principal, source_id: str) -> None:
        """Raises ``NotFound`` (admin)."""

    def connection(self, principal: Principal, name: str) -> SourceConnection:
        """How to reach the data source of that name or id, for workers and services. Raises ``NotFound``."""
