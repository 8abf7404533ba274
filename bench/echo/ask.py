"""``python -m bench.echo.ask``: calls Broadsheet's echo as the edge does: one process, gevent, so many calls under way at once.

Says ``ready`` once the service answers. Then each line on standard input, ``CALLS_AT_ONCE SECONDS``, is answered by one with the calls
per second.
"""

# ruff: noqa: E402 - the patching has to come first
import gevent.monkey

gevent.monkey.patch_all()

import os
import sys
import time

import gevent

from bench.echo.contract import Echo
from bench.echo.text import TEXT
from broadsheet.errors import Unavailable
from broadsheet.rpc.client import remote
from broadsheet.rpc.transport import AmqpTransport


def main() -> None:
    """Measure whenever asked."""
    transport = AmqpTransport(os.environ["BROADSHEET_AMQP_URL"], name="bench")
    echo = remote(Echo, transport)
    while not _answers(echo):
        time.sleep(0.1)
    print("ready", flush=True)
    for line in sys.stdin:
        at_once, seconds = line.split()
        print(_rate(echo, int(at_once), float(seconds)), flush=True)
    transport.close()


def _answers(echo: Echo) -> bool:
    try:
        return echo.echo(TEXT) == TEXT
    except Unavailable:
        return False


def _rate(echo: Echo, at_once: int, seconds: float) -> float:
    began = time.perf_counter()
    until = began + seconds
    counts = gevent.joinall([gevent.spawn(_ask, echo, until) for _ in range(at_once)], raise_error=True)
    return float(sum(each.value for each in counts)) / (time.perf_counter() - began)


def _ask(echo: Echo, until: float) -> int:
    count = 0
    while time.perf_counter() < until:
        assert echo.echo(TEXT) == TEXT
        count += 1
    return count


main()
