"""One page that is all of it: no script, no network, readable on a phone and on paper, in the dark and in the light."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from vddkctl.report.files.outcome import BAD, STATES, ChainRow, Outcome, Row


def html(outcome: Outcome) -> str:
    """The whole page."""
    return "\n".join(_lines(outcome)) + "\n"


def _lines(outcome: Outcome) -> Iterator[str]:
    title = escape(f"vddkctl {outcome.kind}: {outcome.site}")
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    yield f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>"
    where = f"{outcome.place} · {outcome.at} · {outcome.tool}"
    yield f'<h1>{title}</h1><p class="soft">{escape(where)}</p>'
    yield f'<p class="lead {"good" if outcome.well else "bad"}">{escape(outcome.headline)}</p>'
    counts = [(state, outcome.count(state)) for state in STATES if outcome.count(state)]
    items = "".join(f'<li><b class="{_tone(state)}">{count}</b>{state}</li>' for state, count in counts)
    yield f'<ul class="counts">{items}</ul>'
    rows = [row for row in outcome.rows if row.state != "unchanged"]
    if rows:
        yield "<h2>What changed, and by whom</h2>"
        yield from map(_card, rows)
    if outcome.warnings:
        yield "<h2>Warnings</h2>"
        for warning in outcome.warnings:
            head = f'<h3><span class="tag warn">{escape(warning.code)}</span>{escape(warning.address)}</h3>'
            yield f'<div class="card">{head}<p>{escape(warning.message)}</p></div>'
    if outcome.chains:
        yield "<h2>Which image each provider uses</h2>"
        yield from map(_chain, outcome.chains)
    unchanged = [row for row in outcome.rows if row.state == "unchanged"]
    if unchanged:
        yield f"<details><summary>{len(unchanged)} as declared</summary>"
        yield "".join(f"<p><code>{escape(row.address)}</code></p>" for row in unchanged) + "</details>"
    yield "</main>\n</body>\n</html>"


def _card(row: Row) -> str:
    reason = f' <span class="soft">{escape(row.reason)}</span>' if row.reason else ""
    tag = f'<span class="tag {_tone(row.state)}">{row.state}</span>'
    head = f"<h3>{tag}{escape(row.address)}{reason}</h3>"
    fields = "".join(
        f"<dt>{escape(field.name)}</dt><dd>{''.join(f'<code>{escape(line)}</code><br>' for line in field.lines)}"
        f'<span class="soft">{escape(field.by)}</span></dd>'
        for field in row.fields
    )
    note = f"<p>{escape(row.note)}</p>" if row.note else ""
    return f'<div class="card">{head}{f"<dl>{fields}</dl>" if fields else ""}{note}</div>'


def _chain(chain: ChainRow) -> str:
    levels = "".join(
        f'<li class="{"wins" if wins else ""}"><small>{escape(level)}{" · wins" if wins else ""}</small>'
        f"<code>{escape(value) or 'not set'}</code></li>"
        for level, value, wins in chain.levels
    )
    return f'<div class="card"><h3>{escape(chain.address)}</h3><ol class="chain">{levels}</ol></div>'


def _tone(state: str) -> str:
    if state in BAD:
        return "bad"
    return {"pending": "warn", "done": "good", "satisfied": "good"}.get(state, "soft")
