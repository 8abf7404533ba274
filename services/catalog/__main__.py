"""``python -m services.catalog``: the service as a process."""

from broadsheet.hosting.run import run_service

run_service("services.catalog.service:CatalogService", require=("database_url", "secret_key"))
