"""What the doctor found, for people and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from vddkctl.doctor.check import Check, Status
from vddkctl.plan.model import FORMAT_VERSION
from vddkctl.report.style import PLAIN, Style
from vddkctl.report.words import plural
from vddkctl.visible import shown

_MARKS = {
    Status.PASS: ("✓", "green"),
    Status.WARN: ("!", "yellow"),
    Status.FAIL: ("✗", "red"),
    Status.SKIP: ("○", "dim"),
}


def doctor_text(checks: Sequence[Check], style: Style = PLAIN) -> str:
    """The whole report, with a final line break."""
    return "\n".join(_lines(checks, style)) + "\n"


def doctor_json(checks: Sequence[Check]) -> dict[str, Any]:
    """The same as data."""
    return {
        "formatVersion": FORMAT_VERSION,
        "checks": [
            {
                "group": each.group,
                "name": each.name,
                "status": each.status.value,
                "detail": each.detail,
                "next": each.next,
            }
            for each in checks
        ],
        "summary": {status.value: _count(checks, status) for status in Status},
    }


def _lines(checks: Sequence[Check], style: Style) -> Iterator[str]:
    width = min(48, max(len(each.name) for each in checks))
    group = None
    for each in checks:
        if each.group != group:
            group = each.group
            yield style.paint("bold", group)
        mark, colour = _MARKS[each.status]
        detail = shown(each.detail).replace("\n", " ")
        yield f"  {style.paint(colour, mark)} {each.status.value:<4}  {shown(each.name).ljust(width)}  {detail}"
        if each.next and each.status is not Status.PASS:
            blank = " " * (10 + width)
            yield from (f"{blank}  {line.strip()}" for line in shown(each.next, lines=True).splitlines())
    yield ""
    failed, warned = _count(checks, Status.FAIL), _count(checks, Status.WARN)
    if failed:
        yield style.paint("red", f"{plural(failed, 'check')} failed, {plural(warned, 'warning')}.")
    else:
        yield style.paint("bold", f"Nothing is in the way, {plural(warned, 'warning')}.")


def _count(checks: Sequence[Check], status: Status) -> int:
    return sum(each.status is status for each in checks)
