"""``python -m bench.echo.ask_plain``: calls the plain echo by Nameko's own proxy, so many calls under way at once (``call_async``).

Speaks as ``bench.echo.ask`` does.
"""

import os
import sys
import time
import warnings
from collections import deque
from typing import Any

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

from nameko.exceptions import UnknownService  # noqa: E402 - after the filter
from nameko.standalone.rpc import ServiceRpcProxy  # noqa: E402

from bench.echo.text import NAME, TEXT  # noqa: E402


def main() -> None:
    """Measure whenever asked."""
    with ServiceRpcProxy(NAME, {"AMQP_URI": os.environ["BROADSHEET_AMQP_URL"]}) as echo:
        while not _answers(echo):
            time.sleep(0.1)
        print("ready", flush=True)
        for line in sys.stdin:
            at_once, seconds = line.split()
            print(_rate(echo, int(at_once), float(seconds)), flush=True)


def _answers(echo: Any) -> bool:
    try:
        return bool(echo.echo(TEXT) == TEXT)
    except UnknownService:
        return False


def _rate(echo: Any, at_once: int, seconds: float) -> float:
    count, began = 0, time.perf_counter()
    until = began + seconds
    under_way = deque(echo.echo.call_async(TEXT) for _ in range(at_once))
    while under_way:
        assert under_way.popleft().result() == TEXT
        count += 1
        if time.perf_counter() < until:
            under_way.append(echo.echo.call_async(TEXT))
    return count / (time.perf_counter() - began)


main()
