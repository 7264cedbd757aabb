"""Markdown, for the comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from vddkctl.report.files.outcome import BAD, FieldRow, Outcome, Row
from vddkctl.report.words import plural

_MARKS = {"pending": "🟡", "done": "🟢", "satisfied": "🟢", "unchanged": "⚪", "ignored": "⚪"}


_MENTION = re.compile(r"(?<!\w)@(?=\w)")
"""What would call somebody; the @ of a digest does not."""

_MOST = 60_000
"""Characters: GitHub takes 65,536 in a comment. The parts share them."""


def markdown(outcome: Outcome) -> str:
    """The whole comment."""
    return "".join(f"{line}\n" for line in _lines(outcome))


def _lines(outcome: Outcome) -> Iterator[str]:
    yield f"### vddkctl {outcome.kind}: {_plain(outcome.site)}".removesuffix(": ")
    yield ""
    place = ", ".join(filter(None, (_plain(outcome.place), outcome.at)))
    yield f"{'🟢' if outcome.well else '🔴'} **{_plain(outcome.headline)}** — {place}"
    if outcome.error:
        yield ""
        yield f"<pre>{_plain(outcome.error)}</pre>"
    rows = [row for row in outcome.rows if row.state != "unchanged"]
    if rows:
        yield ""
        yield "| | address | | what |"
        yield "|---|---|---|---|"
        yield from _as_many_as_fit(map(_row, rows), len(rows), _MOST * 2 // 3, "| | and {} more | | |")
    if outcome.warnings:
        yield ""
        yield f"<details><summary>{plural(len(outcome.warnings), 'warning')}</summary>"
        yield ""
        told = (f"- {_code(w.address)}: {_plain(w.message)} ({_code(w.code)})" for w in outcome.warnings)
        yield from _as_many_as_fit(told, len(outcome.warnings), _MOST // 6, "- and {} more")
        yield ""
        yield "</details>"
    unchanged = [row for row in outcome.rows if row.state == "unchanged"]
    if unchanged:
        yield ""
        yield f"<details><summary>{len(unchanged)} as declared</summary>"
        yield ""
        names = (f"{_code(row.address)}<br>" for row in unchanged)
        yield from _as_many_as_fit(names, len(unchanged), _MOST // 6, "and {} more")
        yield ""
        yield "</details>"


def _as_many_as_fit(lines: Iterable[str], count: int, most: int, rest: str) -> Iterator[str]:
    """Lines until they are too many characters; then ``rest``, with how many are left out."""
    for number, line in enumerate(lines):
        most -= len(line) + 1
        if most < len(rest) + 10:
            yield rest.format(count - number)
            return
        yield line


def _row(row: Row) -> str:
    mark = "🔴" if row.state in BAD else _MARKS.get(row.state, "")
    told = [_field(field) for field in row.fields]
    if row.note:
        told.append(_plain(row.note))
    reason = f" {_code(row.reason)}" if row.reason else ""
    return f"| {mark} | {_code(row.address)} | {row.state}{reason} | {'<br>'.join(told)} |"


def _field(field: FieldRow) -> str:
    lines = "<br>".join(map(_code, field.lines))
    return f"{_code(field.name)} {lines}{_by(field.by)}"


def _by(text: str) -> str:
    return f" <sub>{_plain(text)}</sub>" if text else ""


def _code(text: str) -> str:
    """Code in a cell of a table: no backtick, pipe or line break of somebody else's gets out of it."""
    return f"<code>{_plain(text)}</code>"


def _plain(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in "\\`*_[]|":
        escaped = escaped.replace(sign, f"&#{ord(sign)};")
    escaped = _MENTION.sub("@&#8203;", escaped)
    return "<br>".join(escaped.split("\n"))
