"""What the changes of a plan are to the place where settings live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from vddkctl.cluster.base import Cluster, FieldEdit, ObjectChange
from vddkctl.errors import VddkctlError
from vddkctl.observe.secrets import as_stored
from vddkctl.places import Places
from vddkctl.plan import fields
from vddkctl.plan.model import Action, Change, Plan, PlanWarning
from vddkctl.plan.observed import PREFIXES, LiveObject, ObjectKey
from vddkctl.plan.secret_work import SecretWork
from vddkctl.plan.secrets import MISSING, OTHER_TYPE
from vddkctl.prepare.secret_values import values_of

MOST_REHEARSED = 50
"""Changes that are tried out unasked; more would make a plan slow."""


def key_of(address: str) -> ObjectKey:
    """The object of an address of settings."""
    name, _, rest = address.partition(".")
    namespace, _, object_name = rest.partition("/")
    kind = next(kind for kind, prefix in PREFIXES.items() if prefix == name)
    return ObjectKey(kind, namespace, object_name)


def object_change(
    change: Change, plan: Plan, live: LiveObject | None = None, values: Mapping[str, bytes] | None = None
) -> ObjectChange:
    """The edits of a change of settings, and the version they are valid for.

    ``live`` is the object as it is now; ``values`` are those of a Secret.
    """
    if change.secret is not None:
        return _secret_change(change, change.secret, values or {})
    edits = tuple(FieldEdit(_parts(field.path), field.after) for field in change.fields)
    changing = {field.path for field in change.fields}
    managed = plan.managed.get(change.address, {})
    return ObjectChange(
        key_of(change.address),
        edits,
        change.precondition.resource_version or "",
        before=tuple(field.before for field in change.fields),
        declared=tuple(
            _parts(path)
            for path, value in managed.items()
            if value is not None
            and path not in changing
            and path != fields.LOGIN  # of one that was adopted it is not ours, else it stays so
            and _stands(path, value, live)
        ),
        take=change.take,
        live=live,
        creates=change.action is Action.CREATE,
    )


def _stands(path: str, value: object, live: LiveObject | None) -> bool:
    """Whether a field is as it was applied: what somebody else has made of it does not become ours by the way."""
    return live is None or fields.meaning(path, fields.raw_value(live.spec, path)) == value


def _parts(path: str) -> tuple[str, ...]:
    """A path that leads through an entry of a list stays whole: names of entries may hold dots."""
    return (path,) if "[" in path else tuple(path.split("."))


def secret_values(change: Change, places: Places, cluster: Cluster) -> dict[str, bytes] | None:
    """The values of a Secret that is written, not to be kept or shown; None for anything else.

    Raises VddkctlError for one that cannot be read, ClusterError where the Secret cannot be looked at.
    """
    if change.secret is None:
        return None
    values = values_of(change.secret, places)
    there = None if change.action is Action.CREATE else cluster.read_secret(key_of(change.address))
    return as_stored(change.secret, values, there) if there else values


def _secret_change(change: Change, work: SecretWork, values: Mapping[str, bytes]) -> ObjectChange:
    """All of a Secret: whoever applies a part of it gives up the rest."""
    from base64 import b64encode

    edits = [FieldEdit(("type",), work.type)]
    edits += [FieldEdit(("metadata", "labels", key), value) for key, value in work.labels.items()]
    edits += [FieldEdit(("data", key), b64encode(value).decode()) for key, value in values.items()]
    return ObjectChange(
        key_of(change.address),
        tuple(edits),
        change.precondition.resource_version or "",
        take=change.take,
        creates=change.action is Action.CREATE,
    )


def rehearsed(plan: Plan, cluster: Cluster, places: Places, *, whole: bool = False) -> Plan:
    """The plan, with a warning for each change that the cluster would refuse, as far as it can tell beforehand."""
    settings: Sequence[Change] = [change for change in plan.changes if not change.image]
    if not settings or (len(settings) > MOST_REHEARSED and not whole):
        return plan
    refused = refusals(plan, cluster, None, places)
    for warning in plan.warnings:
        if warning.code in (MISSING, OTHER_TYPE):  # it is told already
            refused.pop(warning.address, None)
    warnings = (
        PlanWarning(
            "cannot-be-written", change.address, "; ".join(str(refused[change.address]).split("\n  "))
        )
        for change in settings
        if change.address in refused
    )
    return replace(plan, warnings=(*plan.warnings, *warnings))


def refusals(
    plan: Plan,
    cluster: Cluster,
    objects: Mapping[str, LiveObject] | None = None,
    places: Places | None = None,
) -> dict[str, Exception]:
    """What the cluster would refuse of the settings, by address: each change is tried out, and nothing is written.

    A provider whose Secret is not there yet cannot be tried: Forklift's webhook would look for it.
    """
    there = objects or {}
    made = {change.address for change in plan.changes if change.secret and change.action is Action.CREATE}
    refused: dict[str, Exception] = {}
    tried: list[ObjectChange] = []
    for change in plan.changes:
        if change.image or made & set(change.depends_on):
            continue
        try:
            values = secret_values(change, places, cluster) if places else None
        except VddkctlError as error:
            refused[change.address] = error
        else:
            tried.append(object_change(change, plan, there.get(change.address), values))
    refused |= {outcome.key.address: outcome.error for outcome in cluster.rehearse(tried) if outcome.error}
    return refused
