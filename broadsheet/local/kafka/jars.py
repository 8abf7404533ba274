"""Fetches Kafka's jars by Maven, once per version of `pom.xml`, into the account's cache folder.

The folder's name is a digest of the pom, and it appears by a rename: a fetch that was cut off is never mistaken for a whole one.
`python -m broadsheet.local.kafka.jars` does only this.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from broadsheet.local.failure import ServerFailed

_POM = Path(__file__).with_name("pom.xml")
_FETCH_SECONDS = 600
_ADVICE = "Is the network there? Maven's own settings decide where it fetches from."


def jars_folder() -> Path:
    """Where the jars of this version lie, fetched or not."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "broadsheet" / f"kafka-{hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]}"


def fetched_jars() -> Path:
    """The folder of jars, fetched first if needed (40 MB, by Maven). Raises ServerFailed if that does not work."""
    folder = jars_folder()
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise ServerFailed("kafka", "its jars are not here and Maven is not installed", advice="apt-get install maven")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetch-") as scratch:
        _fetch(maven, Path(scratch) / "libs")
        try:
            (Path(scratch) / "libs").rename(folder)
        except OSError:  # somebody else was quicker
            if not folder.is_dir():
                raise
    return folder


def _fetch(maven: str, target: Path) -> None:
    goal = ("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={target}")
    try:
        result = subprocess.run(
            (maven, "--batch-mode", "--no-transfer-progress", "--quiet", "--file", str(_POM), *goal),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise ServerFailed("kafka", f"Maven did not fetch its jars within {_FETCH_SECONDS} s", advice=_ADVICE) from None
    if result.returncode != 0 or not any(target.glob("kafka_*.jar")):
        lines = [line for line in (result.stdout + result.stderr).splitlines() if line.strip()]
        raise ServerFailed("kafka", "Maven could not fetch its jars", lines[-15:], _ADVICE)


def main() -> int:
    """Fetch, and print where the jars are."""
    try:
        sys.stdout.write(f"{fetched_jars()}\n")
    except ServerFailed as failure:
        sys.stderr.write("".join(f"    {line}\n" for line in failure.log_tail) + f"{failure}. {failure.advice}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
