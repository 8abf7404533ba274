"""Alembic's entry for the accounts schema; what happens is in ``broadsheet.migrations``."""

from broadsheet.migrations import run_here
from services.accounts.models import metadata

run_here(metadata)
