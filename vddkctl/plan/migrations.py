"""Changes that a running migration would feel: the controller restarts, or its provider gets another image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vddkctl.plan import fields
from vddkctl.plan.model import Action, Change, PlanWarning
from vddkctl.plan.observed import Migration
from vddkctl.plan.order import room
from vddkctl.visible import some

RUNNING = "migration-running"
"""The code of the warning."""


def disturbed(changes: Iterable[Change], running: Iterable[Migration]) -> dict[str, tuple[str, ...]]:
    """The running migrations that each change would disturb, as ``namespace/name``, by address."""
    found = {}
    for change in changes:
        names = tuple(f"{each.namespace}/{each.name}" for each in running if _feels(change, each))
        if names:
            found[change.address] = names
    return found


def can_disturb(change: Change) -> bool:
    """Whether there could be a migration that feels this change."""
    return _feels(change, Migration("", ""))


def migration_warnings(changes: Iterable[Change], running: Iterable[Migration]) -> Iterator[PlanWarning]:
    """One warning for each change that is not to be made now."""
    for address, names in disturbed(changes, running).items():
        yield PlanWarning(RUNNING, address, f"would disturb what runs: {some(names)}")


def _feels(change: Change, running: Migration) -> bool:
    if room(change.address) == "controller":
        return True
    image = any(field.path == fields.PROVIDER_IMAGE for field in change.fields)
    there = change.action is not Action.CREATE  # nothing moves from a provider that is not there yet
    return there and image and (running.provider is None or running.provider.address == change.address)
