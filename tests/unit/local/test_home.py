"""Where data goes."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadsheet.local import home as homes
from broadsheet.local.failure import ServerFailed, explained
from broadsheet.local.home import can_reach, delete_home, prepare_home, write_private


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that every account can walk into, unlike pytest's own."""
    with tempfile.TemporaryDirectory(dir="/tmp") as path:
        Path(path).chmod(0o755)
        yield Path(path)


def test_a_home_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServerFailed, match="cannot be made") as caught:
        prepare_home(tmp_path / "file" / "home")
    assert "BROADSHEET_HOME" in caught.value.advice


def test_a_full_disk_is_refused_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o711)
    monkeypatch.setattr(homes, "ENOUGH_BYTES", 1 << 60)
    monkeypatch.setattr(homes, "SHARED_DATA", tmp_path / "shared")
    with pytest.raises(ServerFailed, match="MB free"):
        prepare_home(tmp_path / "home")


def test_an_account_is_kept_out_by_one_closed_folder_above(open_path: Path) -> None:
    inner = open_path / "closed" / "open"
    inner.mkdir(parents=True)
    assert can_reach(inner, "nobody")
    inner.parent.chmod(0o700)
    assert not can_reach(inner, "nobody")


def test_data_that_postgres_could_not_reach_goes_elsewhere_behind_a_link(
    tmp_path: Path, open_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(homes, "SHARED_DATA", open_path)
    monkeypatch.setattr(homes, "postgres_account", lambda: "nobody")
    tmp_path.chmod(0o700)
    heard: list[str] = []
    made = prepare_home(tmp_path / "home", on_notice=heard.append)
    assert made.path.parent == open_path
    assert (tmp_path / "home").resolve() == made.path
    assert "links there" in heard[0]
    assert prepare_home(tmp_path / "home").path == made.path


def test_deleting_a_relocated_home_takes_the_data_and_the_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes, "SHARED_DATA", tmp_path / "shared")
    target = tmp_path / "shared" / "abc"
    (target / "logs").mkdir(parents=True)
    (tmp_path / "home").symlink_to(target)
    delete_home(tmp_path / "home")
    assert not target.exists()
    assert not (tmp_path / "home").is_symlink()


def test_deleting_never_follows_a_link_that_somebody_else_made(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "precious")
    delete_home(tmp_path / "home")
    assert (tmp_path / "precious").exists()
    assert not (tmp_path / "home").is_symlink()


def test_a_private_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old and readable")
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ('could not write to file "pg_wal/xlogtemp": No space left on device', "the disk is full"),
        ("bind: Address already in use", "its port is taken"),
        ("FATAL: could not open file: Permission denied", "it lacks a right"),
    ],
)
def test_a_known_log_line_gives_the_cause_and_what_to_do(line: str, cause: str) -> None:
    failure = explained("postgres", "ended while starting", (line,), "/tmp/postgres.log")
    assert cause in failure.reason
    assert failure.advice
