"""Drift for people: what should be, what is, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vddkctl.plan.drift import Drift, Ignore
from vddkctl.plan.fields import is_entry
from vddkctl.plan.model import FORMAT_VERSION, Change, FieldChange, Origin
from vddkctl.report.change_text import field_name, found_text
from vddkctl.report.style import PLAIN, Style
from vddkctl.report.words import json_text, object_text, plural, reference, short
from vddkctl.visible import shown

_MOST_PENDING = 10


def drift_text(drift: Drift, tags: Mapping[str, str], style: Style = PLAIN) -> str:
    """The whole report, with a final line break."""
    return "\n".join(_lines(drift, tags, style)) + "\n"


def drift_json(drift: Drift, plan: Mapping[str, Any], at: str) -> dict[str, Any]:
    """The report as data. ``plan`` is the one of the same look, as it is written; ``at`` (RFC 3339) when that was."""
    changes = {change["address"]: change for change in plan["changes"]}
    return {
        "formatVersion": FORMAT_VERSION,
        "tool": plan["tool"],
        "site": drift.site,
        "at": at,
        "location": {key: plan["location"][key] for key in ("manifests", "context", "namespace")},
        "drift": [_part(change, changes) for change in drift.changed],
        "pending": [_part(change, changes) for change in drift.pending],
        "gone": list(drift.gone),
        "exposed": [
            {"address": address, "kind": each.kind, "repository": each.repository, "message": each.message}
            for address, each in drift.exposed.items()
        ],
        "ignored": [{"address": each.address, "path": each.path, "why": each.why} for each in drift.ignored],
        "expiredIgnores": [_ignore(each) for each in drift.expired],
        "unusedIgnores": [_ignore(each) for each in drift.idle],
        "summary": {
            "drift": len(drift.changed),
            "pending": len(drift.pending),
            "gone": len(drift.gone),
            "exposed": len(drift.exposed),
            "ignored": len(drift.ignored),
            "expiredIgnores": len(drift.expired),
        },
    }


def _ignore(ignore: Ignore) -> dict[str, Any]:
    return {
        "address": ignore.address,
        "fields": list(ignore.fields),
        "reason": ignore.reason,
        "until": ignore.until,
        "where": ignore.where,
    }


def drift_summary(drift: Drift) -> str:
    """``Drift: 1 field of 1 address changed by someone else.``."""
    if not drift.found:
        return "No drift."
    parts = []
    if drift.changed:
        objects = plural(len(drift.changed), "address", "addresses")
        parts.append(f"{plural(drift.fields, 'field')} of {objects} changed by someone else")
    if drift.gone:
        parts.append(f"{plural(len(drift.gone), 'object')} gone")
    if drift.exposed:
        parts.append(f"{plural(len(drift.exposed), 'image')} public")
    if drift.expired:
        parts.append(f"{plural(len(drift.expired), 'ignore')} expired")
    return f"Drift: {', '.join(parts)}."


def _part(change: Change, changes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    whole, paths = changes[change.address], {field.path for field in change.fields}
    return {**whole, "fields": [field for field in whole["fields"] if field["path"] in paths]}


def _lines(drift: Drift, tags: Mapping[str, str], style: Style) -> Iterator[str]:
    for change in drift.changed:
        yield f"  {style.paint('red', '≠')} {style.paint('bold', shown(change.address))}"
        for field in change.fields:
            yield from _field(field, change, tags)
    for address in drift.gone:
        yield f"  {style.paint('red', '≠')} {style.paint('bold', shown(address))}"
        yield "      is gone: it was there at the last apply"
    for address, exposure in drift.exposed.items():
        yield f"  {style.paint('red', '!')} {style.paint('bold', shown(address))}"
        yield f"      {shown(exposure.message)}"
        yield f"      VDDK's licence forbids that: {shown(exposure.advice)}"
    for ignore in drift.expired:
        yield f"  {style.paint('red', '!')} {style.paint('bold', shown(ignore.where))}"
        yield f"      the ignore of {shown(ignore.address)} ended on {ignore.until}: {shown(ignore.reason)}"
        yield "      renew its day, or take it out"
    if drift.found:
        yield ""
    yield style.paint("bold", drift_summary(drift))
    for each in drift.ignored:
        what = f"{each.address} {field_name(each.path)}" if each.path else f"{each.address}, gone"
        yield style.paint("dim", f"Ignored: {shown(what)}: {shown(each.why)}")
    yield from (style.paint("dim", line) for line in _pending(drift))
    if drift.pending:
        names = plural(len(drift.pending), "address has", "addresses have")
        yield f"{names} pending changes of the spec: see vddkctl plan."


def _pending(drift: Drift) -> Iterator[str]:
    """The fields that are not drift but what the spec asks for anew."""
    lines = [
        f"Pending: {shown(change.address)} {', '.join(names)}"
        for change in drift.pending
        if (names := [_name(field, change) for field in change.fields if field.origin is Origin.SPEC])
    ]
    yield from lines[:_MOST_PENDING]
    if len(lines) > _MOST_PENDING:
        yield f"Pending: {len(lines) - _MOST_PENDING} more"


def _name(field: FieldChange, change: Change) -> str:
    return "tag" if change.address.startswith("image.") else field_name(field.path)


def _field(field: FieldChange, change: Change, tags: Mapping[str, str]) -> Iterator[str]:
    name = _name(field, change)
    by = " ".join(filter(None, (field.owner and f"by {field.owner}", field.since and f"on {field.since}")))
    at = f"at {field.where}" if field.where else ""
    kind = "drift and pending" if field.origin is Origin.BOTH else ""
    note = "".join(f"   {text}" for text in (kind, " ".join(filter(None, (by, at)))) if text)
    yield f"      {name}{shown(note)}"
    found = found_text(change.found) if change.found else ""
    says = f"   {shown(found)}" if found else ""
    if field.sensitive:
        yield "        is not what it should be (sensitive: neither is shown)"
        return
    if is_entry(field.path):
        yield "        is gone: it was there at the last apply"
        return
    if field.before == field.after:
        yield "        is incomplete: a part of what it names is missing"
        return
    if field.origin is Origin.BOTH:
        yield f"        applied    {_shown(field.applied, tags)} (what was last applied)"
    both = " (the spec now asks for this)" if field.origin is Origin.BOTH else ""
    yield f"        should be  {_shown(field.after, tags)}{both}"
    yield f"        is         {_shown(field.before, tags)}{says}"


def _shown(value: object, tags: Mapping[str, str]) -> str:
    if value is None:
        return "(not set)"
    if isinstance(value, Mapping):
        return shown(object_text(value))
    if not isinstance(value, str):
        return f"{shown(json_text(value))} (not a text)"
    lines = shown(reference(value, tags) if "@" in value else short(value), lines=True)
    return lines.rstrip("\n").replace("\n", "\n                   ") or '""'
