"""Entry points of the catalogue: check, call, return a contract type."""

import datetime as dt
from typing import Any

import msgspec
import sqlalchemy as sa

from broadsheet import crypto, outbox, pages
from broadsheet.caching.changes import changed
from broadsheet.contracts.base import PageOf, Principal, Role
from broadsheet.contracts.catalog import (
    Catalog,
    DataSource,
    DataSourceChange,
    NewDataSource,
    ReportChanged,
    ReportSummary,
    ReportText,
    ReportVersion,
    SourceConnection,
    SourceRefreshed,
    report_tag,
    reports_tag,
    source_tag,
    sources_tag,
)
from broadsheet.documents import parser
from broadsheet.documents.model import Mistake
from broadsheet.errors import Conflict, NotFound, PreconditionFailed
from broadsheet.hosting.caching import AnswersProvider
from broadsheet.hosting.entrypoint import rpc
from broadsheet.hosting.providers import DatabaseProvider, SettingsProvider
from broadsheet.ids import is_id, new_id
from services.catalog import models, rules, store

#: Names of data sources that whoever asks for an unknown one is told.
_NAMES_SHOWN = 20


class CatalogService:
    """Owns data sources and reports with their immutable versions."""

    name = "catalog"
    contract = Catalog

    db = DatabaseProvider("catalog")
    answers = AnswersProvider()
    settings = SettingsProvider()

    @rpc
    def list_reports(self, principal: Principal, limit: int = 50, cursor: str | None = None) -> PageOf[ReportSummary]:
        limit = pages.clamp(limit)
        after = pages.decode_cursor(cursor, tuple[pages.RowTime, pages.RowId]) if cursor else None
        with self.db.read() as session:
            rows = store.reports_page(session, principal.organization_id, after, limit + 1)
        items, next_cursor = pages.cut(rows, limit, lambda row: pages.encode_cursor(row["updated_at"], row["id"]))
        return PageOf(items=[_summary(row) for row in items], next_cursor=next_cursor)

    @rpc
    def get_report(self, principal: Principal, report_id: str, version: int | None = None) -> ReportText:
        with self.db.read() as session:
            return _report(session, principal, report_id, version)

    @rpc
    def create_report(self, principal: Principal, text: str) -> ReportText:
        principal.require(Role.AUTHOR)
        parsed = parser.parse(text)
        report_id = new_id()
        shown = {"title": parsed.title, "description": parsed.description}
        with self.db.write() as session:
            owner = {"id": report_id, "organization_id": principal.organization_id, "updated_by": principal.user_id}
            store.add_report(session, owner | shown | {"current_version": 1})
            _add_version(session, principal, report_id, 1, text, shown)
            return _report(session, principal, report_id)

    @rpc
    def update_report(self, principal: Principal, report_id: str, text: str, if_version: int | None = None) -> ReportText:
        principal.require(Role.AUTHOR)
        with self.db.write() as session:
            if not store.lock_report(session, principal.organization_id, report_id):
                raise NotFound("There is no such report")
            current = _report(session, principal, report_id)
            if if_version is not None and if_version != current.version:
                raise PreconditionFailed(f"The report is at version {current.version} now; you changed version {if_version}")
            parsed = parser.parse(text)
            if text == current.text:
                return current
            shown = {"title": parsed.title, "description": parsed.description}
            version = current.version + 1
            _add_version(session, principal, report_id, version, text, shown)
            changed = {"current_version": version, "updated_at": dt.datetime.now(dt.UTC), "updated_by": principal.user_id}
            store.change_report(session, report_id, shown | changed)
            return _report(session, principal, report_id)

    @rpc
    def delete_report(self, principal: Principal, report_id: str) -> None:
        principal.require(Role.AUTHOR)
        with self.db.write() as session:
            if not store.lock_report(session, principal.organization_id, report_id):
                raise NotFound("There is no such report")
            store.change_report(session, report_id, {"deleted_at": dt.datetime.now(dt.UTC)})
            changed(session, models.outbox, report_tag(report_id), reports_tag(principal.organization_id))

    @rpc
    def forget_report(self, principal: Principal, report_id: str) -> None:
        principal.require(Role.ADMIN)
        with self.db.write() as session:
            _report(session, principal, report_id)
            store.change_report(session, report_id, {"forgotten_at": sa.func.clock_timestamp()})
            changed(session, models.outbox, report_tag(report_id))

    @rpc
    def list_versions(
        self, principal: Principal, report_id: str, limit: int = 50, cursor: str | None = None
    ) -> PageOf[ReportVersion]:
        limit = pages.clamp(limit)
        before = pages.decode_cursor(cursor, tuple[pages.RowNumber])[0] if cursor else None
        with self.db.read() as session:
            _report(session, principal, report_id)
            rows = store.versions_page(session, report_id, before, limit + 1)
        items, next_cursor = pages.cut(rows, limit, lambda row: pages.encode_cursor(row["version"]))
        return PageOf(items=[_version(row) for row in items], next_cursor=next_cursor)

    @rpc
    def check_report(self, principal: Principal, text: str) -> list[Mistake]:
        return list(parser.check(text))

    @rpc
    def list_sources(self, principal: Principal, limit: int = 50, cursor: str | None = None) -> PageOf[DataSource]:
        limit = pages.clamp(limit)
        after = pages.decode_cursor(cursor, tuple[pages.RowName])[0] if cursor else None
        with self.db.read() as session:
            rows = store.sources_page(session, principal.organization_id, after, limit + 1)
        items, next_cursor = pages.cut(rows, limit, lambda row: pages.encode_cursor(row["name"]))
        return PageOf(items=[_source(row) for row in items], next_cursor=next_cursor)

    @rpc
    def get_source(self, principal: Principal, source_id: str) -> DataSource:
        with self.db.read() as session:
            return _source(_source_row(session, principal, source_id))

    @rpc
    def create_source(self, principal: Principal, order: NewDataSource) -> DataSource:
        principal.require(Role.ADMIN)
        rules.check_source(order)
        values = {name: getattr(order, name) for name in ("name", "kind", "host", "port", "database", "user", "replicas")}
        values |= {
            "id": new_id(),
            "organization_id": principal.organization_id,
            "password_encrypted": crypto.encrypt(self.settings.secret_key, order.password),
        }
        with self.db.write() as session:
            if not store.add_source(session, values):
                raise Conflict(f"There is already a data source named {order.name}")
            changed(session, models.outbox, sources_tag(principal.organization_id))
            return _source(_source_row(session, principal, values["id"]))

    @rpc
    def change_source(self, principal: Principal, source_id: str, change: DataSourceChange) -> DataSource:
        principal.require(Role.ADMIN)
        values: dict[str, Any] = msgspec.structs.asdict(change)
        values = {name: value for name, value in values.items() if value is not msgspec.UNSET}
        with self.db.write() as session:
            row = _source_row(session, principal, source_id)
            rules.check_source(msgspec.convert(_source_fields(row) | values, NewDataSource))
            if (password := values.pop("password", None)) is not None:
                values["password_encrypted"] = crypto.encrypt(self.settings.secret_key, password)
            store.change_source(session, source_id, values)
            changed(session, models.outbox, sources_tag(principal.organization_id), source_tag(source_id))
            return _source(_source_row(session, principal, source_id))

    @rpc
    def delete_source(self, principal: Principal, source_id: str) -> None:
        principal.require(Role.ADMIN)
        with self.db.write() as session:
            _source_row(session, principal, source_id)
            store.delete_source(session, source_id)
            changed(session, models.outbox, sources_tag(principal.organization_id), source_tag(source_id))

    @rpc
    def source_refreshed(self, principal: Principal, source_id: str) -> DataSource:
        principal.require(Role.AUTHOR)
        with self.db.write() as session:
            _source_row(session, principal, source_id)
            store.note_refresh(session, source_id)
            changed(session, models.outbox, sources_tag(principal.organization_id), source_tag(source_id))
            event = SourceRefreshed(source_id=source_id, organization_id=principal.organization_id)
            outbox.add(session, models.outbox, outbox.Destination.EVENT, event, key=source_id)
            return _source(_source_row(session, principal, source_id))

    @rpc
    def connection(self, principal: Principal, name: str) -> SourceConnection:
        with self.db.read() as session:
            by_id = is_id(name) and store.source(session, principal.organization_id, name)
            row = by_id or store.source_by_name(session, principal.organization_id, name)
            if not row:
                known = [
                    source["name"] for source in store.sources_page(session, principal.organization_id, None, _NAMES_SHOWN + 1)
                ]
                more = ", …" if len(known) > _NAMES_SHOWN else ""
                there = f"; there are: {', '.join(known[:_NAMES_SHOWN])}{more}" if known else "; an admin can add one"
                raise NotFound(f"There is no data source named {name!r}{there}")
        self.answers.cache.depends_on(source_tag(row["id"]))
        fields = (
            "id",
            "name",
            "kind",
            "host",
            "port",
            "database",
            "user",
            "password_encrypted",
            "replicas",
            "revision",
            "refreshed_at",
        )
        return SourceConnection(**{field: row[field] for field in fields})


