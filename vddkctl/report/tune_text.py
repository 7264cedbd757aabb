"""Advice on buffers, for people and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from vddkctl.plan.model import FORMAT_VERSION
from vddkctl.report.style import PLAIN, Style
from vddkctl.report.words import plural, size
from vddkctl.vddk.buffers import LIMIT, PRESETS
from vddkctl.vddk.tuning import Advice, formula
from vddkctl.visible import shown


def tune_text(advice: Sequence[Advice], concurrent_from: str, style: Style = PLAIN) -> str:
    """The whole report, with a final line break."""
    return "\n".join(_lines(advice, concurrent_from, style)) + "\n"


def tune_json(advice: Sequence[Advice], concurrent_from: str) -> dict[str, Any]:
    """The same as data. Sizes are bytes."""
    return {
        "formatVersion": FORMAT_VERSION,
        "concurrentFrom": concurrent_from,
        "limit": LIMIT,
        "providers": [
            {
                "provider": each.provider,
                "machines": each.machines,
                "disks": each.disks,
                "disksByPreset": dict(each.counts),
                "totalSize": each.total,
                "largestDisk": each.largest,
                "preset": each.preset,
                "sizeIn64K": each.buffers.size_in_64k,
                "count": each.buffers.count,
                "sessionMemory": each.buffers.memory,
                "concurrent": each.concurrent,
                "memory": each.memory,
                "overLimit": each.buffers.over_limit,
                "withinLimit": each.within,
            }
            for each in advice
        ],
    }


def _lines(advice: Sequence[Advice], concurrent_from: str, style: Style) -> Iterator[str]:
    for each in advice:
        name = shown(each.provider) or "all disks"
        counts = ", ".join(f"{count} {preset}" for preset, count in each.counts.items() if count)
        yield style.paint("bold", name)
        yield (
            f"  disks     {plural(each.disks, 'disk')} of {plural(each.machines, 'machine')}, {size(each.total)}, "
            f"the largest {size(each.largest)}: {counts}"
        )
        yield f"  buffers   {style.paint('green', each.preset)}: most of the data is on disks of that size"
        at_once = min(each.concurrent, each.disks)
        yield f"  memory    {formula(each.buffers, at_once)} = {_binary(each.memory)}"
        if each.buffers.over_limit:
            within = PRESETS[each.within]
            yield (
                f"  {style.paint('yellow', '!')} {_binary(each.buffers.memory)} a session; VDDK 7.0.3's notes say that "
                f"opening a disk fails over {_binary(LIMIT)}"
            )
            yield f"    within that: {each.within}, {formula(within, at_once)} = {_binary(within.memory * at_once)}"
        yield ""
    yield f"Disks at the same time: {advice[0].concurrent}, {concurrent_from}. Buffers need aio: true."


def _binary(count: int) -> str:
    """Bytes as memory is measured: ``256 MiB``."""
    value, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if value == int(value) else f"{value:.1f} {unit}"
