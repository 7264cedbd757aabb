"""A text for a chat: the headline, then what somebody has to look at, in a few lines.

docs.slack.dev, "Formatting message text": &, < and > are escaped, and backticks taken out of names, so that no name
becomes a link or a mention.
"""

from __future__ import annotations

from collections.abc import Iterator

from vddkctl.report.files.outcome import BAD, Outcome, Row
from vddkctl.visible import shown

_MOST_ROWS = 15
_MOST = 300
"""Characters of one value."""


def slack(outcome: Outcome) -> dict[str, str]:
    """The message, as an incoming webhook takes it."""
    return {"text": "\n".join(_lines(outcome))}


def _lines(outcome: Outcome) -> Iterator[str]:
    mark = ":white_check_mark:" if outcome.well else ":rotating_light:"
    site = f" {_plain(outcome.site)}" if outcome.site else ""
    yield f"{mark} *vddkctl {outcome.kind}{site}*: {_plain(outcome.headline)}"
    if outcome.error:
        yield _code(outcome.error)
    rows = [row for row in outcome.rows if row.state in BAD or row.state in {"pending", "done"}]
    for row in rows[:_MOST_ROWS]:
        yield from _row(row)
    if len(rows) > _MOST_ROWS:
        yield f"… and {len(rows) - _MOST_ROWS} more"


def _row(row: Row) -> Iterator[str]:
    note = f": {_plain(row.note)}" if row.note else ""
    yield f"• {row.state} {_code(row.address)}{note}"
    for field in row.fields:
        by = f" ({_plain(field.by)})" if field.by else ""
        yield f"    {_code(field.name)} {_code('; '.join(field.lines))}{by}"


def _code(text: str) -> str:
    return f"`{_plain(text)}`"


def _plain(text: str) -> str:
    """On one line, with nothing in it that means something to the chat."""
    line = shown(" ".join(text.split()).replace("`", "'"))
    line = f"{line[:_MOST]}…" if len(line) > _MOST else line
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
