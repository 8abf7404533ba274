"""Alembic's entry for the catalog schema; what happens is in ``broadsheet.migrations``."""

from broadsheet.migrations import run_here
from services.catalog.models import metadata

run_here(metadata)
