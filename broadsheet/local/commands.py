"""What a person can tell the local installation: up, down, reset, status, logs.

These only start, ask and signal the supervisor; it alone owns processes. Whether it lives is asked of the home's lock, so a number that
was given to another process meanwhile is never signalled.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from broadsheet.local.child import sweep
from broadsheet.local.environment import DATABASE, PREFIX, environment, public_url
from broadsheet.local.failure import ServerFailed
from broadsheet.local.home import Home, delete_home, prepare_home, write_private
from broadsheet.local.sample import sample_of
from broadsheet.local.secrets import load_secrets
from broadsheet.local.signals import has_ended, send
from broadsheet.local.stack import Endpoints, owner_of
from broadsheet.local.status import Failure, Status, Step, read_status
from broadsheet.local.supervisor import ENDPOINTS, STATUS
from broadsheet.provisioning import provision

START_SECONDS = 300.0
STOP_SECONDS = 90.0
DEMO = "demo.json"

#: Hears each step of a start or a stop.
OnStep = Callable[[Step], None]


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """``demo.json``: how to get in. ``pdf`` is the finished sample report."""

    url: str
    email: str
    password: str
    api_token: str
    pdf: str | None = None


def wanted_home() -> Path:
    """``BROADSHEET_HOME``, or ``.broadsheet`` where we are."""
    return Path(os.environ.get("BROADSHEET_HOME") or ".broadsheet").absolute()


def up(on_step: OnStep) -> Demo:
    """Start everything unless it runs, make the demo, and say how to get in. Raises ServerFailed; then nothing is left running."""
    home = prepare_home(wanted_home(), on_notice=lambda text: on_step(Step("data folder", text)))
    if owner_of(home.path) is not None:
        return _running_demo(home)
    sweep(home.path)
    supervisor = _launch(home)
    try:
        _await_start(home, supervisor, on_step)
        return _made_demo(home, on_step)
    except BaseException:
        down(on_step)
        raise


def down(on_step: OnStep) -> bool:
    """Stop everything, and sweep up what was left of an earlier end. Says whether anything ran."""
    home = wanted_home().resolve()
    owner = owner_of(home)
    if owner is None:
        return bool(sweep(home))
    steps = _Steps(home / STATUS, on_step)
    send(owner, signal.SIGTERM, still=lambda: owner_of(home) == owner)
    deadline = time.monotonic() + STOP_SECONDS
    while not has_ended(owner, within_seconds=0.1) and time.monotonic() < deadline:
        steps.show()
    if owner_of(home) == owner:
        send(owner, signal.SIGKILL, still=lambda: owner_of(home) == owner)
        has_ended(owner, within_seconds=10)
    steps.show()
    sweep(home)
    return True


def reset(on_step: OnStep) -> None:
    """Stop everything and delete all data."""
    down(on_step)
    delete_home(wanted_home())


def status() -> Status | None:
    """The supervisor's report, or None if none runs."""
    home = wanted_home().resolve()
    return read_status(home / STATUS) if owner_of(home) is not None else None


def variables() -> dict[str, str]:
    """What a tool needs to work with the running installation: its `BROADSHEET_…` settings, and `PG…` of the superuser for psql."""
    home = wanted_home().resolve()
    endpoints = _endpoints(home)
    secrets = load_secrets(home / "secrets.json")
    postgres = {
        "PGHOST": endpoints.host,
        "PGPORT": str(endpoints.primary_port),
        "PGUSER": endpoints.superuser,
        "PGPASSWORD": endpoints.superuser_password,
        "PGDATABASE": DATABASE,
    }
    return {**environment(home, endpoints, secrets, None, os.environ), **postgres}


def migrate() -> None:
    """Bring the running installation's database to the newest revision."""
    home = wanted_home().resolve()
    provision(_endpoints(home).admin_url, load_secrets(home / "secrets.json").roles)


