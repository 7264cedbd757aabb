"""The history of a site, for people and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import to_builtins

from vddkctl.plan.history import numbered
from vddkctl.plan.model import FORMAT_VERSION, FieldChange
from vddkctl.plan.record import Record, Run
from vddkctl.report.change_text import field_name, values
from vddkctl.report.style import PLAIN, Style
from vddkctl.report.words import plural, short
from vddkctl.visible import shown


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
    for place in reversed(range(len(runs))):
        run = runs[place]
        earlier = runs[place - 1].at if place else ""
        odd = " in the future" if run.at > now else " before the run below it" if run.at < earlier else ""
        note = f"  {style.paint('yellow', f'! dated{odd}: a clock was wrong')}" if odd else ""
        yield f"{_head(run, style)}{note}"


def _head(run: Run, style: Style) -> str:
    ends: dict[str, int] = {}
    for end in run.changes.values():
        ends[end] = ends.get(end, 0) + 1
    what = ", ".join(f"{count} {end}" for end, count in sorted(ends.items())) or "nothing"
    number = style.paint("bold", f"{run.number:>4}")
    return f"{number}  {shown(run.at)}  {shown(run.by)}  {shown(run.tool)}  spec {short(run.site_digest)}  {what}"


def _run_lines(run: Run, style: Style) -> Iterator[str]:
    yield _head(run, style)
    yield ""
    for address, end in run.changes.items():
        yield f"  {style.paint('bold', shown(address))}  {end}"
        for path, changed in (run.details or {}).get(address, {}).items():
            name = "digest" if path == "digest" else field_name(path)
            lines = values(
                FieldChange(path, changed.before, changed.after), changed.before, changed.after, {}
            )
            for number, line in enumerate(lines):
                yield f"      {name if number == 0 else ' ' * len(name)}   {line}"
    if run.details is None:
        yield ""
        yield f"The details of its {plural(len(run.changes), 'change')} are not kept."