def _add_version(session: Any, principal: Principal, report_id: str, version: int, text: str, shown: dict[str, str]) -> None:
    values = {"report_id": report_id, "version": version, "text": text, "created_by": principal.user_id}
    store.add_version(session, values | shown)
    changed(session, models.outbox, report_tag(report_id), reports_tag(principal.organization_id))
    event = ReportChanged(report_id=report_id, organization_id=principal.organization_id, report_version=version)
    outbox.add(session, models.outbox, outbox.Destination.EVENT, event, key=report_id)
    live = {"id": report_id, "version": version}
    outbox.add_live(session, models.outbox, "report", live, organization_id=principal.organization_id, user_id=None)


def _report(session: Any, principal: Principal, report_id: str, version: int | None = None) -> ReportText:
    row = store.report(session, principal.organization_id, report_id, version)
    if row is None:
        raise NotFound("There is no such report" if version is None else f"The report has no version {version}")
    return ReportText(**row)


def _summary(row: Any) -> ReportSummary:
    return ReportSummary(
        id=row["id"],
        title=row["title"],
        description=row["description"],
        version=row["current_version"],
        updated_at=row["updated_at"],
        updated_by=row["updated_by"],
    )


def _version(row: Any) -> ReportVersion:
    return ReportVersion(version=row["version"], title=row["title"], created_at=row["created_at"], created_by=row["created_by"])


def _source_row(session: Any, principal: Principal, source_id: str) -> Any:
    row = store.source(session, principal.organization_id, source_id)
    if row is None:
        raise NotFound("There is no such data source")
    return row


def _source_fields(row: Any) -> dict[str, Any]:
    return {field: row[field] for field in ("name", "kind", "host", "port", "database", "user", "replicas")}


def _source(row: Any) -> DataSource:
    return DataSource(id=row["id"], created_at=row["created_at"], refreshed_at=row["refreshed_at"], **_source_fields(row))
