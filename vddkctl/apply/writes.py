"""What the changes of a plan are to the place where settings live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from vddkctl.cluster.base import Cluster, FieldEdit, ObjectChange
from vddkctl.plan.model import Change, Plan, PlanWarning
from vddkctl.plan.observed import PREFIXES, LiveObject, ObjectKey

MOST_REHEARSED = 50
"""Changes that are tried out unasked; more would make a plan slow."""


def object_key(change: Change) -> ObjectKey:
    """The object of a change of settings."""
    name, _, rest = change.address.partition(".")
    namespace, _, object_name = rest.partition("/")
    kind = next(kind for kind, prefix in PREFIXES.items() if prefix == name)
    return ObjectKey(kind, namespace, object_name)


def object_change(change: Change, plan: Plan, live: LiveObject | None = None) -> ObjectChange:
    """The edits of a change of settings, and the version they are valid for; ``live`` is the object as it is now."""
    edits = tuple(FieldEdit(tuple(field.path.split(".")), field.after) for field in change.fields)
    changing = {field.path for field in change.fields}
    managed = plan.managed.get(change.address, {})
    return ObjectChange(
        object_key(change),
        edits,
        change.precondition.resource_version or "",
        before=tuple(field.before for field in change.fields),
        declared=tuple(
            tuple(path.split("."))
            for path, value in managed.items()
            if value is not None and path not in changing
        ),
        take=change.take,
        live=live,
    )


def rehearsed(plan: Plan, cluster: Cluster, *, whole: bool = False) -> Plan:
    """The plan, with a warning for each change that the cluster would refuse, as far as it can tell beforehand."""
    settings: Sequence[Change] = [change for change in plan.changes if not change.image]
    if not settings or (len(settings) > MOST_REHEARSED and not whole):
        return plan
    refused = refusals(plan, cluster)
    warnings = (
        PlanWarning(
            "cannot-be-written", change.address, "; ".join(str(refused[change.address]).split("\n  "))
        )
        for change in settings
        if change.address in refused
    )
    return replace(plan, warnings=(*plan.warnings, *warnings))


def refusals(
    plan: Plan, cluster: Cluster, objects: Mapping[str, LiveObject] | None = None
) -> dict[str, Exception]:
    """What the cluster would refuse of the settings, by address: each change is tried out, and nothing is written."""
    settings = [change for change in plan.changes if not change.image]
    tried = cluster.rehearse([object_change(c, plan, (objects or {}).get(c.address)) for c in settings])
    return {outcome.key.address: outcome.error for outcome in tried if outcome.error}
