"""Data sources."""

from flask import Blueprint

from broadsheet.contracts.base import PageOf
from broadsheet.contracts.catalog import DataSource, DataSourceChange, NewDataSource
from broadsheet.contracts.queries import SourceReport, SourceTable
from web.edge.authentication import principal
from web.edge.backends import backends
from web.edge.endpoints import Registry, endpoint


def blueprint(registry: Registry) -> Blueprint:
    """``/data-sources``."""
    api = Blueprint("data-sources", __name__)

    @endpoint(api, registry, "GET", "/data-sources", returns=PageOf[DataSource])
    def list_sources(limit: int = 50, cursor: str | None = None) -> PageOf[DataSource]:
        """Data sources of the organization; passwords never come back."""
        return backends().catalog.list_sources(principal(), limit, cursor)

    @endpoint(api, registry, "POST", "/data-sources", body=NewDataSource, returns=DataSource, status=201)
    def create_source(body: NewDataSource) -> DataSource:
        """Add a data source (admin)."""
        return backends().catalog.create_source(principal(), body)

    @endpoint(api, registry, "GET", "/data-sources/<uuid:source_id>", returns=DataSource)
    def get_source(source_id: str) -> DataSource:
        """One data source."""
        return backends().catalog.get_source(principal(), source_id)

    @endpoint(api, registry, "PATCH", "/data-sources/<uuid:source_id>", body=DataSourceChange, returns=DataSource)
    def change_source(source_id: str, body: DataSourceChange) -> DataSource:
        """Change a data source (admin); what is not given stays."""
        return backends().catalog.change_source(principal(), source_id, body)

    @endpoint(api, registry, "DELETE", "/data-sources/<uuid:source_id>", status=204)
    def delete_source(source_id: str) -> None:
        """Remove a data source (admin)."""
        backends().catalog.delete_source(principal(), source_id)

    @endpoint(api, registry, "POST", "/data-sources/<uuid:source_id>/test", returns=SourceReport)
    def test_source(source_id: str) -> SourceReport:
        """Connect and say how it went (admin)."""
        return backends().queries.test_source(principal(), source_id)

    @endpoint(api, registry, "POST", "/data-sources/<uuid:source_id>/refreshed", returns=DataSource)
    def source_refreshed(source_id: str) -> DataSource:
        """Say that its data has changed: no result from before counts any more (author)."""
        return backends().catalog.source_refreshed(principal(), source_id)

    @endpoint(api, registry, "GET", "/data-sources/<uuid:source_id>/schema", returns=list[SourceTable])
    def source_schema(source_id: str) -> list[SourceTable]:
        """Tables and columns (author)."""
        return backends().queries.source_schema(principal(), source_id)

    return api
