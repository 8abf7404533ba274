"""Load on one address of this machine by ``wrk``, and latency one request at a time."""

import http.client
import re
import shutil
import subprocess
import time
from urllib.parse import urlsplit

from bench.report import median

_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)")


def requests_per_second(url: str, headers: dict[str, str], *, connections: int = 16, seconds: int = 4) -> float:
    """Requests per second at this many connections. Raises ``RuntimeError`` when an answer was not good."""
    if shutil.which("wrk") is None:
        raise RuntimeError("wrk is not installed: apt-get install wrk")
    sent = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *sent, url]
    said = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=True).stdout
    if bad := _BAD.search(said):
        raise RuntimeError(f"{bad.group(1)} bad answers from {url}")
    rate = _RATE.search(said)
    assert rate is not None, said
    return float(rate.group(1))


def latency_ms(url: str, headers: dict[str, str], *, count: int = 300) -> float:
    """The median time of one request after the other on one connection, in milliseconds."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    times = []
    for _ in range(count):
        began = time.perf_counter()
        connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
        connection.getresponse().read()
        times.append((time.perf_counter() - began) * 1000)
    connection.close()
    return median(times)
