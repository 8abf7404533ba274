"""Runs one Nameko service as a process: patches first, then imports, starts, drains on SIGTERM.

Import this module before anything else in ``services/NAME/__main__.py``; the patching must come before SQLAlchemy, kombu and redis are
imported.
"""

# ruff: noqa: E402 - the patching has to come first
import os
import warnings

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")  # 15 MB a process for names that are looked up once

import eventlet

eventlet.monkey_patch()

from broadsheet.hosting.green import patch_psycopg

patch_psycopg()

import importlib
import signal
import sys
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from nameko.runners import ServiceRunner

from broadsheet import logs, settings
from broadsheet.rpc import wire
from broadsheet.rpc.transport import EXCHANGE
from broadsheet.settings import Settings, SettingsInvalid

_REQUIRED = ("amqp_url", "redis_url")


def run_service(
    path: str,
    *,
    require: tuple[str, ...] = ("database_url",),
    workers: Callable[[Settings], int] = attrgetter("service_workers"),
) -> None:
    """Host the service class at ``module:Class`` until SIGTERM or SIGINT; a drained stop exits with 0.

    ``workers`` is how many calls it handles at once.
    """
    module, _, class_name = path.partition(":")
    name = module.split(".")[1]
    try:
        configured = settings.load(require=(*_REQUIRED, *require))
    except SettingsInvalid as error:
        sys.exit(f"{name}: {error}")
    logs.configure(name, configured.log_level, configured.log_format)
    service = getattr(importlib.import_module(module), class_name)
    runner = ServiceRunner(nameko_config(configured, workers(configured)))
    runner.add_service(service)
    _serve(runner, name)


def nameko_config(configured: Settings, workers: int) -> dict[str, Any]:
    """Nameko's configuration for these settings and so many calls at once."""
    return {
        "AMQP_URI": configured.amqp_url,
        "rpc_exchange": EXCHANGE,
        "ACCEPT": [wire.SERIALIZER, "json"],
        "HEARTBEAT": 20,
        "max_workers": workers,
        "TRANSPORT_OPTIONS": {"max_retries": 3, "interval_start": 0.1, "interval_step": 0.5, "interval_max": 2},
        "settings": configured,
    }


def _serve(runner: Any, name: str) -> None:
    log = logs.logger(__name__)
    stopping = eventlet.event.Event()

    def stop(*_: Any) -> None:
        if not stopping.ready():
            stopping.send(None)

    signal.signal(signal.SIGTERM, lambda *_: eventlet.spawn_n(stop))
    signal.signal(signal.SIGINT, lambda *_: eventlet.spawn_n(stop))
    runner.start()
    log.info("service.started", service=name)
    waiter = eventlet.spawn(runner.wait)
    waiter.link(lambda _: stop())
    stopping.wait()
    runner.stop()
    waiter.wait()  # raises what made the container die, so that the process ends with an error
    log.info("service.stopped", service=name)
