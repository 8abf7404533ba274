"""What a benchmark gives and how it is printed: ours, the baseline, their ratio, the target, and whether it holds."""

import os
import platform
import subprocess
from collections.abc import Callable, Sequence
from importlib import metadata

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One row of the table. ``holds`` is ``None`` where there is no target. Texts carry their units."""

    scenario: str
    ours: str
    baseline: str = "–"
    ratio: str = "–"
    target: str = "–"
    holds: bool | None = None


def at_most(ratio: float, limit: float) -> bool:
    """Whether a cost is within its limit."""
    return ratio <= limit


def median(values: Sequence[float]) -> float:
    """The middle value."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def interleaved(rounds: int, *measured: Callable[[], float]) -> list[float]:
    """Measure each in turn, ``rounds`` times, and give the median of each: drift of the machine meets all alike."""
    found: list[list[float]] = [[] for _ in measured]
    for _ in range(rounds):
        for values, measure in zip(found, measured, strict=True):
            values.append(measure())
    return [median(values) for values in found]


def machine() -> str:
    """The machine and the versions that matter, in a line each."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    postgres = subprocess.run(["psql", "--version"], capture_output=True, text=True, timeout=10, check=False).stdout.strip()
    packages = ", ".join(
        f"{name} {metadata.version(name)}" for name in ("flask", "gunicorn", "nameko", "redis", "sqlalchemy", "pyarrow")
    )
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.platform()}, load {load:.1f} at start\n"
        f"Python {platform.python_version()}, {postgres}, {packages}"
    )


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = [("scenario", "ours", "baseline", "ratio", "target", "holds")]
    answers = {True: "yes", False: "**no**", None: "–"}
    rows += [(f.scenario, f.ours, f.baseline, f.ratio, f.target, answers[f.holds]) for f in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
