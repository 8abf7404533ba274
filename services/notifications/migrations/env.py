"""Alembic's entry for the notifications schema; what happens is in ``broadsheet.migrations``."""

from broadsheet.migrations import run_here
from services.notifications.models import metadata

run_here(metadata)
