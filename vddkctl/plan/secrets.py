"""Secrets: written where they are absent or say something else. Their values are nowhere in a plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vddkctl.plan import fields
from vddkctl.plan.creation import OPTIONAL
from vddkctl.plan.model import Action, Change, FieldChange, Origin, PlanWarning, Precondition, Reason
from vddkctl.plan.observed import Observed, ObservedSecret

MISSING = "secret-value-missing"
"""The code of the warning about a Secret that cannot be made on this machine."""
OTHER_TYPE = "secret-type"
"""The code of the warning about a Secret that is there, and of another type."""

_LABEL = "metadata.labels."


def secret_changes(observed: Observed) -> Iterator[Change]:
    """One change for each declared Secret that is not as it should be."""
    for key, secret in sorted(observed.secrets.items()):
        if secret.exists and not secret.differing and not secret.labels:
            continue
        keys = secret.differing if secret.exists else tuple(secret.work.data)
        found = (
            *(_field(name, secret, key.address, observed) for name in keys),
            *(_label(name, secret, key.address, observed) for name in secret.labels),
        )
        yield Change(
            address=key.address,
            action=Action.UPDATE if secret.exists else Action.CREATE,
            reason=Reason.DIFFERS if secret.exists else Reason.ABSENT,
            origin=Origin.DRIFT if any(field.origin is Origin.DRIFT for field in found) else Origin.SPEC,
            fields=found,
            precondition=Precondition(resource_version=secret.resource_version or None),
            secret=secret.work,
        )


def _typed(secret: ObservedSecret) -> str:
    work = secret.work
    return (
        f"is of type {secret.other_type} and must be {work.type}, which no cluster lets be changed: where nobody needs "
        f"it, kubectl -n {work.namespace} delete secret {work.name}, and apply makes it anew"
    )


def _field(name: str, secret: ObservedSecret, address: str, observed: Observed) -> FieldChange:
    """A key of a Secret that was applied is somebody's change where another manager has set it, or it is not there.

    The record does not tell which keys there were: one that need not be there can be a new wish.
    """
    owner = secret.owners.get(name)
    ours = _applied(address, observed)
    removed = name in secret.lacking and name not in OPTIONAL
    return FieldChange(
        f"data.{name}",
        None,
        None,
        owner=owner.manager if owner else None,
        since=owner.since if owner else None,
        sensitive=True,
        origin=Origin.DRIFT if ours and (owner or removed) else Origin.SPEC,
        conflict=owner is not None,
    )


def _label(name: str, secret: ObservedSecret, address: str, observed: Observed) -> FieldChange:
    """A label of a Secret that vddkctl has written is somebody's change: it was written with it."""
    now = secret.labels[name]
    owner = secret.label_owners.get(name) if now is not None else None
    return FieldChange(
        f"{_LABEL}{name}",
        now,
        secret.work.labels[name],
        owner=owner.manager if owner else None,
        since=owner.since if owner else None,
        origin=Origin.DRIFT if secret.ours and _applied(address, observed) else Origin.SPEC,
        conflict=owner is not None,
    )


def _applied(address: str, observed: Observed) -> bool:
    return observed.record is not None and address in observed.record.applied


def labels_of(change: Change) -> frozenset[str]:
    """The names of the labels that a change writes anew."""
    paths = (field.path for field in change.fields)
    return frozenset(path.removeprefix(_LABEL) for path in paths if path.startswith(_LABEL))


def gone_secrets(observed: Observed) -> frozenset[str]:
    """The addresses of declared Secrets that are not there."""
    return frozenset(key.address for key, secret in observed.secrets.items() if not secret.exists)


def secret_memory(observed: Observed) -> dict[str, dict[str, Any]]:
    """The record knows that a Secret is ours, and whose login it is, and nothing of what is in it."""
    return {
        key.address: {secret.work.provider: fields.LOGIN} if secret.work.provider else {}
        for key, secret in sorted(observed.secrets.items())
    }


def secret_warnings(observed: Observed) -> Iterator[PlanWarning]:
    """Secrets that cannot be compared on this machine, or not be made, or not be made right."""
    for key, secret in sorted(observed.secrets.items()):
        if secret.other_type:
            yield PlanWarning(OTHER_TYPE, key.address, _typed(secret))
        if secret.unknown and secret.exists:
            yield PlanWarning(
                "secret-not-compared", key.address, f"is there, and not compared: {secret.unknown}"
            )
        elif secret.unknown:
            text = f"is to be made, and apply will refuse: {secret.unknown}"
            yield PlanWarning(MISSING, key.address, text)
