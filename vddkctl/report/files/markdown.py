"""Markdown, for the comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from vddkctl.report.files.outcome import BAD, FieldRow, Outcome, Row

_MARKS = {"pending": "🟡", "done": "🟢", "satisfied": "🟢", "unchanged": "⚪", "ignored": "⚪"}


def markdown(outcome: Outcome) -> str:
    """The whole comment."""
    return "".join(f"{line}\n" for line in _lines(outcome))


def _lines(outcome: Outcome) -> Iterator[str]:
    yield f"### vddkctl {outcome.kind}: {_plain(outcome.site)}"
    yield ""
    yield f"{'🟢' if outcome.well else '🔴'} **{_plain(outcome.headline)}** — {_plain(outcome.place)}, {outcome.at}"
    rows = [row for row in outcome.rows if row.state != "unchanged"]
    if rows:
        yield ""
        yield "| | address | | what |"
        yield "|---|---|---|---|"
        yield from map(_row, rows)
    if outcome.warnings:
        yield ""
        yield f"<details><summary>{len(outcome.warnings)} warnings</summary>"
        yield ""
        for warning in outcome.warnings:
            yield f"- {_code(warning.address)}: {_plain(warning.message)} ({_code(warning.code)})"
        yield ""
        yield "</details>"
    unchanged = [row for row in outcome.rows if row.state == "unchanged"]
    if unchanged:
        yield ""
        yield f"<details><summary>{len(unchanged)} as declared</summary>"
        yield ""
        yield ", ".join(_code(row.address) for row in unchanged)
        yield ""
        yield "</details>"


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
    return "<br>".join(escaped.split("\n"))
