"""Load on one address of this machine by ``wrk``, latency one request at a time, and many requests at one moment."""

import contextlib
import http.client
import re
import selectors
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from typing import NoReturn, cast
from urllib.parse import urlsplit

import msgspec

from bench.report import median

_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_PERCENTILE = re.compile(r"(\d+)%\s+([\d.]+)(us|ms|s)\b")
_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
_BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)")


class Load(msgspec.Struct, frozen=True):
    """What so many connections got, each sending its next request as soon as the last was answered."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float


def loaded(url: str, headers: dict[str, str], *, connections: int = 16, seconds: int = 3) -> Load:
    """Keep this many connections busy. Raises ``RuntimeError`` when an answer was not good."""
    if shutil.which("wrk") is None:
        raise RuntimeError("wrk is not installed: apt-get install wrk")
    sent = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *sent, url]
    said = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=True).stdout
    if bad := _BAD.search(said):
        raise RuntimeError(f"{bad.group(1)} bad answers from {url}")
    rate = _RATE.search(said)
    assert rate is not None, said
    times = {share: float(value) * _MS[unit] for share, value, unit in _PERCENTILE.findall(said)}
    return Load(float(rate.group(1)), times["50"], times["99"])


def requests_per_second(url: str, headers: dict[str, str], *, connections: int = 16, seconds: int = 3) -> float:
    """Requests per second at this many connections."""
    return loaded(url, headers, connections=connections, seconds=seconds).requests_per_second


def latency_ms(url: str, headers: dict[str, str], *, count: int = 300) -> float:
    """The median time of one request after the other on one connection, in milliseconds."""
    return median(times_ms([url] * count, headers))


def times_ms(urls: Sequence[str], headers: dict[str, str]) -> list[float]:
    """The time of each request (all to one server), one after the other on one connection. Raises ``RuntimeError`` when one fails."""
    parts = urlsplit(urls[0])
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    times = []
    for url in urls:
        wanted = urlsplit(url)
        began = time.perf_counter()
        connection.request("GET", f"{wanted.path}?{wanted.query}", headers=headers)
        response = connection.getresponse()
        response.read()
        times.append((time.perf_counter() - began) * 1000)
        if response.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{response.status} from {url}")
    connection.close()
    return times


def together(url: str, headers: dict[str, str], readers: int) -> list[float]:
    """The seconds that each of so many readers waits who ask in one moment, each over a connection of its own."""
    parts = urlsplit(url)
    sent = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n{sent}\r\n".encode()
    times = []
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as waiting:
        for _ in range(readers):
            connection = stack.enter_context(socket.create_connection((parts.hostname or "", parts.port or 80), timeout=30))
            waiting.register(connection, selectors.EVENT_READ, bytearray())
        began = time.perf_counter()
        for key in list(waiting.get_map().values()):
            cast(socket.socket, key.fileobj).sendall(request)
        while waiting.get_map():
            for key, _ in waiting.select(timeout=60) or _silent(url):
                received = cast(socket.socket, key.fileobj).recv(65536)
                key.data.extend(received)
                if not received:  # it is whole
                    times.append(time.perf_counter() - began)
                    waiting.unregister(key.fileobj)
                    if not key.data.startswith(b"HTTP/1.1 200 "):
                        raise RuntimeError(f"{bytes(key.data[:200])!r} from {url}")
    return times


def _silent(url: str) -> NoReturn:
    raise RuntimeError(f"{url} does not answer")
