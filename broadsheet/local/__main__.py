"""`python -m broadsheet.local up|down|reset|status|logs`: the same verbs as `make`, for people and scripts.

On a terminal a line per part is kept up to date; elsewhere each step is a plain line. A failure ends with exit code 1.
"""

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from broadsheet.local import commands
from broadsheet.local.failure import ServerFailed
from broadsheet.local.journal import coloured
from broadsheet.local.memory import own_bytes, tree_bytes
from broadsheet.local.status import PartStatus, Step

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="Broadsheet on this machine.")
console = Console(highlight=False)
_DONE = ("ready", "stopped")


class Progress:
    """Shows steps: one changing line per part on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._last: dict[str, tuple[str, float]] = {}
        self._live = Live(console=console, auto_refresh=False, transient=False) if console.is_terminal else None

    def showing(self) -> AbstractContextManager[object]:
        return self._live if self._live is not None else nullcontext()

    def step(self, step: Step) -> None:
        seconds = time.monotonic() - self._began
        self._last[step.name] = (step.what, seconds)
        if self._live is None:
            console.print(f"{seconds:6.1f} s  {step.name:<17} {step.what}", soft_wrap=True)
        else:
            self._live.update(Group(*(self._line(name) for name in self._last)), refresh=True)

    def _line(self, name: str) -> Text:
        what, seconds = self._last[name]
        done = what in _DONE
        sign, colour = ("✓", "green") if done else ("…", "yellow")
        return Text.assemble((f" {sign} ", colour), f"{name:<17} ", (what, "dim" if done else ""), (f"  {seconds:.1f} s", "dim"))


@app.command()
def up() -> None:
    """Start everything, load the sample, make the demo sign-in, and say where to look."""
    progress = Progress()
    with _told(), progress.showing():
        was_running = commands.status() is not None
        demo = commands.up(progress.step)
    console.print()
    console.print("Broadsheet already runs." if was_running else "Broadsheet runs.", style="bold")
    rows = {"Open": demo.url, "Sign in": f"{demo.email}  {demo.password}", "First report": demo.pdf, "Stop": "make down"}
    for label, value in rows.items():
        if value:
            console.print(Text.assemble((f"  {label:<13}", "dim"), value), soft_wrap=True)


@app.command()
def down() -> None:
    """Stop everything. Data stays."""
    progress = Progress()
    with _told(), progress.showing():
        ran = commands.down(progress.step)
    console.print("Stopped; nothing is left running." if ran else "Nothing was running.")


@app.command()
def reset() -> None:
    """Stop everything and delete all data."""
    progress = Progress()
    with _told(), progress.showing():
        commands.reset(progress.step)
    console.print(f"Stopped, and {commands.wanted_home()} is deleted.", soft_wrap=True)


@app.command()
def status() -> None:
    """Every server and process: id, port, state, since when, restarts, memory."""
    report = commands.status()
    if report is None:
        console.print("Nothing is running. Start it: make up")
        raise typer.Exit(3)
    table = Table("name", "pid", "port", "state", "for", "restarts", "memory", box=None, pad_edge=False)
    for part in report.parts:
        table.add_row(*_cells(part))
    table.add_row("supervisor", str(report.pid), "", report.phase, _span(report.started), "", _megabytes(own_bytes(report.pid)))
    console.print(table)


@app.command()
def logs(
    part: Annotated[
        str, typer.Argument(help="A server (postgres, redis, rabbitmq, kafka, …); without it, all processes.")
    ] = "broadsheet",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep showing new lines until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines to begin with.")] = 100,
) -> None:
    """What everything says, each line with the name of who said it."""
    with _told():
        try:
            for line in commands.logs(lines=lines, follow=follow, part=part):
                console.print(coloured(line) if console.is_terminal else Text(line), soft_wrap=True)
        except KeyboardInterrupt:
            return


@app.command()
def migrate() -> None:
    """Bring the running installation's database to the newest revision."""
    with _told():
        commands.migrate()
    console.print("The database is at the newest revision.")


@app.command()
def shell() -> None:
    """A shell that has the settings of the running installation, and those of its superuser for psql."""
    with _told():
        own = commands.variables()
    program = os.environ.get("SHELL") or "/bin/sh"
    os.execve(program, [program], {**os.environ, **own})  # noqa: S606 - it is a shell


@contextmanager
def _told() -> Iterator[None]:
    """Turns a failure into its log, its line and its advice, and exit code 1."""
    try:
        yield
    except KeyboardInterrupt:
        console.print("Interrupted; nothing is left running.")
        raise typer.Exit(130) from None
    except ServerFailed as error:
        for line in error.log_tail:
            console.print(Text(f"    {line}", style="dim"), soft_wrap=True)
        console.print(Text.assemble(("Failed: ", "bold red"), f"{error.name}: {error.reason}"), soft_wrap=True)
        if error.advice:
            console.print(Text.assemble(("To do:  ", "bold"), error.advice), soft_wrap=True)
        raise typer.Exit(1) from None


def _cells(part: PartStatus) -> tuple[str | Text, ...]:
    state = Text(part.state, style="green" if part.state == "ready" else "yellow")
    memory = _megabytes(tree_bytes(part.pid)) if part.pid is not None else ""
    return part.name, str(part.pid or ""), str(part.port or ""), state, _span(part.since), str(part.restarts), memory


def _megabytes(size: int | None) -> str:
    return f"{size / 1_000_000:.0f} MB" if size is not None else ""


def _span(since: float) -> str:
    seconds = int(time.time() - since)
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


if __name__ == "__main__":
    app()
