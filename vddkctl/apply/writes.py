"""What the changes of a plan are to the place where settings live."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from vddkctl.cluster.base import Cluster, FieldEdit, ObjectChange
from vddkctl.plan.model import Change, Plan, PlanWarning
from vddkctl.plan.observed import ObjectKey

MOST_REHEARSED = 50
"""Changes that are tried out unasked; more would make a plan slow."""


def object_key(change: Change) -> ObjectKey:
    """The object of a change of settings."""
    name, _, rest = change.address.partition(".")
    namespace, _, object_name = rest.partition("/")
    return ObjectKey("ForkliftController" if name == "controller" else "Provider", namespace, object_name)


def object_change(change: Change) -> ObjectChange:
    """The edits of a change of settings, and the version they are valid for."""
    edits = tuple(FieldEdit(tuple(field.path.split(".")), field.after) for field in change.fields)
    return ObjectChange(object_key(change), edits, change.precondition.resource_version or "")


def rehearsed(plan: Plan, cluster: Cluster) -> Plan:
    """The plan, with a warning for each change that the cluster would refuse, as far as it can tell beforehand."""
    settings: Sequence[Change] = [change for change in plan.changes if not change.image]
    if not settings or len(settings) > MOST_REHEARSED:
        return plan
    refused = {
        outcome.key.address: outcome.error
        for outcome in cluster.rehearse([object_change(change) for change in settings])
        if outcome.error
    }
    warnings = (
        PlanWarning(
            "cannot-be-written", change.address, "; ".join(str(refused[change.address]).split("\n  "))
        )
        for change in settings
        if change.address in refused
    )
    return replace(plan, warnings=(*plan.warnings, *warnings))
