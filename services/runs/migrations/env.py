"""Alembic's entry for the runs schema; what happens is in ``broadsheet.migrations``."""

from broadsheet.migrations import run_here
from services.runs.models import metadata

run_here(metadata)
