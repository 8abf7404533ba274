"""``python -m bench [GROUP …]``: run the benchmarks and print one table."""

import argparse
import sys
from collections.abc import Callable, Iterator

from bench.report import Figure, machine, table
from bench.rig import Rig, running
from bench.scenarios import cold, exports, footprint, lists, reads, rpc, runs

GROUPS: dict[str, Callable[[Rig], Iterator[Figure]]] = {
    "reads": reads.measure,
    "cold": cold.measure,
    "rpc": rpc.measure,
    "lists": lists.measure,
    "runs": runs.measure,
    "exports": exports.measure,
    "footprint": footprint.measure,
}
#: What is idle is measured first, what fills the databases last.
_ORDER = ("footprint", "reads", "cold", "rpc", "runs", "exports", "lists")


def main() -> None:
    """Measure what was asked for, by default everything. Figures that miss their target are printed as missed; the exit code is 0."""
    arguments = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    arguments.add_argument("groups", nargs="*", choices=[*GROUPS, []], help="groups to measure (default: all)")
    chosen = arguments.parse_args().groups or list(GROUPS)
    print(machine(), flush=True)
    figures: list[Figure] = []
    with running(lambda text: print(f"… {text}", file=sys.stderr, flush=True)) as rig:
        for name in _ORDER:
            if name in chosen:
                for figure in GROUPS[name](rig):
                    figures.append(figure)
                    print(f"… {figure.scenario}: {figure.ours} against {figure.baseline}", file=sys.stderr, flush=True)
    print("\n" + table(figures))


if __name__ == "__main__":
    main()
