"""`make bench`: run every `bench/bench_*.py` and print its figures.

A bench is a module with `run() -> Iterable[Figure]`; its docstring's first line says what it measures. Names on the
command line choose some of them; `--keep` keeps the figures as this machine's baselines.
"""

import argparse
import importlib
import sys
from pathlib import Path
from types import ModuleType

from bench import baselines
from bench.baselines import Figure

# Of this machine alone: figures of two machines do not compare.
KEPT = Path(__file__).resolve().parent.parent / ".local" / "bench-baselines.json"


def names() -> list[str]:
    """Every bench there is."""
    return sorted(file.stem.removeprefix("bench_") for file in Path(__file__).parent.glob("bench_*.py"))


def main() -> int:
    """Run the chosen benches; exit code 2 for one that does not exist."""
    options = argparse.ArgumentParser(prog="python -m bench", description="Measure; prints figures, asserts nothing.")
    options.add_argument("names", nargs="*", help=f"Of: {', '.join(names()) or 'none yet'}. Default: all.")
    options.add_argument("--keep", action="store_true", help="Keep the figures as the baselines of this machine.")
    given = options.parse_args()
    if unknown := set(given.names) - set(names()):
        sys.stderr.write(
            f"There is no bench {', '.join(sorted(unknown))}. There are: {', '.join(names()) or 'none'}.\n"
        )
        return 2
    earlier, figures = baselines.read(KEPT), []
    for name in given.names or names():
        figures += _measured(importlib.import_module(f"bench.bench_{name}"), earlier)
    if given.keep:
        KEPT.parent.mkdir(exist_ok=True)
        baselines.write(KEPT, figures)
    if not figures:
        print("Nothing was measured: there is no bench yet.")
    return 0


def _measured(module: ModuleType, earlier: dict[str, float]) -> list[Figure]:
    print((module.__doc__ or module.__name__).strip().splitlines()[0])
    figures = []
    for figure in module.run():
        print("  " + baselines.show(figure, earlier.get(figure.name)), flush=True)
        figures.append(figure)
    return figures


if __name__ == "__main__":
    sys.exit(main())
