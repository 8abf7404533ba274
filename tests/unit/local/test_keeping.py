"""Restarts: soon at first, ever more seldom after that; and what is shown of it."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broadsheet.local.child import Spawner, sweep
from broadsheet.local.failure import ServerFailed
from broadsheet.local.journal import Journal, coloured
from broadsheet.local.keeper import LONGEST_PAUSE_SECONDS, Keeper, pause_seconds
from broadsheet.local.process import Process
from broadsheet.local.processes import ProcessSpec
from broadsheet.local.status import PartStatus, StatusFile, read_status
from broadsheet.local.together import together


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "broadsheet.log")
    yield journal
    journal.close()


@pytest.fixture
def spawner(tmp_path: Path) -> Iterator[Spawner]:
    spawner = Spawner(tmp_path)
    yield spawner
    sweep(tmp_path, grace_seconds=0.2)
    spawner.close()


def process(program: str, spawner: Spawner, journal: Journal, cwd: Path) -> Process:
    spec = ProcessSpec(name="worker", argv=("-c", program))
    return Process(spec, python=sys.executable, env={}, cwd=cwd, spawner=spawner, journal=journal)


def test_pauses_double_up_to_a_bound_and_are_spread() -> None:
    whole = [pause_seconds(failures, 1.0) for failures in range(12)]
    assert whole[:3] == [0.1, 0.2, 0.4]
    assert whole[-1] == LONGEST_PAUSE_SECONDS
    assert pause_seconds(2, 0.0) == whole[2] / 2


def test_a_killed_process_is_started_again_and_counted(spawner: Spawner, journal: Journal, tmp_path: Path) -> None:
    worker = process("import time; time.sleep(600)", spawner, journal, tmp_path)
    status = StatusFile(tmp_path / "status.json", pid=1)
    worker.start()
    first = worker.pid
    assert first is not None
    assert worker.process is not None
    keeper = Keeper(worker, "process", journal, status)
    keeper.begin()
    worker.process.kill()
    assert reached(tmp_path / "status.json", lambda part: part.restarts == 1 and part.state == "ready" and part.pid != first)
    keeper.stop()
    assert worker.pid is None
    (shown,) = status.status.parts
    assert (shown.state, shown.pid, shown.restarts) == ("stopped", None, 1)


def reached(path: Path, condition: Callable[[PartStatus], bool], timeout_seconds: float = 10.0) -> bool:
    """Whether the status file comes to say so in time."""
    tick = threading.Event()
    for _ in range(int(timeout_seconds / 0.02)):
        report = read_status(path)
        if report is not None and report.parts and condition(report.parts[0]):
            return True
        tick.wait(0.02)
    return False


def test_a_process_that_ends_while_starting_says_so_with_its_last_lines(spawner: Spawner, journal: Journal, tmp_path: Path) -> None:
    spec = ProcessSpec(name="worker", argv=("-c", "print('no luck'); raise SystemExit(3)"), ready=lambda environ: False)
    worker = Process(spec, python=sys.executable, env={}, cwd=tmp_path, spawner=spawner, journal=journal)
    worker.start()
    with pytest.raises(ServerFailed, match=r"ended while starting \(exit code 3\)") as caught:
        worker.wait_ready()
    assert caught.value.log_tail == ("no luck",)
    worker.stop()


def test_every_line_of_the_journal_names_its_writer(journal: Journal) -> None:
    journal.write("edge", "\x1b[32mGET /reports 200\x1b[0m\n")
    journal.write("notifications", "told")
    assert journal.path.read_text().splitlines() == ["edge          | GET /reports 200", "notifications | told"]
    assert coloured("edge          | GET /reports 200").plain == "edge          | GET /reports 200"


def test_a_report_that_was_cut_off_is_no_report(tmp_path: Path) -> None:
    (tmp_path / "status.json").write_text('{"phase": "run')
    assert read_status(tmp_path / "status.json") is None


def test_the_first_failure_ends_the_tasks_that_would_wait_for_ever() -> None:
    gave_up = threading.Event()

    def fail() -> None:
        raise ServerFailed("redis", "no")

    with pytest.raises(ServerFailed, match="redis: no"):
        together([lambda: gave_up.wait(30), fail], give_up=gave_up.set)
    assert gave_up.is_set()


def test_a_process_is_asked_to_stop_before_it_is_killed(spawner: Spawner, journal: Journal, tmp_path: Path) -> None:
    program = (
        "import signal, time, sys\nsignal.signal(15, lambda *_: (print('drained'), sys.exit(0)))\nprint('up')\ntime.sleep(600)"
    )
    worker = process(program, spawner, journal, tmp_path)
    worker.start()
    assert worker.process is not None
    while "up" not in journal.path.read_text():
        assert worker.process.poll() is None
    worker.stop()
    assert worker.process.returncode == 0
    assert worker.failure("stopped").log_tail[-1] == "drained"


def test_signals_have_names_for_people(spawner: Spawner, journal: Journal, tmp_path: Path) -> None:
    spec = ProcessSpec(name="worker", argv=("-c", "import os; os.kill(os.getpid(), 9)"), ready=lambda environ: False)
    worker = Process(spec, python=sys.executable, env={}, cwd=tmp_path, spawner=spawner, journal=journal)
    worker.start()
    with pytest.raises(ServerFailed, match=signal.SIGKILL.name):
        worker.wait_ready()
    worker.stop()
    assert isinstance(worker.process, subprocess.Popen)
