"""Says in every statement which call it belongs to, as a comment at its end: ``/*call='…',method='catalog.get_report',request='…'*/``.

PostgreSQL's own views and logs (``pg_stat_activity``, slow statements, locks) then lead back to the method and to the log lines of the
request; the tests count repeated statements of one call by it. The comment is made once per call, not per statement. What is known is
bound to the context of a green thread: one that a call starts for itself has no comment. Source: the sqlcommenter specification,
https://google.github.io/sqlcommenter/spec/.
"""

from contextvars import ContextVar
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

_LONGEST_VALUE = 100

#: The comment of this context with a space before it, ready for the driver; nothing outside of a call.
_comment: ContextVar[str] = ContextVar("sql_comment", default="")


def bind(**known: str | None) -> None:
    """Say these pairs in every further statement of this context, in place of what was said before; ``None`` is left out.

    Values are cut at 100 characters and URL-encoded, so that none can end the comment or the quotes. ``%`` is doubled for the driver,
    which would take it for a placeholder.
    """
    pairs = (f"{name}='{quote(value[:_LONGEST_VALUE], safe='')}'" for name, value in sorted(known.items()) if value)
    comment = ",".join(pairs)
    _comment.set(f" /*{comment.replace('%', '%%')}*/" if comment else "")


def install(engine: sa.Engine) -> sa.Engine:
    """Add the comment to every statement of this engine; gives the engine."""
    sa.event.listen(engine, "before_cursor_execute", _with_comment, retval=True)
    return engine


def _with_comment(
    connection: sa.Connection, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
) -> tuple[str, Any]:
    return statement + _comment.get(), parameters
