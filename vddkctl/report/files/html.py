"""One page that is all of it: no script, no network, readable on a phone and on paper, in the dark and in the light."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

from vddkctl.plan.model import PlanWarning
from vddkctl.report.files.html_chain import alike, chain_card
from vddkctl.report.files.outcome import BAD, STATES, Outcome, Row
from vddkctl.report.files.times import times_in


def html(outcome: Outcome) -> str:
    """The whole page."""
    return "\n".join(_lines(outcome)) + "\n"


def _lines(outcome: Outcome) -> Iterator[str]:
    title = escape(" ".join(filter(None, (f"vddkctl {outcome.kind}:", outcome.site))).removesuffix(":"))
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    # Whatever a name of somebody else's may hold: nothing is loaded, and nothing runs.
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    yield f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>"
    where = " · ".join(filter(None, (outcome.place, times_in(outcome.at), outcome.tool)))
    yield f'<h1>{title}</h1><p class="soft">{escape(where)}</p>'
    yield f'<p class="lead {"good" if outcome.well else "bad"}">{escape(outcome.headline)}</p>'
    if outcome.error:
        yield f'<div class="card"><pre>{escape(outcome.error)}</pre></div>'
    counts = [(state, outcome.count(state)) for state in STATES if outcome.count(state)]
    items = "".join(f'<li><b class="{_tone(state)}">{count}</b>{state}</li>' for state, count in counts)
    yield f'<ul class="counts">{items}</ul>' if items else ""
    yield from _changes(outcome)
    yield from _warnings(outcome.warnings)
    if outcome.chains:
        yield "<h2>Which image each provider uses</h2>"
        yield from map(chain_card, alike(outcome.chains))
    unchanged = [row.address for row in outcome.rows if row.state == "unchanged"]
    if unchanged:
        yield f"<details><summary>{len(unchanged)} as declared</summary>{_names(unchanged)}</details>"
    yield "</main>\n</body>\n</html>"


def _changes(outcome: Outcome) -> Iterator[str]:
    """What matters in the open; in a drift check, what is only pending or ignored is folded."""
    rows = [row for row in outcome.rows if row.state != "unchanged"]
    aside = {"pending", "ignored"} if outcome.kind == "drift" else set()
    first = [row for row in rows if row.state not in aside]
    if first:
        yield f"<h2>{'What changed, and by whom' if outcome.kind == 'drift' else 'Changes'}</h2>"
        yield from (_card(group) for group in _alike(first))
    for state, words in (("pending", "pending: changes of the spec"), ("ignored", "ignored, as declared")):
        folded = [row for row in rows if row.state == state and state in aside]
        if folded:
            yield f"<details><summary>{len(folded)} {words}</summary>"
            yield from (_card(group) for group in _alike(folded))
            yield "</details>"


def _alike(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows that differ in their address alone, together: what a rule of the spec says of many providers."""
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        fields = tuple((field.name, field.lines, field.by) for field in row.fields)
        room = row.address.partition(".")[0]
        groups.setdefault((room, row.state, row.action, row.reason, fields, row.note), []).append(row)
    return list(groups.values())


def _card(rows: Sequence[Row]) -> str:
    row = rows[0]
    reason = f' <span class="soft">{escape(row.reason)}</span>' if row.reason else ""
    tag = f'<span class="tag {_tone(row.state)}">{row.state}</span>'
    head = f"<h3>{tag}{escape(row.address)}{reason}</h3>{_others(row.address for row in rows[1:])}"
    way = f'<p class="soft way">{_WAYS[row.state]}</p>' if row.fields and row.state in _WAYS else ""
    fields = "".join(
        f"<dt>{escape(field.name)}</dt><dd>{''.join(f'<code>{escape(line)}</code>' for line in field.lines)}"
        f'<span class="soft">{escape(times_in(field.by))}</span></dd>'
        for field in row.fields
    )
    note = f"<p>{escape(row.note)}</p>" if row.note else ""
    return f'<div class="card">{head}{way}{f"<dl>{fields}</dl>" if fields else ""}{note}</div>'


_WAYS = {"drift": "should be → is", "pending": "is → will be", "done": "was → is"}


def _warnings(warnings: Sequence[PlanWarning]) -> Iterator[str]:
    groups: dict[tuple[str, str], list[str]] = {}
    for warning in warnings:
        groups.setdefault((warning.code, warning.message), []).append(warning.address)
    if groups:
        yield "<h2>Warnings</h2>"
    for (code, message), addresses in groups.items():
        head = f'<h3><span class="tag warn">{escape(code)}</span>{escape(addresses[0])}</h3>'
        yield f'<div class="card">{head}{_others(addresses[1:])}<p>{escape(message)}</p></div>'


def _others(addresses: Iterable[str]) -> str:
    others = list(addresses)
    return f"<details><summary>and {len(others)} more</summary>{_names(others)}</details>" if others else ""


def _names(addresses: Iterable[str]) -> str:
    return f'<ul class="names">{"".join(f"<li><code>{escape(each)}</code></li>" for each in addresses)}</ul>'


def _tone(state: str) -> str:
    if state in BAD:
        return "bad"
    return {"pending": "warn", "done": "good", "satisfied": "good"}.get(state, "soft")
