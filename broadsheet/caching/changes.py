"""Says in a transaction what its commit will change, so that no cached answer survives it.

The change is kept twice: in the session, for whoever moves the positions right after the commit, and as an outbox row, for the relay, which
moves them again. So a process that dies between commit and move costs milliseconds, and a missed one is impossible.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from broadsheet import outbox as outbox_rows
from broadsheet.ids import new_id
from broadsheet.positions import Change


def changed(session: Session, outbox: sa.Table, *tags: str) -> None:
    """Every answer that depends on one of ``tags`` ends with the commit of this transaction."""
    change = Change(new_id(), tags)
    session.info.setdefault("changes", []).append(change)
    outbox_rows.add_moved(session, outbox, change.token, tags)
