"""``broadsheet check``."""

from pathlib import Path

from typer.testing import CliRunner

from broadsheet.cli import app

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.report.md"))


def test_the_examples_are_fine() -> None:
    answer = CliRunner().invoke(app, ["check", *map(str, EXAMPLES)])
    assert (answer.exit_code, answer.output.strip()) == (0, f"{len(EXAMPLES)} files are fine")


def test_every_mistake_is_told_with_its_place_and_the_exit_code_is_1(tmp_path: Path) -> None:
    path = tmp_path / "wrong.report.md"
    path.write_text("---\ntitle: Wrong\nsauce: flights\n---\n```sql q\nselect :x\n```\n", encoding="utf-8")
    answer = CliRunner().invoke(app, ["check", str(path)])
    assert answer.exit_code == 1
    assert f"{path}:3:1: " in answer.output
    assert f"{path}:6:8: " in answer.output
