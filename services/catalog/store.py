"""The SQL of the catalogue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.catalog.models import data_sources, report_versions, reports

Row = sa.RowMapping

_TEXT = (
    reports.c.id,
    reports.c.organization_id,
    reports.c.created_at,
    reports.c.updated_at,
    reports.c.updated_by,
    reports.c.forgotten_at,
    report_versions.c.title,
    report_versions.c.description,
    report_versions.c.version,
    report_versions.c.text,
)


def reports_page(session: Session, organization_id: str, after: tuple[datetime, str] | None, limit: int) -> Sequence[Row]:
    query = (
        sa.select(reports)
        .where(reports.c.organization_id == organization_id, reports.c.deleted_at.is_(None))
        .order_by(reports.c.updated_at.desc(), reports.c.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(sa.tuple_(reports.c.updated_at, reports.c.id) < sa.tuple_(*map(sa.literal, after)))
    return session.execute(query).mappings().all()


def report(session: Session, organization_id: str, report_id: str, version: int | None) -> Row | None:
    """One version, by default the current."""
    wanted = reports.c.current_version if version is None else sa.literal(version)
    query = (
        sa.select(*_TEXT)
        .join(report_versions, sa.and_(report_versions.c.report_id == reports.c.id, report_versions.c.version == wanted))
        .where(reports.c.id == report_id, reports.c.organization_id == organization_id, reports.c.deleted_at.is_(None))
    )
    return session.execute(query).mappings().one_or_none()


def lock_report(session: Session, organization_id: str, report_id: str) -> bool:
    """Hold the report until the transaction ends; whether there is one."""
    query = (
        sa.select(reports.c.id)
        .where(reports.c.id == report_id, reports.c.organization_id == organization_id, reports.c.deleted_at.is_(None))
        .with_for_update()
    )
    return session.scalar(query) is not None


def add_report(session: Session, values: dict[str, Any]) -> None:
    session.execute(reports.insert().values(**values))


def add_version(session: Session, values: dict[str, Any]) -> None:
    session.execute(report_versions.insert().values(**values))


def change_report(session: Session, report_id: str, values: dict[str, Any]) -> None:
    session.execute(reports.update().where(reports.c.id == report_id).values(**values))


def versions_page(session: Session, report_id: str, before: int | None, limit: int) -> Sequence[Row]:
    query = (
        sa.select(report_versions)
        .where(report_versions.c.report_id == report_id)
        .order_by(report_versions.c.version.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(report_versions.c.version < before)
    return session.execute(query).mappings().all()


def sources_page(session: Session, organization_id: str, after: str | None, limit: int) -> Sequence[Row]:
    query = (
        sa.select(data_sources).where(data_sources.c.organization_id == organization_id).order_by(data_sources.c.name).limit(limit)
    )
    if after is not None:
        query = query.where(data_sources.c.name > after)
    return session.execute(query).mappings().all()


def source(session: Session, organization_id: str, source_id: str) -> Row | None:
    query = sa.select(data_sources).where(data_sources.c.organization_id == organization_id, data_sources.c.id == source_id)
    return session.execute(query).mappings().one_or_none()


def source_by_name(session: Session, organization_id: str, name: str) -> Row | None:
    query = sa.select(data_sources).where(data_sources.c.organization_id == organization_id, data_sources.c.name == name)
    return session.execute(query).mappings().one_or_none()


def add_source(session: Session, values: dict[str, Any]) -> bool:
    """Whether the name was free."""
    statement = insert(data_sources).values(**values).on_conflict_do_nothing(constraint="data_sources_name")
    return session.scalar(statement.returning(data_sources.c.id)) is not None


def change_source(session: Session, source_id: str, values: dict[str, Any]) -> None:
    session.execute(
        data_sources.update().where(data_sources.c.id == source_id).values(**values, revision=data_sources.c.revision + 1)
    )


def note_refresh(session: Session, source_id: str) -> None:
    session.execute(data_sources.update().where(data_sources.c.id == source_id).values(refreshed_at=sa.func.clock_timestamp()))


def delete_source(session: Session, source_id: str) -> None:
    session.execute(data_sources.delete().where(data_sources.c.id == source_id))
