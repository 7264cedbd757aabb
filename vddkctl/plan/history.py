"""The history of a site: its runs, numbered, with what each changed, as far as that is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.json import encode
from msgspec.structs import replace

from vddkctl.errors import PlanError
from vddkctl.plan.images import DIGEST, REFERENCE
from vddkctl.plan.model import Change
from vddkctl.plan.record import Changed, Earlier, Record, Run

MOST = 200_000
"""Bytes of details of all runs together; a ConfigMap takes a million, and the older ones are needed least."""

Applied = Mapping[str, Mapping[str, Any]]


def details_of(changes: Sequence[Change]) -> dict[str, dict[str, Changed]]:
    """What a run is to change, by address and path, without what is sensitive; of an image with the tag in full."""
    return {change.address: dict(_details(change)) for change in changes}


def _details(change: Change) -> list[tuple[str, Changed]]:
    found = [
        (field.path, Changed(field.before, field.after, field.owner if field.conflict else None))
        for field in change.fields
        if not field.sensitive
    ]
    if change.image:
        found.append((REFERENCE, Changed(change.image.reference, change.image.reference)))
    return found


def earlier_of(before: Applied, after: Applied) -> Earlier:
    """What a record said, of all that it says otherwise now."""
    told: dict[str, Mapping[str, tuple[Any, ...]] | None] = {}
    for address in sorted({*before, *after}):
        old, new = before.get(address), after.get(address, {})
        if old is None:
            told[address] = None
        elif old != new or address not in after:
            told[address] = {
                path: (old[path],) if path in old else ()
                for path in sorted({*old, *new})
                if path not in old or path not in new or old[path] != new[path]
            }
    return told


def numbered(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The runs with their numbers, the oldest first. Those of an older vddkctl have none yet."""
    first = next((run.number - place for place, run in enumerate(runs) if run.number), 1)
    return tuple(run if run.number else replace(run, number=first + place) for place, run in enumerate(runs))


def bounded(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The runs, the oldest without their details where all of them would be too much."""
    room, kept = MOST, []
    for run in reversed(runs):
        size = len(encode((run.details, run.earlier, run.actions))) if run.details or run.earlier else 0
        room -= size
        kept.append(run if room >= 0 else replace(run, details=None, earlier=None, actions={}))
    return tuple(reversed(kept))


def shorter(record: Record) -> Record | None:
    """The record with less of its history: without the older half of the runs, at last without what the last one did.

    None where there is nothing left to leave out. The last run stays, since the next one's number is told by it.
    """
    runs = numbered(record.runs)
    if len(runs) > 1:
        return replace(record, runs=runs[len(runs) // 2 :])
    for run in runs:
        if run.details or run.earlier or run.actions:
            return replace(record, runs=(replace(run, details=None, earlier=None, actions={}),))
        if run.changes:
            return replace(record, runs=(replace(run, changes={}),))
    return None


def run_of(record: Record | None, number: int) -> Run:
    """A run by its number. Raises PlanError."""
    runs = numbered(record.runs) if record else ()
    found = next((run for run in runs if run.number == number), None)
    if found is None:
        raise PlanError(f"there is no run {number} in the history", hint=_known(runs))
    return found


def _known(runs: Sequence[Run]) -> str:
    if not runs:
        return "nothing was applied yet"
    first, last = runs[0].number, runs[-1].number
    return f"there is only run {first}" if first == last else f"there are {first} to {last}"


class Since(Struct, frozen=True):
    """What runs have made of one field: its value before them, and all that they gave it, the last one last.

    A run that was killed may have given it its value, or not.
    """

    before: Any
    given: tuple[Any, ...]
    run: int
    """The first that changed it."""


class Past(Struct, frozen=True):
    """The state after a run, and what was done since.

    ``managed`` is what the record knew then; ``since`` are fields of settings that runs have written since, by address
    and path, ``tags`` the digests that they have put under a tag, by address and tag. ``made`` are addresses that a run
    since has created, with the run.
    """

    run: Run
    managed: dict[str, dict[str, Any]]
    since: dict[str, dict[str, Since]]
    tags: dict[tuple[str, str], Since]
    made: dict[str, int]


def past(record: Record, number: int) -> Past:
    """What there was after a run. Raises PlanError where the details of a run since then are not kept."""
    found = Past(
        run_of(record, number), {a: dict(fields) for a, fields in record.applied.items()}, {}, {}, {}
    )
    later = [run for run in numbered(record.runs) if run.number > number]
    for run in reversed(later):
        if run.earlier is None or run.details is None:
            raise PlanError(
                f"run {run.number} of {run.at} changed {len(run.changes)} addresses, and its details are not kept",
                hint=f"the earliest that can be gone back to is run {run.number}",
            )
        _undo(found.managed, run.earlier)
    for run in later:
        _add(found, run)
    return found


def _undo(managed: dict[str, dict[str, Any]], earlier: Earlier) -> None:
    for address, fields in earlier.items():
        if fields is None:
            managed.pop(address, None)
            continue
        known = managed.setdefault(address, {})
        for path, value in fields.items():
            if value:
                known[path] = value[0]
            else:
                known.pop(path, None)


def _add(found: Past, run: Run) -> None:
    for address, fields in (run.details or {}).items():
        if run.actions.get(address, "").startswith("create") and address not in found.managed:
            found.made.setdefault(address, run.number)
        if REFERENCE in fields:
            key = (address, str(fields[REFERENCE].after))
            found.tags[key] = _joined(found.tags.get(key), fields.get(DIGEST, Changed()), run.number)
            continue
        known = found.since.setdefault(address, {})
        for path, changed in fields.items():
            known[path] = _joined(known.get(path), changed, run.number)


def _joined(known: Since | None, changed: Changed, number: int) -> Since:
    first = known or Since(changed.before, (), number)
    return Since(first.before, (*first.given, changed.after), first.run)
