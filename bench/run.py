"""Run the benches and print their ratios. Each ``bench/bench_*.py`` has ``run() -> list[Ratio]``.

``python -m bench.run [NAME...]``; fails when a bound does not hold.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from bench.ratio import Ratio

HEADER = ("what", "ours", "yardstick", "ratio", "bound", "")


def main(names: list[str]) -> int:
    """Run the benches whose name holds one of ``names``, or all."""
    found = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    chosen = [name for name in found if not names or any(part in name for part in names)]
    if not chosen:
        print(f"no bench of that name; there are: {', '.join(found) or 'none'}", file=sys.stderr)
        return 1
    ratios: list[Ratio] = []
    for name in chosen:
        print(f"bench: {name.removeprefix('bench_')}", file=sys.stderr, flush=True)
        ratios += importlib.import_module(f"bench.{name}").run()
    print_table([HEADER, *map(row, ratios)])
    missed = [ratio for ratio in ratios if not ratio.holds]
    if missed:
        print(f"{len(missed)} of {len(ratios)} bounds do not hold", file=sys.stderr)
    return 1 if missed else 0


def row(ratio: Ratio) -> tuple[str, ...]:
    """One line of the table."""
    yardstick = f"{amount(ratio.yardstick, ratio.unit)}  {ratio.against}"
    return (
        ratio.what,
        amount(ratio.ours, ratio.unit),
        yardstick,
        f"{ratio.value:.2f}",
        f"{ratio.bound:.2f}",
        "ok" if ratio.holds else "MISSED",
    )


def amount(value: float, unit: str) -> str:
    """A figure with its unit: bytes as MB, seconds under a tenth as ms."""
    if unit == "bytes":
        return f"{value / 1e6:.1f} MB"
    if unit == "s" and value < 0.1:
        return f"{value * 1e3:.1f} ms"
    return f"{value:.2f} s" if unit == "s" else f"{value:g} {unit}"


def print_table(rows: list[tuple[str, ...]]) -> None:
    """Columns as wide as their widest cell."""
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(HEADER))]
    for cells in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
