"""The history of a site: its runs, numbered, with what each changed, as far as that is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.json import encode
from msgspec.structs import replace

from vddkctl.errors import PlanError
from vddkctl.plan.model import Change
from vddkctl.plan.record import Changed, Record, Run

MOST = 200_000
"""Bytes of details of all runs together; a ConfigMap takes a million, and the older ones are needed least."""


def details_of(changes: Sequence[Change], done: Mapping[str, str]) -> dict[str, dict[str, Changed]]:
    """What a run changed, by address and path, without what is sensitive; of the addresses that it has ``done``."""
    return {
        change.address: {
            field.path: Changed(field.before, field.after) for field in change.fields if not field.sensitive
        }
        for change in changes
        if done.get(change.address) == "done"
    }


def numbered(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The runs with their numbers, the oldest first. Those of an older vddkctl have none yet."""
    first = next((run.number - place for place, run in enumerate(runs) if run.number), 1)
    return tuple(run if run.number else replace(run, number=first + place) for place, run in enumerate(runs))


def bounded(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The runs, the oldest without their details where all of them would be too much."""
    room, kept = MOST, []
    for run in reversed(runs):
        size = len(encode(run.details)) if run.details else 0
        room -= size
        kept.append(run if room >= 0 else replace(run, details=None))
    return tuple(reversed(kept))


def run_of(record: Record | None, number: int) -> Run:
    """A run by its number. Raises PlanError."""
    runs = numbered(record.runs) if record else ()
    found = next((run for run in runs if run.number == number), None)
    if found is None:
        known = f"there are {runs[0].number} to {runs[-1].number}" if runs else "nothing was applied yet"
        raise PlanError(f"there is no run {number} in the history", hint=known)
    return found


def state_after(record: Record, number: int) -> dict[str, dict[str, Changed]]:
    """What has been changed since a run: each field's value after that run, and its value by now.

    Raises PlanError where the details of a run since then are not kept.
    """
    run_of(record, number)
    since: dict[str, dict[str, Changed]] = {}
    for run in numbered(record.runs):
        if run.number <= number or not run.changes:
            continue
        if run.details is None:
            raise PlanError(
                f"run {run.number} of {run.at} changed {len(run.changes)} addresses, and its details are not kept",
                hint=f"the earliest that can be gone back to is run {run.number}",
            )
        for address, fields in run.details.items():
            for path, changed in fields.items():
                before = since.get(address, {}).get(path, changed).before
                since.setdefault(address, {})[path] = Changed(before, changed.after)
    return since
