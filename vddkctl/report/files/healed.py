"""What healing made of a drift, in the report of that run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from vddkctl.apply.result import Result, Status, StepResult
from vddkctl.errors import VddkctlError
from vddkctl.plan.drift import Drift
from vddkctl.plan.model import Plan
from vddkctl.report.files.outcome import Outcome, Row
from vddkctl.report.result_text import result_json
from vddkctl.report.words import plural

_WORDS = {Status.DONE: "put back", Status.SATISFIED: "was put back by somebody else"}


class Healed(Struct, frozen=True):
    """``plan`` was carried out, with ``result``; what ``stays`` is by address, with why.

    ``error``: it could not be begun, or came to no end.
    """

    plan: Plan | None = None
    result: Result | None = None
    stays: tuple[tuple[str, str], ...] = ()
    error: VddkctlError | None = None


def with_healing(found: Outcome, drift: Drift, healed: Healed) -> Outcome:
    """The outcome of the drift check, and of what was done about it."""
    steps = {step.address: step for step in (healed.result.steps if healed.result else ())}
    rows = tuple(row for each in found.rows for row in _rows(each, drift, healed, steps))
    done = sum(step.status in _WORDS for step in steps.values())
    total = len({*(change.address for change in drift.changed), *drift.gone, *drift.exposed})
    ended = (
        "Healing failed." if healed.error else f"Healed: {done} of {plural(total, 'address', 'addresses')}."
    )
    return replace(
        found,
        headline=f"{found.headline} {ended}",
        rows=rows,
        data=_data(found.data, healed, done),
        error=_error(healed),
    )


def _rows(row: Row, drift: Drift, healed: Healed, steps: Mapping[str, StepResult]) -> Iterator[Row]:
    """A row, or two: what was put back of an address, and what stays."""
    if row.state not in {"drift", "gone", "public"}:
        yield row
        return
    why = "; ".join(said for address, said in healed.stays if address == row.address)
    rest = replace(row, note="; ".join(filter(None, (row.note, why and f"not healed: {why}"))))
    step = steps.get(row.address)
    if row.state != "drift" or step is None:
        yield rest
        return
    told = _put_back(row, drift, healed)
    note = _WORDS.get(step.status) or step.error or ""
    yield replace(
        row,
        state=step.status.value,
        fields=tuple(field for field, mine in zip(row.fields, told, strict=True) if mine),
        note="; ".join(filter(None, (note, step.warning))),
    )
    if not all(told):
        yield replace(
            rest, fields=tuple(field for field, mine in zip(row.fields, told, strict=True) if not mine)
        )


def _put_back(row: Row, drift: Drift, healed: Healed) -> list[bool]:
    """Of each field of a row, whether healing was about it."""
    changes = healed.plan.changes if healed.plan else ()
    mine = {field.path for change in changes if change.address == row.address for field in change.fields}
    (found,) = (change for change in drift.changed if change.address == row.address)
    return [field.path in mine for field in found.fields]


def _error(healed: Healed) -> str:
    if healed.error:
        return str(healed.error)
    if healed.result and healed.result.interrupted:
        return "interrupted; what was done is recorded"
    if healed.result and healed.result.record_error:
        return f"the changes stand, but were not recorded: {healed.result.record_error}"
    return ""


def _data(found: Mapping[str, Any], healed: Healed, done: int) -> dict[str, Any]:
    """What was found, and ``healing``."""
    result = result_json(healed.result, "") if healed.result else {}
    error = healed.error
    return {
        **found,
        "healing": {
            "results": result.get("results", []),
            "stays": [{"address": address, "why": why} for address, why in healed.stays],
            "interrupted": result.get("interrupted", False),
            "recordError": result.get("recordError"),
            "error": error
            and {"message": error.what, "where": error.where or None, "hint": error.hint or None},
        },
        "summary": {**found["summary"], "healed": done},
    }
