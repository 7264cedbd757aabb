"""Migrations that run: what would disturb them is refused, or waits for their end."""

from __future__ import annotations

import time
from collections.abc import Callable

from vddkctl.apply.precondition import Checked
from vddkctl.errors import PlanError
from vddkctl.plan.migrations import disturbed
from vddkctl.plan.model import Plan
from vddkctl.progress import Progress
from vddkctl.visible import some

_STEP = 1
_LOOK = 5
"""Seconds between two looks at the cluster."""


def let_pass(plan: Plan, checked: Checked, check_again: Callable[[], Checked], progress: Progress) -> Checked:
    """The plan, checked at a moment at which it disturbs no migration.

    Raises PlanError where the policy is to refuse, and whatever checking again raises.
    """
    if plan.active_migrations == "ignore":
        return checked
    names = _names(plan, checked)
    if names and plan.active_migrations == "refuse":
        raise refused_by_migrations(f"would disturb what runs: {some(names)}")
    if not names:
        return checked
    with progress.task(f"wait for {some(names)}", None, "seconds") as task:
        while names:
            for _ in range(_LOOK):
                time.sleep(_STEP)
                task.advance(_STEP)
            checked = check_again()
            names = _names(plan, checked)
    return checked


def refused_by_migrations(what: str) -> PlanError:
    """The error for a plan that would disturb migrations."""
    return PlanError(
        f"nothing was written, since migrations are running: the plan {what}",
        hint="run again when they have ended, or say so: policy.activeMigrations: wait (or ignore)",
    )


def _names(plan: Plan, checked: Checked) -> list[str]:
    coming = [change for change in plan.changes if change.address not in checked.satisfied]
    found = disturbed(coming, checked.migrations)
    return sorted({name for names in found.values() for name in names})
