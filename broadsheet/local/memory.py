"""How much memory a process and everything below it really take: proportional set size, where shared pages count once in all."""

from pathlib import Path


def own_bytes(pid: int) -> int | None:
    """Bytes of the process alone, or None where it is not ours to see."""
    try:
        lines = (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), None)


def tree_bytes(pid: int) -> int | None:
    """Bytes of the process and its descendants, or None where it is not ours to see."""
    sizes = [own_bytes(member) for member in _tree(pid)]
    known = [size for size in sizes if size is not None]
    return sum(known) if known else None


def _tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def _parent(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return None
