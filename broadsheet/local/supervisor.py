"""The one process that owns all others on one machine: it starts them in order, keeps them alive, and ends them in order.

It is started by `up` in the background and speaks through the status file and the journal. SIGTERM drains: Broadsheet's processes
first, then the servers. Killed outright, it takes its children with it (see `child`); the next start sweeps up what escaped.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Literal

import msgspec

from broadsheet.local.environment import bind_address, environment
from broadsheet.local.failure import ServerFailed
from broadsheet.local.home import Home, prepare_home, write_private
from broadsheet.local.journal import Journal
from broadsheet.local.keeper import Keeper, Part
from broadsheet.local.ports import check_free
from broadsheet.local.process import Process
from broadsheet.local.processes import PROCESSES, ProcessSpec
from broadsheet.local.sample import load_sample
from broadsheet.local.stack import Stack
from broadsheet.local.status import Failure, StatusFile
from broadsheet.local.together import together
from broadsheet.provisioning import provision

#: Where the stack's addresses lie while it runs, for tools of the same person; holds passwords.
ENDPOINTS = "endpoints.json"
STATUS = "status.json"


class _Interrupted(BaseException):
    """SIGTERM came while everything was still starting."""


class Supervisor:
    """Everything of one home: servers, database, sample, Broadsheet's processes."""

    def __init__(self, home: Home, specs: tuple[ProcessSpec, ...] = PROCESSES, *, overrides: Mapping[str, str]):
        self._home = home
        self._specs = specs
        self._overrides = overrides
        self._journal = Journal(home.log_of("broadsheet"))
        self._status = StatusFile(home.path / STATUS, os.getpid())
        self._stack = Stack(home.path, on_progress=self._status.step)
        self._processes: list[Process] = []
        self._keepers: list[Keeper] = []
        self._stop = threading.Event()
        self._interruptible = True

    def run(self) -> int:
        """Start, keep, stop. Gives the exit code: 1 if the start failed."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        try:
            self._start()
        except (ServerFailed, _Interrupted, Exception) as error:
            self._interruptible = False
            failure = _told(error)
            self._journal.note(f"start failed: {failure.name}: {failure.reason}")
            self._end()
            self._status.phase("failed", failure)
            return 1
        self._interruptible = False
        self._status.phase("running")
        self._journal.note("everything is up")
        self._stop.wait()
        self._status.phase("stopping")
        self._end()
        self._status.phase("stopped")
        return 0

    def _start(self) -> None:
        host, _, port = bind_address(self._overrides).rpartition(":")
        check_free("edge", int(port), host, advice="Stop what holds it, or choose another port: BROADSHEET_PORT=8500 make up")
        endpoints = self._stack.start()
        write_private(self._home.path / ENDPOINTS, msgspec.json.format(msgspec.json.encode(endpoints)))
        self._step("database", "migrating", lambda: provision(endpoints.admin_url, self._stack.secrets.roles))
        self._step("sample", "loading", lambda: load_sample(endpoints, self._stack.secrets))
        for server in self._stack.servers:
            self._keep(server, "server")
        self._start_processes()

    def _start_processes(self) -> None:
        self._processes = [self._process(spec) for spec in self._specs]
        for process in self._processes:
            self._status.step(process.name, "starting")
            process.start()
        together([partial(self._await, process) for process in self._processes], give_up=self._stop_processes)
        for process in self._processes:
            self._keep(process, "process")

    def _process(self, spec: ProcessSpec) -> Process:
        own = environment(self._home.path, self._stack.endpoints, self._stack.secrets, spec.role, self._overrides)
        env = {**self._overrides, **own}
        return Process(spec, python=sys.executable, env=env, cwd=Path.cwd(), spawner=self._stack.spawner, journal=self._journal)

    def _await(self, process: Process) -> None:
        process.wait_ready()
        self._status.step(process.name, "ready")

    def _step(self, name: str, what: str, work: Callable[[], object]) -> None:
        self._status.step(name, what)
        try:
            work()
        except ServerFailed:
            raise
        except Exception as error:
            raise ServerFailed(name, f"{what} failed: {_first_line(error)}", advice=f"See {self._journal.path}.") from error
        self._status.step(name, "ready")

    def _keep(self, part: Part, kind: Literal["server", "process"]) -> None:
        keeper = Keeper(part, kind, self._journal, self._status)
        self._keepers.append(keeper)
        keeper.begin()

    def _stop_processes(self) -> None:
        together([process.stop for process in self._processes])

    def _end(self) -> None:
        """Processes first, all at once, then the servers, all at once. Whatever ends from here on stays ended."""
        for keeper in self._keepers:
            keeper.let_go()
        self._stop_processes()
        for kind in ("process", "server"):
            together([keeper.stop for keeper in self._keepers if keeper.kind == kind])
        self._stack.stop()
        self._journal.note("everything is stopped")
        self._journal.close()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()
        if self._interruptible:
            self._interruptible = False
            raise _Interrupted


def _told(error: BaseException) -> Failure:
    if isinstance(error, ServerFailed):
        return Failure(name=error.name, reason=error.reason, log_tail=error.log_tail, advice=error.advice)
    if isinstance(error, _Interrupted):
        return Failure(name="start", reason="it was told to stop before everything was up")
    return Failure(name="start", reason=_first_line(error), advice="This is a mistake of Broadsheet; the log has the details.")


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


def main() -> int:
    """Supervise the home named by the only argument, with this process's environment."""
    home = prepare_home(Path(sys.argv[1]))
    return Supervisor(home, overrides=dict(os.environ)).run()


if __name__ == "__main__":
    sys.exit(main())
