"""What has to be agreed on before the first write: with other field managers, and with the place itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from vddkctl.apply.migrations import refused_by_migrations
from vddkctl.apply.precondition import Checked
from vddkctl.apply.writes import MOST_REHEARSED, object_change, refusals
from vddkctl.cluster.base import Cluster
from vddkctl.errors import ClusterDeniedError, ConflictError, PlanError, VddkctlError
from vddkctl.places import Places
from vddkctl.plan.migrations import RUNNING
from vddkctl.plan.model import Change, FieldChange, Plan
from vddkctl.prepare.secret_values import values_of

_TOLD = 20
"""Conflicts that an error tells one by one; the plan shows all."""


def refuse_conflicts(plan: Plan, satisfied: Collection[str]) -> None:
    """Raise ConflictError when a field that changes is another manager's, and is not to be taken."""
    found = [change for change in plan.changes if change.conflicts and change.address not in satisfied]
    if found:
        each = [f"  {line}" for change in found for line in _lines(change)]
        more = [f"  and {len(each) - _TOLD} more: vddkctl plan"] if len(each) > _TOLD else []
        lines = "\n".join((*each[:_TOLD], *more))
        raise ConflictError(
            f"nothing was written, since fields are owned by others:\n{lines}",
            hint="take them with --take ADDRESS, or always with policy.conflicts: take",
        )


def _lines(change: Change) -> list[str]:
    return [
        f"{change.address}: {field.path} is {field.owner}'s{f' since {field.since}' if field.since else ''}"
        f"{_values(field)}"
        for field in change.conflicts
    ]


def _values(field: FieldChange) -> str:
    if field.sensitive:
        return ""
    after = "not set" if field.after is None else repr(field.after)
    return f": {field.before!r}, and would be {after}"


def refuse_unwritable(plan: Plan, cluster: Cluster, checked: Checked, places: Places) -> None:
    """Raise PlanError when the place would refuse a change, found out by trying each without writing anything.

    Not of more changes than :data:`MOST_REHEARSED`. A place that is tried for free has been tried already.
    """
    settings = [change for change in plan.changes if not change.image]
    if not settings or cluster.tries_for_free or len(settings) > MOST_REHEARSED:
        return
    refused = refusals(plan, cluster, checked.objects, places)
    if refused:
        raise PlanError(_would_refuse(refused))


def agreeable(plan: Plan, cluster: Cluster) -> None:
    """Whether it makes sense to ask for consent to the plan at all.

    Raises ClusterDeniedError, ConflictError, or PlanError where a migration runs that the plan would disturb.
    """
    refuse_without_rights(plan, cluster)
    refuse_conflicts(plan, ())
    refuse_disturbing(plan)


def refuse_disturbing(plan: Plan) -> None:
    """Raise PlanError when migrations ran while the plan was made, and the policy is to refuse that."""
    running = sorted({warning.message for warning in plan.warnings if warning.code == RUNNING})
    if running and plan.active_migrations == "refuse":
        raise refused_by_migrations("; ".join(running))


def refuse_without_values(plan: Plan, satisfied: Collection[str], places: Places) -> None:
    """Raise PlanError when a value of a Secret that is to be written cannot be read here."""
    missing = []
    for change in plan.changes:
        if change.secret is None or change.address in satisfied:
            continue
        try:
            values_of(change.secret, places)
        except VddkctlError as error:
            missing.append(f"{change.address}: {error}")
    if missing:
        raise PlanError("nothing was written, since values of Secrets are missing: " + "; ".join(missing))


def prove(plan: Plan, cluster: Cluster, places: Places) -> None:
    """Try out every change of the settings. Raises as the others do."""
    refuse_without_rights(plan, cluster)
    refuse_conflicts(plan, ())
    refuse_disturbing(plan)
    refuse_without_values(plan, (), places)
    refused = (
        refusals(plan, cluster, None, places) if any(not change.image for change in plan.changes) else {}
    )
    if refused:
        raise PlanError(_would_refuse(refused))


def _would_refuse(refused: Mapping[str, Exception]) -> str:
    lines = "\n".join(f"  {error}" for error in refused.values())
    return f"nothing was written, since changes would be refused:\n{lines}"


def refuse_without_rights(plan: Plan, cluster: Cluster) -> None:
    """Raise ClusterDeniedError naming each right that this user lacks for the plan."""
    settings = [object_change(change, plan) for change in plan.changes if not change.image]
    missing = cluster.missing_rights(settings) if plan.changes else ()
    if missing:
        raise ClusterDeniedError(
            "this user may not do all that the plan needs:\n" + "\n".join(f"  {each}" for each in missing),
            where=cluster.name,
            hint="docs/rbac.md has the rights that vddkctl needs",
        )
