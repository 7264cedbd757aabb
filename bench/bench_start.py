"""How long a person waits for ``vddkctl --help``."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.measure import command, race
from bench.ratio import Ratio


def run() -> list[Ratio]:
    """Against a quarter of a second, and against a bare interpreter's own start."""
    here = Path.cwd()

    def ours() -> float:
        return command([sys.executable, "-m", "vddkctl", "--help"], cwd=here).seconds

    def bare() -> float:
        return command([sys.executable, "-c", "pass"], cwd=here).seconds

    seconds, interpreter = race(ours, bare)
    return [
        Ratio("vddkctl --help", seconds, "a quarter of a second", 0.25, 1.0),
        Ratio("vddkctl --help", seconds, "python -c pass", interpreter, 15.0),
    ]
