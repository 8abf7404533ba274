"""``python -m bench.echo.plain``: echo by Nameko with nothing but its defaults, as a process."""

# ruff: noqa: E402 - the patching has to come first
import warnings

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

import eventlet

eventlet.monkey_patch()

import os

from nameko.rpc import rpc
from nameko.runners import ServiceRunner

from bench.echo.text import NAME


class PlainEcho:
    """Says what it was told."""

    name = NAME

    @rpc  # type: ignore[untyped-decorator]
    def echo(self, text: str) -> str:
        return text


if __name__ == "__main__":
    runner = ServiceRunner({"AMQP_URI": os.environ["BROADSHEET_AMQP_URL"]})
    runner.add_service(PlainEcho)
    runner.start()
    runner.wait()
