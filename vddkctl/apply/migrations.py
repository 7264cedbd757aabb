"""Migrations that run: what would disturb them is refused, or waits for their end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from vddkctl.apply.precondition import Checked
from vddkctl.cluster.base import Cluster
from vddkctl.errors import ClusterError, PlanError
from vddkctl.plan.migrations import UNSEEN_TEXT, can_disturb, disturbed, must_see
from vddkctl.plan.model import Change, Plan
from vddkctl.progress import Progress, Task
from vddkctl.visible import some

_STEP = 1
_LOOK = 5
"""Seconds between two looks at the cluster."""


def let_pass(plan: Plan, checked: Checked, check_again: Callable[[], Checked], progress: Progress) -> Checked:
    """The plan, checked at a moment at which it disturbs no migration.

    Raises PlanError where the policy is to refuse, or that cannot be told, and whatever checking again raises.
    """
    if plan.active_migrations == "ignore":
        return checked
    if must_see(plan) and not checked.all_migrations and any(map(can_disturb, _coming(plan, checked))):
        raise refused_unseen()
    names = _names(plan, checked)
    if names and plan.active_migrations == "refuse":
        raise refused_by_migrations(f"would disturb what runs: {some(names)}")
    if not names:
        return checked
    with progress.task(f"wait for {some(names)}", None, "seconds") as task:
        while names:
            _rest(task)
            checked = check_again()
            names = _names(plan, checked)
    return checked


def refused_by_migrations(what: str) -> PlanError:
    """The error for a plan that would disturb migrations."""
    return PlanError(
        f"nothing was written, since migrations are running: the plan {what}",
        hint="run again when they have ended, or say so: policy.activeMigrations: wait (or ignore)",
    )


def refused_unseen() -> PlanError:
    """The error for a plan of which it cannot be told whether it would disturb migrations."""
    return PlanError(
        f"nothing was written, since the spec says policy.activeMigrations, and of the plan {UNSEEN_TEXT}",
        hint="docs/rbac.md has the right; without that policy, or with ignore, what is not seen is disturbed",
    )


def disturbing_now(
    changes: Sequence[Change], policy: str, cluster: Cluster, progress: Progress
) -> dict[str, str]:
    """Why some changes are not to be made now, by address: looked at right before they are written.

    Pushing images takes its time, and a migration may have begun since the plan was checked. Where the policy is to
    wait, it waits, and nothing is left.
    """
    coming = [change for change in changes if can_disturb(change)]
    if policy == "ignore" or not coming:
        return {}
    try:
        found = disturbed(coming, cluster.activity().migrations)
        if found and policy == "wait":
            with progress.task(f"wait for {some(_sorted(found))}", None, "seconds") as task:
                while found:
                    _rest(task)
                    found = disturbed(coming, cluster.activity().migrations)
    except ClusterError as error:
        return {change.address: f"whether a migration runs cannot be told: {error}" for change in coming}
    return {
        address: f"a migration began meanwhile, and would be disturbed: {some(names)}"
        for address, names in found.items()
    }


def _rest(task: Task) -> None:
    for _ in range(_LOOK):
        time.sleep(_STEP)
        task.advance(_STEP)


def _names(plan: Plan, checked: Checked) -> list[str]:
    return _sorted(disturbed(_coming(plan, checked), checked.migrations))


def _coming(plan: Plan, checked: Checked) -> list[Change]:
    return [change for change in plan.changes if change.address not in checked.satisfied]


def _sorted(found: Mapping[str, Sequence[str]]) -> list[str]:
    return sorted({name for names in found.values() for name in names})
