"""One Broadsheet process as a child: same verbs as a server, its output going to the journal line by line."""

import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from broadsheet.local.child import Launch, Spawner, end
from broadsheet.local.failure import ServerFailed, explained
from broadsheet.local.journal import Journal
from broadsheet.local.processes import ProcessSpec
from broadsheet.local.servers.base import TAIL_LINES, exit_text

READY_SECONDS = 60.0
GRACE_SECONDS = 10.0


class Process:
    """Started from its spec with its whole environment. Outlives its process, like a server does."""

    #: Known to the process itself, not to us.
    port: int | None = None

    def __init__(self, spec: ProcessSpec, *, python: str, env: Mapping[str, str], cwd: Path, spawner: Spawner, journal: Journal):
        self.name = spec.name
        self._spec = spec
        self._launch = Launch(name=spec.name, argv=(python, *spec.argv), cwd=cwd, env={**env, "PYTHONUNBUFFERED": "1"})
        self._spawner = spawner
        self._journal = journal
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        return self._process

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        self._tail.clear()
        try:
            self._process = self._spawner.spawn(self._launch, subprocess.PIPE)
        except OSError as error:
            raise ServerFailed(self.name, f"cannot be started: {error.strerror}") from error
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._copy, args=(self._process.stdout,), daemon=True, name=f"log of {self.name}")
        self._reader.start()

    def wait_ready(self) -> None:
        """Return once it says so itself. Raises ServerFailed if it ends or stays silent."""
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self.pid is None:
                raise self.failure(f"ended while starting ({exit_text(self._process)})")
            if time.monotonic() > deadline:
                raise self.failure(f"did not become ready within {READY_SECONDS:.0f} s")
            time.sleep(0.1)

    def stop(self) -> None:
        """SIGTERM, then SIGKILL after the grace."""
        if self._process is not None:
            end(self._process, signal.SIGTERM, GRACE_SECONDS)

    def failure(self, what: str) -> ServerFailed:
        if self._reader is not None:
            self._reader.join(1)
        return explained(self.name, what, tuple(self._tail), self._journal.path)

    def _answers(self) -> bool:
        if self.pid is None:
            return False
        if self._spec.ready is None:
            return True
        try:
            return self._spec.ready(self._launch.env)
        except Exception:  # not there yet; the deadline reports it
            return False

    def _copy(self, output: IO[bytes]) -> None:
        with output:
            for raw in output:
                line = raw.decode(errors="replace")
                self._tail.append(line.rstrip())
                self._journal.write(self.name, line)
