"""What has to be agreed on before the first write: with other field managers, and with the place itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec.structs import replace

from vddkctl.apply.migrations import refused_by_migrations, refused_unseen
from vddkctl.apply.precondition import Checked
from vddkctl.apply.writes import MOST_REHEARSED, object_change, refusals
from vddkctl.cluster.base import Cluster
from vddkctl.errors import ClusterDeniedError, ConflictError, PlanError
from vddkctl.places import Places
from vddkctl.plan import fields
from vddkctl.plan.exposed import come_to_name
from vddkctl.plan.image_warnings import NOT_PULLABLE
from vddkctl.plan.migrations import RUNNING, UNSEEN, must_see
from vddkctl.plan.model import Change, FieldChange, Plan
from vddkctl.plan.secrets import OTHER_TYPE
from vddkctl.prepare.secret_values import missing_values

_BREAK = "\n  "
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
    before, after = field.before, field.after
    if field.path == fields.LOGIN:
        before, after = fields.meaning(field.path, before), fields.meaning(field.path, after)
    return f": {before!r}, and would be {'not set' if after is None else repr(after)}"


def refuse_unwritable(plan: Plan, cluster: Cluster, checked: Checked, places: Places) -> None:
    """Raise PlanError when the place would refuse a change, found out by trying each without writing anything.

    Not of more changes than :data:`MOST_REHEARSED`. A place that is tried for free has been tried already.
    """
    coming = tuple(change for change in plan.changes if change.address not in checked.satisfied)
    settings = [change for change in coming if not change.image]
    if not settings or cluster.tries_for_free or len(settings) > MOST_REHEARSED:
        return
    refused = refusals(replace(plan, changes=coming), cluster, checked.objects, places)
    if refused:
        raise PlanError(_would_refuse(refused))


def agreeable(plan: Plan, cluster: Cluster, places: Places) -> None:
    """Whether it makes sense to ask for consent to the plan at all.

    Raises ClusterDeniedError, ConflictError, or PlanError where a migration runs that the plan would disturb, or where
    a value of a Secret is missing, or a cluster could not pull what it is told to.
    """
    refuse_unpullable(plan)
    refuse_other_types(plan, ())
    refuse_without_rights(plan, cluster)
    refuse_conflicts(plan, ())
    refuse_disturbing(plan)
    refuse_without_values(plan, (), places)


def refuse_disturbing(plan: Plan) -> None:
    """Raise PlanError when migrations ran while the plan was made, and the policy is to refuse that.

    Where the spec itself says a policy, also when that cannot be told.
    """
    running = sorted({warning.message for warning in plan.warnings if warning.code == RUNNING})
    if running and plan.active_migrations == "refuse":
        raise refused_by_migrations("; ".join(running))
    if must_see(plan) and any(warning.code == UNSEEN for warning in plan.warnings):
        raise refused_unseen()


def refuse_unpullable(plan: Plan) -> None:
    """Raise PlanError when settings of a live cluster would come to name an image that is in a folder here."""
    if plan.location.manifests is not None:
        return
    named = come_to_name(plan)
    found = [each for each in plan.warnings if each.code == NOT_PULLABLE and each.address in named]
    if found:
        where = "; ".join(f"{each.address}: {plan.images[each.address].reference}" for each in found)
        raise PlanError(
            f"nothing was written, since no cluster can pull an image from a folder: {where}",
            hint="carry it to a registry (vddkctl image copy), and name that as clusterRepository",
        )


def refuse_other_types(plan: Plan, satisfied: Collection[str]) -> None:
    """Raise PlanError when a Secret that is to be written is there, of another type."""
    coming = {change.address for change in plan.changes} - set(satisfied)
    found = [each for each in plan.warnings if each.code == OTHER_TYPE and each.address in coming]
    if found:
        lines = "\n".join(f"  {each.address} {each.message}" for each in found)
        raise PlanError(f"nothing was written, since Secrets are of another type:\n{lines}")


def refuse_without_values(plan: Plan, satisfied: Collection[str], places: Places) -> None:
    """Raise PlanError when a value of a Secret that is to be written cannot be read here; it tells all of them."""
    missing = {
        f"  {change.address}: {'; '.join(str(error).split(_BREAK))}": None
        for change in plan.changes
        if change.secret is not None and change.address not in satisfied
        for error in missing_values(change.secret, places)
    }
    if missing:
        raise PlanError("nothing was written, since values of Secrets are missing:\n" + "\n".join(missing))


def prove(plan: Plan, cluster: Cluster, places: Places) -> None:
    """Try out every change of the settings. Raises as the others do."""
    agreeable(plan, cluster, places)
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
