"""Changes that a running migration would feel: the controller restarts, or its provider gets another image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from vddkctl.plan import fields
from vddkctl.plan.model import Action, Change, Plan, PlanWarning
from vddkctl.plan.observed import ClusterState, Migration
from vddkctl.plan.order import room
from vddkctl.visible import some

RUNNING = "migration-running"
"""The code of the warning."""
UNSEEN = "migrations-not-seen"
"""The code where a migration of another namespace may be disturbed."""
UNSEEN_TEXT = (
    "whether it would disturb a migration of another namespace cannot be seen: this user may not list "
    "migrations.forklift.konveyor.io in all namespaces"
)


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


def migration_warnings(changes: Sequence[Change], state: ClusterState) -> Iterator[PlanWarning]:
    """One warning for each change that is not to be made now, or of which that cannot be told."""
    for address, names in disturbed(changes, state.migrations).items():
        yield PlanWarning(RUNNING, address, f"would disturb what runs: {some(names)}")
    if "Migration" in state.here_alone:
        for change in filter(can_disturb, changes):
            yield PlanWarning(UNSEEN, change.address, UNSEEN_TEXT)


def must_see(plan: Plan) -> bool:
    """Whether a plan may only disturb what it knows of: the spec itself says what to do about migrations."""
    return plan.migrations_said and plan.active_migrations != "ignore"


def _feels(change: Change, running: Migration) -> bool:
    if room(change.address) == "controller":
        return True
    image = any(field.path == fields.PROVIDER_IMAGE for field in change.fields)
    there = change.action is not Action.CREATE  # nothing moves from a provider that is not there yet
    return there and image and (running.provider is None or running.provider.address == change.address)
