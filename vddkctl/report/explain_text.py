"""Precedence chains for people: which image a provider uses, and who says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vddkctl.plan.explain import Explanation
from vddkctl.plan.model import FORMAT_VERSION
from vddkctl.report.style import PLAIN, Style
from vddkctl.report.words import reference
from vddkctl.vddk.precedence import Level, effective
from vddkctl.visible import shown


def explain_text(items: Iterable[Explanation], tags: Mapping[str, str], style: Style = PLAIN) -> str:
    """All chains, with a final line break."""
    return "\n\n".join("\n".join(_lines(item, tags, style)) for item in items) + "\n"


def explain_json(items: Iterable[Explanation]) -> dict[str, Any]:
    """All chains as data."""
    return {
        "formatVersion": FORMAT_VERSION,
        "providers": [
            {
                "address": item.address,
                "exists": not item.created,
                "image": None if item.created else effective(item.now),
                "plannedImage": effective(item.then),
                "levels": [] if item.created else [_level(level) for level in item.now],
                "plannedLevels": [_level(level) for level in item.then],
            }
            for item in items
        ],
    }


def _level(level: Level) -> dict[str, Any]:
    return {
        "level": level.name,
        "field": level.field,
        "value": level.value,
        "where": level.where or None,
        "wins": level.wins,
    }


def _lines(item: Explanation, tags: Mapping[str, str], style: Style) -> Iterator[str]:
    changes = [level.value for level in item.now] != [level.value for level in item.then]
    name = style.paint("bold", shown(item.address))
    if not changes:
        verb = "is to be created, and will use" if item.created else "uses"
        yield f"{name} {verb} {_image(effective(item.then), tags)}"
        yield from _chain(item.then, tags, created=item.created)
        return
    yield f"{name} uses {_image(effective(item.now), tags)}"
    yield from _chain(item.now, tags)
    yield f"  after apply: {_image(effective(item.then), tags)}"
    yield from _chain(item.then, tags)


def _chain(levels: tuple[Level, ...], tags: Mapping[str, str], *, created: bool = False) -> Iterator[str]:
    rows = [_row(level, tags, created=created) for level in levels]
    width = max(len(value) for value, _ in rows)
    for rank, (level, (value, standing)) in enumerate(zip(levels, rows, strict=True), 1):
        line = f"  {rank}  {level.name:<11}  {level.field:<19}  {value:<{width}}  {standing:<9}  {shown(level.where)}"
        yield line.rstrip()


def _row(level: Level, tags: Mapping[str, str], *, created: bool) -> tuple[str, str]:
    if level.value is None:
        return "not set", ""
    value = shown(reference(level.value, tags))
    if level.wins:
        return value, "◀ wins"
    if level.name == "environment" and not created:
        return value, "acts only when a provider is created"
    return value, "shadowed"


def _image(value: str | None, tags: Mapping[str, str]) -> str:
    return shown(reference(value, tags)) if value else "no VDDK image: its disks are read without VDDK"
