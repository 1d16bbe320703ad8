"""What a bench reports, and how the baselines are written down."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; `name` stays the same from run to run, `unit` like "sends/s" or "ms"."""

    name: str
    value: float
    unit: str


def show(figure: Figure, baseline: float | None) -> str:
    """A line for people: the value, and how it stands to the baseline where there is one."""
    line = f"{figure.name:<50} {figure.value:>12,.1f} {figure.unit}"
    if not baseline:
        return line
    return f"{line}   ({(figure.value / baseline - 1) * 100:+.0f} % against {baseline:,.1f})"


def read(file: Path) -> dict[str, float]:
    """The baselines by the name of their figure; none where nobody has written any yet."""
    if not file.exists():
        return {}
    return {name: float(value) for name, value in json.loads(file.read_text()).items()}


def write(file: Path, figures: list[Figure]) -> None:
    """Keep these figures as baselines, beside those of benches that did not run."""
    kept = read(file) | {figure.name: round(figure.value, 1) for figure in figures}
    file.write_text(json.dumps(dict(sorted(kept.items())), indent=2) + "\n")
