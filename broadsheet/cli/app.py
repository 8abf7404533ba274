"""The command's verbs."""

from pathlib import Path
from typing import Annotated

import typer

from broadsheet import __version__
from broadsheet.documents import parser

app = typer.Typer(name="broadsheet", help="Reports as text files.", no_args_is_help=True, add_completion=False)


@app.callback(invoke_without_command=True)
def _main(version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def check(files: Annotated[list[Path], typer.Argument(help="Report files (NAME.report.md).", exists=True, dir_okay=False)]) -> None:
    """Check report files: every mistake as FILE:LINE:COLUMN. Exit code 1 when there is one."""
    wrong = 0
    for path in files:
        try:
            mistakes = parser.check(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            typer.echo(f"{path}: not UTF-8 at byte {error.start}", err=True)
            wrong += 1
            continue
        for mistake in mistakes:
            hint = f" ({mistake.hint})" if mistake.hint else ""
            typer.echo(f"{path}:{mistake.line}:{mistake.column}: {mistake.message}{hint}")
        wrong += bool(mistakes)
    if wrong:
        typer.echo(f"{wrong} of {len(files)} files have mistakes", err=True)
        raise typer.Exit(1)
    typer.echo(f"{len(files)} files are fine")
