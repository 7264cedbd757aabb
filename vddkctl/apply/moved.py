"""What has moved since a plan was made, of one change: an object, or a Secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vddkctl.apply.writes import key_of
from vddkctl.cluster.base import Cluster
from vddkctl.errors import VddkctlError
from vddkctl.observe.secrets import is_stored
from vddkctl.places import Places
from vddkctl.plan import fields
from vddkctl.plan.model import Action, Change
from vddkctl.plan.observed import LiveObject
from vddkctl.plan.secret_work import SecretWork
from vddkctl.plan.secrets import labels_of
from vddkctl.prepare.secret_values import values_of


def moved_object(change: Change, objects: Mapping[str, LiveObject]) -> str | None:
    """What moved; empty when nothing did, None when the object already is as the plan wants it."""
    live = objects.get(change.address)
    creates = change.action is Action.CREATE
    if live is None:
        return "" if creates else "it is gone"
    if change.precondition.uid and live.uid != change.precondition.uid:
        return "it was deleted, and made anew"
    if live.resource_version == change.precondition.resource_version:
        return ""
    if all(fields.raw_value(live.spec, each.path) == each.after for each in change.fields):
        return None
    if creates:
        return "it is there since the plan was made"
    other = list(_other_fields(change, live))
    if not other and not live.where:
        return ""  # a live object has a new version whenever its status changes: what counts is what we write
    return "; ".join(other) if other else f"another part of it was changed{_place(live)}"


def moved_secret(change: Change, work: SecretWork, cluster: Cluster, places: Places) -> str | None:
    """What moved; empty when nothing did, None when it says already what is to be written."""
    there = cluster.read_secret(key_of(change.address))
    if there is None:
        return "" if change.action is Action.CREATE else "it is gone"
    try:
        if is_stored(work, values_of(work, places), there, labels_of(change)):
            return None
    except VddkctlError:  # a value that is missing here is told before anything is written
        pass
    return "it is there since the plan was made" if change.action is Action.CREATE else ""


def _other_fields(change: Change, live: LiveObject) -> Iterator[str]:
    for each in change.fields:
        now = fields.raw_value(live.spec, each.path)
        if now != each.before:
            yield f"{each.path} was {_shown(each.before)}, now {_shown(now)}{_place(live, each.path)}"


def _shown(value: object) -> str:
    return "not set" if value is None else repr(value)


def _place(live: LiveObject, path: str = "") -> str:
    owner = live.owners.get(path)
    where = owner.where if owner and owner.where else live.where
    return f" ({where})" if where else ""
