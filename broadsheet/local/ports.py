"""Ports of one home: chosen once among the free ones, then kept in ``state.json`` so that a restart changes no address.

They are taken from below the kernel's ephemeral range; otherwise any outgoing connection of the machine could sit on one while the
server is down.
"""

import os
import random
import socket
from collections.abc import Collection
from pathlib import Path

import msgspec

from broadsheet.local.failure import ServerFailed

LOCALHOST = "127.0.0.1"
_RANGE = range(20_000, 32_000)


def allocate(state_file: Path, names: tuple[str, ...]) -> dict[str, int]:
    """The port of every name: those of ``state_file`` where it has them, else new ones, which are written to it."""
    state = msgspec.json.decode(state_file.read_bytes(), type=dict[str, dict[str, int]]) if state_file.exists() else {}
    ports = state.get("ports", {})
    for name in names:
        if name not in ports:
            ports[name] = free_port(avoid=set(ports.values()))
    replacement = state_file.with_suffix(".new")
    replacement.write_bytes(msgspec.json.format(msgspec.json.encode({**state, "ports": ports})) + b"\n")
    replacement.replace(state_file)
    return {name: ports[name] for name in names}


def free_port(*, avoid: Collection[int] = ()) -> int:
    """A port on 127.0.0.1 that nothing listens on now."""
    for port in random.sample(_RANGE, 200):
        if port not in avoid and is_free(port):
            return port
    raise ServerFailed("ports", "no free port found between 20000 and 32000", advice="Stop other servers on this machine.")


def is_free(port: int, host: str = LOCALHOST) -> bool:
    """Whether a server could listen there now (sockets that are merely closing do not count)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def check_free(name: str, port: int, host: str = LOCALHOST, *, advice: str = "") -> None:
    """Raise ServerFailed, naming who holds the port, if it is taken."""
    if is_free(port, host):
        return
    holder = _holder(port)
    by = f" by {holder}" if holder else ""
    raise ServerFailed(name, f"port {port} is taken{by}", advice=advice or "Stop what holds the port, then start again.")


def _holder(port: int) -> str | None:
    """Who listens on the port, as 'name (process 123)', or None if that is not ours to see."""
    inode = _listening_inode(port)
    if inode is None:
        return None
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _holds(entry, f"socket:[{inode}]"):
            return f"{(entry / 'comm').read_text().strip()} (process {entry.name})"
    return None


def _listening_inode(port: int) -> str | None:
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                return fields[9]
    return None


def _holds(process: Path, link: str) -> bool:
    try:
        return any(os.readlink(handle) == link for handle in (process / "fd").iterdir())
    except OSError:
        return False
