"""Children are told apart from strangers, and none outlives its parent."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broadsheet.local.child import MARKER, Launch, Spawner, end, members, sweep
from broadsheet.local.signals import has_ended, send

Start = Callable[[tuple[str, ...]], subprocess.Popen[bytes]]
SLEEP = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)")
DEAF = (sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)")


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Start]:
    """Starts children that have said that they are up; none of them is left after the test."""
    spawner = Spawner(tmp_path)
    children: list[subprocess.Popen[bytes]] = []

    def start(argv: tuple[str, ...]) -> subprocess.Popen[bytes]:
        child = spawner.spawn(Launch(name="child", argv=argv, cwd=tmp_path, env=dict(os.environ)), subprocess.PIPE)
        children.append(child)
        assert child.stdout is not None
        with child.stdout as output:
            assert output.readline() == b"up\n"
        return child

    yield start
    for child in children:
        end(child, signal.SIGKILL, 5)
    spawner.close()


def test_a_child_belongs_to_its_home_and_to_no_other(started: Start, tmp_path: Path) -> None:
    child = started(SLEEP)
    assert members(tmp_path) == [child.pid]
    assert members(tmp_path / "other") == []


def test_the_sweep_ends_children_and_leaves_strangers(started: Start, tmp_path: Path) -> None:
    child = started(SLEEP)
    stranger_env = {**os.environ, MARKER: f"{tmp_path}-other"}
    with subprocess.Popen(SLEEP, cwd=tmp_path, env=stranger_env, stdout=subprocess.DEVNULL) as stranger:
        assert sweep(tmp_path) == [child.pid]
        assert child.wait(5) == -signal.SIGTERM
        assert stranger.poll() is None
        stranger.kill()


def test_the_sweep_insists_where_a_process_does_not_listen(started: Start, tmp_path: Path) -> None:
    child = started(DEAF)
    sweep(tmp_path, grace_seconds=0.2)
    assert child.wait(5) == -signal.SIGKILL


def test_ending_a_child_takes_what_it_left_in_its_group(started: Start, tmp_path: Path) -> None:
    child = started(("/bin/sh", "-c", "sleep 600 & echo up; wait"))
    assert len(members(tmp_path)) == 2
    end(child, signal.SIGTERM, 5)
    assert has_gone(tmp_path)


def test_children_die_when_their_parent_is_killed(tmp_path: Path) -> None:
    program = f"""
import os, time
from pathlib import Path
from broadsheet.local.child import Launch, Spawner
home = Path({str(tmp_path)!r})
spawner = Spawner(home)
spawner.spawn(Launch(name="child", argv={SLEEP!r}, cwd=home, env=dict(os.environ)), 1)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        try:
            assert parent.stdout is not None
            # The child says so: until it has become Python, its environment may be empty to others.
            assert parent.stdout.readline() == b"up\n"
            (child,) = members(tmp_path)
        finally:
            parent.kill()
    assert has_ended(child, within_seconds=5) or has_gone(tmp_path)


def test_a_signal_is_not_sent_to_a_process_that_turns_out_to_be_another(started: Start) -> None:
    child = started(SLEEP)
    send(child.pid, signal.SIGKILL, still=lambda: False)
    assert not has_ended(child.pid, within_seconds=0.2)


def has_gone(home: Path) -> bool:
    """Whether every process of the home ends within a few seconds."""
    return all(has_ended(pid, within_seconds=5) for pid in members(home))
