"""The data folder of one local installation: where everything lies, and under which system account PostgreSQL runs.

PostgreSQL refuses to run as root, so root hands its folders to the account ``postgres``. That account must be able to walk down to
them; where it cannot (a clone below ``/root``, a private temporary folder), the data goes to ``/var/lib/broadsheet/<hash>`` and the
wanted path becomes a link to it. Everything else in this package only ever sees the resolved path.
"""

import hashlib
import os
import pwd
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from broadsheet.local.failure import ServerFailed

#: The account that owns PostgreSQL's data when we are root.
POSTGRES_ACCOUNT = "postgres"
#: Where data goes that the account could not reach otherwise.
SHARED_DATA = Path("/var/lib/broadsheet")
#: Below this a first start cannot end well: the servers write about 400 MB.
ENOUGH_BYTES = 600_000_000


class Home(msgspec.Struct, frozen=True):
    """A prepared data folder. ``account`` is the owner of PostgreSQL's files, or None for whoever we are."""

    path: Path
    account: str | None

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def run(self) -> Path:
        """Records of the processes that were started, by name."""
        return self.path / "run"

    @property
    def artifacts(self) -> Path:
        return self.path / "artifacts"

    def log_of(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def folder(self, name: str, *, owner: str | None = None) -> Path:
        """A private folder below the home, made if needed, owned by ``owner`` (an account) or by us."""
        folder = self.path / name
        folder.mkdir(mode=0o700, exist_ok=True)
        if owner is not None:
            give(folder, owner)
        return folder


def give(path: Path, account: str) -> None:
    """Make ``account`` the owner of ``path``."""
    entry = pwd.getpwnam(account)
    os.chown(path, entry.pw_uid, entry.pw_gid)


def write_private(path: Path, content: bytes, *, owner: str | None = None) -> None:
    """Replace ``path`` as a whole by a file that only its owner (an account, or we) can read, at no moment anybody else."""
    replacement = path.with_name(f"{path.name}.new")
    replacement.unlink(missing_ok=True)
    with os.fdopen(os.open(replacement, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    if owner is not None:
        give(replacement, owner)
    replacement.replace(path)


def prepare_home(wanted: Path, *, on_notice: Callable[[str], None] = lambda _: None) -> Home:
    """Make the data folder and say where it really is.

    ``on_notice`` hears about a relocation. Raises ServerFailed when the folder cannot be made, cannot be reached by PostgreSQL's
    account, or has no room.
    """
    account = postgres_account()
    try:
        path = _made(wanted.absolute(), account, on_notice)
        path.chmod(0o711)
        for name in ("logs", "run", "artifacts"):
            (path / name).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ServerFailed(
            "data folder", f"{wanted} cannot be made: {error.strerror}", advice="Set BROADSHEET_HOME to a folder you may write to."
        ) from error
    free = shutil.disk_usage(path).free
    if free < ENOUGH_BYTES:
        raise ServerFailed(
            "data folder",
            f"only {free // 1_000_000} MB free at {path}, {ENOUGH_BYTES // 1_000_000} MB are needed",
            advice="Free some space, or set BROADSHEET_HOME to a folder on another disk.",
        )
    return Home(path, account)


def postgres_account() -> str | None:
    """The account PostgreSQL must run as: None unless we are root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(POSTGRES_ACCOUNT).pw_name
    except KeyError:
        raise ServerFailed(
            "postgres",
            f"there is no account '{POSTGRES_ACCOUNT}', and PostgreSQL refuses to run as root",
            advice="Install PostgreSQL's package: apt-get install postgresql",
        ) from None


def delete_home(wanted: Path) -> None:
    """Remove the data folder, and what it links to if it was relocated by us."""
    target = wanted.resolve()
    if wanted.is_symlink():
        if target.parent == SHARED_DATA:
            shutil.rmtree(target, ignore_errors=True)
        wanted.unlink()
    elif wanted.exists():
        shutil.rmtree(wanted)


def can_reach(folder: Path, account: str) -> bool:
    """Whether ``account`` may walk down to ``folder``: the execute bit of every folder above it and of itself."""
    entry = pwd.getpwnam(account)
    groups = os.getgrouplist(account, entry.pw_gid)
    return all(_may_enter(part, entry.pw_uid, groups) for part in (folder, *folder.parents) if part.exists())


def _may_enter(folder: Path, uid: int, groups: list[int]) -> bool:
    status = folder.stat()
    if status.st_uid == uid:
        return bool(status.st_mode & 0o100)
    if status.st_gid in groups:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)


def _made(wanted: Path, account: str | None, on_notice: Callable[[str], None]) -> Path:
    if wanted.is_symlink() and not wanted.exists():
        wanted.resolve().mkdir(parents=True, mode=0o711)
    if wanted.exists():
        wanted.chmod(0o711)
    above = wanted.resolve() if wanted.exists() else wanted.parent
    if account is None or can_reach(above, account):
        wanted.mkdir(parents=True, exist_ok=True, mode=0o711)
        return wanted.resolve()
    return _relocated(wanted, account, on_notice)


def _relocated(wanted: Path, account: str, on_notice: Callable[[str], None]) -> Path:
    if wanted.exists() and any(wanted.iterdir()):
        raise ServerFailed(
            "data folder",
            f"the account '{account}' cannot reach {wanted}, which already holds data",
            advice=f"Move it away, or let others pass: chmod o+x {wanted} and every folder above it.",
        )
    target = SHARED_DATA / hashlib.sha256(str(wanted).encode()).hexdigest()[:12]
    SHARED_DATA.mkdir(parents=True, exist_ok=True, mode=0o755)
    target.mkdir(exist_ok=True, mode=0o711)
    if wanted.exists():
        wanted.rmdir()
    wanted.parent.mkdir(parents=True, exist_ok=True)
    wanted.symlink_to(target)
    on_notice(f"PostgreSQL's account cannot reach {wanted}; the data is in {target}, and {wanted.name} links there.")
    return target