def _endpoints(home: Path) -> Endpoints:
    if owner_of(home) is None or not (home / ENDPOINTS).exists():
        raise ServerFailed("installation", "nothing is running", advice="Start it: make up")
    return msgspec.json.decode((home / ENDPOINTS).read_bytes(), type=Endpoints)


def logs(*, lines: int, follow: bool, part: str = "broadsheet") -> Iterator[str]:
    """The last lines of a log, then (``follow``) every new one, for ever. ``part`` names a server, or all processes' log."""
    path = wanted_home() / "logs" / f"{part}.log"
    if not path.exists():
        raise ServerFailed("logs", f"there is no {path}", advice="Start it first: make up")
    with path.open(encoding="utf-8", errors="replace") as file:
        yield from file.read().splitlines()[-lines:]
        while follow:
            line = file.readline()
            if line:
                yield line.rstrip("\n")
            else:
                time.sleep(0.2)
                if path.exists() and path.stat().st_ino != os.fstat(file.fileno()).st_ino:
                    yield from logs(lines=1000, follow=True, part=part)
                    return


class _Steps:
    """Hands on each step of the status file once."""

    def __init__(self, path: Path, on_step: OnStep):
        self._path = path
        self._on_step = on_step
        self._shown = len(found.steps) if (found := read_status(path)) else 0

    def from_start(self) -> "_Steps":
        self._shown = 0
        return self

    def show(self) -> Status | None:
        report = read_status(self._path)
        if report is not None:
            for step in report.steps[self._shown :]:
                self._on_step(step)
            self._shown = max(self._shown, len(report.steps))
        return report


def _launch(home: Home) -> subprocess.Popen[bytes]:
    (home.path / STATUS).unlink(missing_ok=True)
    with home.log_of("supervisor").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "broadsheet.local.supervisor", str(home.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _await_start(home: Home, supervisor: subprocess.Popen[bytes], on_step: OnStep) -> None:
    steps = _Steps(home.path / STATUS, on_step).from_start()
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        ended = supervisor.poll() is not None
        report = steps.show()
        if report is not None and report.phase == "running":
            return
        if report is not None and report.failure is not None:
            raise _raised(report.failure)
        if ended:
            tail = home.log_of("supervisor").read_text(errors="replace").splitlines()[-15:]
            raise ServerFailed(
                "supervisor", f"ended with exit code {supervisor.returncode}", tail, f"See {home.log_of('supervisor')}."
            )
        time.sleep(0.1)
    raise ServerFailed("start", f"not everything was up after {START_SECONDS:.0f} s", advice=f"See {home.log_of('broadsheet')}.")


def _made_demo(home: Home, on_step: OnStep) -> Demo:
    endpoints = _endpoints(home.path)
    sample = sample_of(endpoints, load_secrets(home.path / "secrets.json"))
    url = public_url({name: value for name, value in os.environ.items() if name.startswith(PREFIX)})
    on_step(Step("demo", "starting"))
    try:
        demo: Any = import_module("broadsheet.local.demo")  # late: other commands need nothing of what it imports
        result = demo.run(home.path, url, sample, lambda text: on_step(Step("demo", text)))
    except ServerFailed:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        tail = home.log_of("broadsheet").read_text(errors="replace").splitlines()[-15:]
        raise ServerFailed("demo", reason, tail, f"See {home.log_of('broadsheet')}.") from error
    on_step(Step("demo", "ready"))
    pdf = str(result.pdf) if result.pdf is not None else None
    made = Demo(url=url, email=result.email, password=result.password, api_token=result.api_token, pdf=pdf)
    write_private(home.path / DEMO, msgspec.json.format(msgspec.json.encode(made)) + b"\n")
    return made


def _running_demo(home: Home) -> Demo:
    path = home.path / DEMO
    if not path.exists():
        raise ServerFailed("start", f"something already runs in {home.path}", advice="See what: make status. Stop it: make down")
    return msgspec.json.decode(path.read_bytes(), type=Demo)


def _raised(failure: Failure) -> ServerFailed:
    return ServerFailed(failure.name, failure.reason, failure.log_tail, failure.advice)
