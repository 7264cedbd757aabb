"""The history of a site, for people and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import to_builtins

from vddkctl.plan.history import numbered
from vddkctl.plan.images import DIGEST, REFERENCE
from vddkctl.plan.model import FORMAT_VERSION, FieldChange
from vddkctl.plan.record import BEGUN, Changed, Record, Run
from vddkctl.report.change_text import field_name, values
from vddkctl.report.style import PLAIN, Style
from vddkctl.report.words import plural, short
from vddkctl.visible import shown

_ENDS = {"satisfied": "was already so", "skipped": "not tried"}


def history_text(record: Record | None, now: str, style: Style = PLAIN) -> str:
    """All runs, the newest first, with a final line break. ``now`` is RFC 3339, to tell a clock that jumped."""
    runs = numbered(record.runs) if record else ()
    if not runs:
        return "Nothing was applied yet.\n"
    return "".join(f"{line}\n" for line in _lines(runs, now, style))


def history_json(record: Record | None) -> dict[str, Any]:
    """The same as data, with the details that are kept."""
    runs = numbered(record.runs) if record else ()
    return {"formatVersion": FORMAT_VERSION, "runs": [to_builtins(run) for run in reversed(runs)]}


def run_text(run: Run, style: Style = PLAIN) -> str:
    """What one run changed."""
    return "".join(f"{line}\n" for line in _run_lines(run, style))


def _lines(runs: Sequence[Run], now: str, style: Style) -> Iterator[str]:
    width = max(len(kind_of(run)) for run in runs)
    for place in reversed(range(len(runs))):
        run = runs[place]
        earlier = runs[place - 1].at if place else ""
        odd = " in the future" if run.at > now else " before the run below it" if run.at < earlier else ""
        note = f"  {style.paint('yellow', f'! dated{odd}: a clock was wrong')}" if odd else ""
        yield f"{_head(run, style, width)}{note}"


def _head(run: Run, style: Style, width: int = 0) -> str:
    number = style.paint("bold", f"{run.number:>4}")
    who = f"{shown(run.by)}  {shown(run.tool)}  spec {short(run.site_digest)}"
    return f"{number}  {shown(run.at)}  {shown(kind_of(run)).ljust(width)}  {who}  {_came_to(run, style)}"


def kind_of(run: Run) -> str:
    """``apply``, ``heal`` or ``rollback of 3``: back to the state after that run."""
    return f"{run.kind} to {run.back_to}" if run.back_to else run.kind


def _came_to(run: Run, style: Style) -> str:
    if run.result == BEGUN:
        count = plural(len(run.changes), "change")
        return style.paint("red", f"began {count}, and did not end: it was killed, or is still at work")
    ends: dict[str, int] = {}
    for end in run.changes.values():
        word = _ENDS.get(end, end)
        ends[word] = ends.get(word, 0) + 1
    what = ", ".join(f"{count} {end}" for end, count in sorted(ends.items()))
    if not what:
        return f"0 changes; {plural(len(run.earlier or {}), 'address', 'addresses')} newly recorded"
    return f"interrupted: {what}" if run.result == "interrupted" else what


def _run_lines(run: Run, style: Style) -> Iterator[str]:
    yield _head(run, style)
    yield ""
    for address, end in run.changes.items():
        action = f"  {shown(run.actions[address])}" if address in run.actions else ""
        yield f"  {style.paint('bold', shown(address))}{style.paint('dim', action)}  {end}"
        for path, changed in (run.details or {}).get(address, {}).items():
            yield from _field_lines(path, changed)
    if run.details is None:
        yield ""
        yield f"The details of its {plural(len(run.changes), 'change')} are not kept."


def _field_lines(path: str, changed: Changed) -> Iterator[str]:
    if path == REFERENCE:
        yield f"      tag      {shown(str(changed.after))}"
        return
    name = "digest" if path == DIGEST else field_name(path)
    field = FieldChange(path, changed.before, changed.after)
    for number, line in enumerate(values(field, changed.before, changed.after, {})):
        taken = f"   taken from {shown(changed.owner)}" if changed.owner and number == 0 else ""
        yield f"      {name if number == 0 else ' ' * len(name)}   {line}{taken}"
