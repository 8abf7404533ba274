"""Structured logs: one line an event, with request, run and organization ids bound by whoever knows them.

``console`` is for people (the supervisor prefixes each line with the process's name), ``json`` for machines. Standard-library loggers of
libraries go through the same renderer.
"""

import logging
import sys
from typing import Any

_rich_was_there = "rich" in sys.modules
if not _rich_was_there:
    sys.modules["rich"] = None  # type: ignore[assignment] # structlog takes it for colours, which costs every process 4 MB
import structlog  # noqa: E402

if not _rich_was_there:
    del sys.modules["rich"]


class _DropExpected(logging.Filter):
    """Nameko logs a caller's declared fault with a traceback; it is the caller's, so it is not logged as ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("(expected)")


def configure(process: str, level: str = "INFO", fmt: str = "console") -> None:
    """Set up logging of this process, once, at its start."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback)
    if fmt == "json":
        shared += [structlog.processors.format_exc_info]
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    handler.addFilter(_DropExpected())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("amqp", "kombu", "nameko", "sqlalchemy.engine", "alembic"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    structlog.contextvars.bind_contextvars(process=process)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A structured logger."""
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return bound
