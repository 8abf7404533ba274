"""What all servers have in common: prepare, start, wait until ready, stop, kill, restart, and the log to look at when it fails.

A server object outlives its process; ``start`` after a crash starts the same server on the same port and data. ``start`` only
launches: a server is usable once ``wait_ready`` has returned.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from broadsheet.local.child import Launch, Spawner, end, kill_group
from broadsheet.local.failure import ServerFailed, explained
from broadsheet.local.home import Home
from broadsheet.local.ports import check_free

TAIL_LINES = 15
_LONGEST_LOG_BYTES = 20_000_000
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Server(ABC):
    """One server process on 127.0.0.1. Every wait has a deadline; every failure is a ServerFailed with the log's last lines."""

    name: ClassVar[str]
    #: How the server is asked to finish cleanly.
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    ready_seconds: ClassVar[float] = 60.0
    stop_seconds: ClassVar[float] = 20.0

    def __init__(self, home: Home, spawner: Spawner, port: int):
        self.home = home
        self.port = port
        self._spawner = spawner
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @abstractmethod
    def prepare(self) -> None:
        """Make what a first start needs; do nothing where it is there. May take seconds."""

    @abstractmethod
    def launch(self) -> Launch:
        """How to start the process."""

    @abstractmethod
    def probe(self) -> bool:
        """Whether it answers, asked the way a client would. An exception means not yet."""

    @property
    def log(self) -> Path:
        return self.home.log_of(self.name)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The process of the last start, running or not."""
        return self._process

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Launch the process. Raises ServerFailed if its port is taken or its program is missing."""
        if self.is_running:
            return
        check_free(self.name, self.port)
        self._process = self._spawn(self.launch())

    def wait_ready(self) -> None:
        """Return once it answers. Raises ServerFailed if it ends or stays silent beyond ``ready_seconds``."""
        deadline = time.monotonic() + self.ready_seconds
        pause = 0.03
        while not self._answers():
            if not self.is_running:
                raise self.failure(f"ended while starting ({exit_text(self._process)})")
            if time.monotonic() > deadline:
                raise self.failure(f"did not become ready within {self.ready_seconds:.0f} s")
            time.sleep(pause)
            pause = min(pause * 1.3, 0.25)

    def stop(self) -> None:
        """Finish cleanly, or by force after ``stop_seconds``. Nothing of it is left afterwards."""
        process, self._process = self._process, None
        if process is not None:
            end(process, self.stop_signal, self.stop_seconds)

    def kill(self) -> None:
        """SIGKILL, as a crash would; the data stays as it is."""
        process, self._process = self._process, None
        if process is not None:
            kill_group(process)

    def restart(self) -> None:
        """Start again (stopping first if it runs) and wait until ready."""
        self.stop()
        self.start()
        self.wait_ready()

    def log_tail(self, lines: int = TAIL_LINES) -> tuple[str, ...]:
        """The last lines it wrote since its last start."""
        if not self.log.exists():
            return ()
        with self.log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(self._log_start, file.tell() - 64_000) if self._log_start <= file.tell() else 0)
            text = _COLOURS.sub("", file.read().decode(errors="replace"))
        return tuple(line.rstrip() for line in text.splitlines() if line.strip())[-lines:]

    def failure(self, what: str) -> ServerFailed:
        """The error for ``what``, explained from the log."""
        return explained(self.name, what, self.log_tail(), self.log)

    def run_tool(self, argv: tuple[str, ...], *, env: Mapping[str, str] | None = None, timeout_seconds: float = 120.0) -> None:
        """Run a program of the server to its end, as the server's account, its output going to the server's log."""
        account = self.launch_account()
        self._mark_log()
        with self.log.open("ab") as log:
            try:
                result = subprocess.run(
                    argv,
                    env={**base_env(), **(env or {})},
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    timeout=timeout_seconds,
                    user=account,
                    group=account,
                    extra_groups=[] if account else None,
                )
            except subprocess.TimeoutExpired:
                raise self.failure(f"{Path(argv[0]).name} did not finish within {timeout_seconds:.0f} s") from None
        if result.returncode != 0:
            raise self.failure(f"{Path(argv[0]).name} failed with exit code {result.returncode}")

    def launch_account(self) -> str | None:
        """The account it runs as; None for ours."""
        return None

    def _spawn(self, launch: Launch) -> subprocess.Popen[bytes]:
        self._mark_log()
        with self.log.open("ab") as log:
            try:
                return self._spawner.spawn(launch, log)
            except OSError as error:
                raise ServerFailed(self.name, f"cannot start {launch.argv[0]}: {error.strerror}") from error

    def _mark_log(self) -> None:
        size = self.log.stat().st_size if self.log.exists() else 0
        if size > _LONGEST_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
            size = 0
        self._log_start = size

    def _answers(self) -> bool:
        try:
            return self.is_running and self.probe()
        except Exception:  # whatever a client library raises while nobody listens yet; the deadline reports it
            return False


def exit_text(process: subprocess.Popen[bytes] | None) -> str:
    """How a process ended, for people."""
    code = process.poll() if process is not None else None
    if code is None:
        return "gone"
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def base_env() -> dict[str, str]:
    """The little that every program needs of our environment; nothing else leaks into servers."""
    kept = ("PATH", "LANG", "TZ", "TMPDIR", "JAVA_HOME")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C.UTF-8"}


def program(name: str, *folders: str, package: str) -> str:
    """The path of an installed program. Raises ServerFailed with the package to install."""
    found = shutil.which(name, path=os.pathsep.join((*folders, os.environ.get("PATH", ""), "/usr/sbin:/usr/bin:/sbin:/bin")))
    if found is None:
        raise ServerFailed(name, "is not installed", advice=f"apt-get install {package}")
    return found
