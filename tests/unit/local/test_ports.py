"""Ports are chosen once and kept."""

import socket
from pathlib import Path

import pytest

from broadsheet.local.failure import ServerFailed
from broadsheet.local.ports import allocate, check_free, free_port, is_free


def test_ports_stay_the_same_over_restarts_and_new_names_get_others(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    first = allocate(state, ("redis", "kafka"))
    second = allocate(state, ("redis", "kafka", "postgres"))
    assert {name: second[name] for name in first} == first
    assert len(set(second.values())) == 3


def test_a_taken_port_is_refused_with_the_name_of_who_holds_it() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(ServerFailed, match=rf"port {port} is taken by \w+.* \(process \d+\)"):
            check_free("redis", port)


def test_a_free_port_lies_below_those_that_outgoing_connections_use() -> None:
    port = free_port()
    first_ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert 20_000 <= port < min(first_ephemeral, 32_000)
