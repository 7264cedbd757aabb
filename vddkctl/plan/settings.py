"""Settings of the controller and the providers: the changes, each with its reason and where it comes from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from msgspec import Struct

from vddkctl.plan import fields
from vddkctl.plan.claims import declared_elsewhere, disagreeing
from vddkctl.plan.desired import Target, Wish
from vddkctl.plan.difference import differing
from vddkctl.plan.images import image_address
from vddkctl.plan.model import Action, Change, FieldChange, Origin, Precondition, Reason
from vddkctl.plan.observed import LiveObject, ObjectKey
from vddkctl.plan.own_secret import remembered_secret
from vddkctl.plan.record import Record
from vddkctl.vddk import config_text


class _Object(Struct, frozen=True):
    """An object with all wishes for it: the spec's, and those that give fields back."""

    live: LiveObject
    wishes: Mapping[str, Wish]
    given_back: frozenset[str]


def settings_changes(
    targets: Mapping[ObjectKey, Target],
    objects: Mapping[ObjectKey, LiveObject],
    record: Record | None,
    *,
    alone: bool = False,
) -> Iterator[Change]:
    """One change for each object of which at least one field has another meaning than it should have.

    ``alone``: no other site is here, and this one was. Then, and only where the record is lost, managers tell what is
    to be given back.
    """
    joined = {item.live.key.address: item for item in _joined(targets, objects, record, alone=alone)}
    before = {
        address: {path: _now(item.live, path) for path in item.wishes} for address, item in joined.items()
    }
    after = {
        address: {path: wish.meaning for path, wish in item.wishes.items()}
        for address, item in joined.items()
    }
    for address, paths in differing(before, after).items():
        yield _change(joined[address], paths, record)


def _joined(
    targets: Mapping[ObjectKey, Target],
    objects: Mapping[ObjectKey, LiveObject],
    record: Record | None,
    *,
    alone: bool,
) -> Iterator[_Object]:
    for key in sorted(objects):
        target = targets.get(key)
        wishes = {wish.path: wish for wish in target.wishes} if target else {}
        given_back = {
            path: _unset(objects[key], path)
            for path in still_ours(objects[key], wishes, record)
            if not declared_elsewhere(objects[key], path)
        }
        if record is None and alone:
            given_back |= {
                path: _unset(objects[key], path) for path in _only_ours(objects[key]) if path not in wishes
            }
        if wishes or given_back:
            yield _Object(objects[key], {**wishes, **given_back}, frozenset(given_back))


def still_ours(live: LiveObject, declared: Collection[str], record: Record | None) -> Iterator[str]:
    """Fields that are declared no more, with the value that we have set, and that no other manager has."""
    for path, values in _ours(record, live.key.address).items():
        if path in declared or path not in fields.SET:
            continue
        if _now(live, path) in values and not _theirs(live, path):
            yield path


def _ours(record: Record | None, address: str) -> dict[str, set[Any]]:
    """What we have set, or may have set in a run that did not end: each field with the values it may have."""
    ours: dict[str, set[Any]] = {}
    for fields_set in (record.applied, record.intended) if record else ():
        for path, value in fields_set.get(address, {}).items():
            if isinstance(value, str):  # a record may have been edited by hand
                ours.setdefault(path, set()).add(value)
    return ours


def _only_ours(live: LiveObject) -> list[str]:
    """Fields that the place itself knows to be ours and nobody else's, and that have a value."""
    return [
        path
        for path in sorted(live.owned)
        if path in fields.SET and not _theirs(live, path) and _now(live, path) is not None
    ]


def _theirs(live: LiveObject, path: str) -> bool:
    """Whether another field manager has set a field, too: only a place that knows managers can say so."""
    owner = live.owner_of(path)
    return owner is not None and owner.manager is not None


def _unset(live: LiveObject, path: str) -> Wish:
    if path == fields.CONFIG:
        return Wish(path, None, config_text.write(fields.raw_value(live.spec, path), None))
    return Wish(path, None, None)


def _change(item: _Object, paths: list[str], record: Record | None) -> Change:
    address = item.live.key.address
    found = tuple(_field(item.live, item.wishes[path], record) for path in paths)
    unset = all(item.wishes[path].meaning is None for path in paths)
    images = {item.wishes[path].image for path in paths} - {None}
    return Change(
        address=address,
        action=Action.RELEASE if unset else Action.UPDATE,
        reason=_reason(item, paths),
        origin=Origin.SPEC if all(f.origin is Origin.SPEC for f in found) else Origin.DRIFT,
        fields=found,
        precondition=Precondition(resource_version=item.live.resource_version, uid=item.live.uid or None),
        depends_on=tuple(sorted(image_address(name) for name in images if name)) + _secret(item, paths),
    )


def _secret(item: _Object, paths: list[str]) -> tuple[str, ...]:
    """A provider that gets its own Secret back waits for it."""
    if fields.LOGIN not in paths:
        return ()
    wanted = item.wishes[fields.LOGIN].after
    return (ObjectKey("Secret", wanted["namespace"], wanted["name"]).address,)


def _field(live: LiveObject, wish: Wish, record: Record | None) -> FieldChange:
    owner = live.owner_of(wish.path)
    foreign = _theirs(live, wish.path)
    site = None if foreign else disagreeing(live, wish.path, wish.meaning)
    origin = _origin(live, wish, record)
    return FieldChange(
        path=wish.path,
        before=fields.raw_value(live.spec, wish.path),
        after=wish.after,
        owner=site or (owner.manager if owner else None),
        since=owner.since if owner and not site else None,
        where=owner.where if owner else None,
        origin=origin,
        conflict=foreign or site is not None,
        applied=record.applied[live.key.address][wish.path] if record and origin is Origin.BOTH else None,
    )


def _origin(live: LiveObject, wish: Wish, record: Record | None) -> Origin:
    """Told by the record: what was applied and is not there any more was changed by someone else."""
    applied = record.applied.get(live.key.address, {}) if record else {}
    if wish.path == fields.LOGIN:
        return Origin.DRIFT if remembered_secret(live, record) else Origin.SPEC
    if record is None or wish.path not in applied:
        return Origin.SPEC
    now, recorded = _now(live, wish.path), applied[wish.path]
    intended = record.intended.get(live.key.address, {})
    if now == recorded or (wish.path in intended and now == intended[wish.path]):
        return Origin.SPEC
    return Origin.DRIFT if wish.meaning == recorded else Origin.BOTH


def _reason(item: _Object, paths: list[str]) -> Reason:
    wishes = [item.wishes[path] for path in paths]
    before = {path: fields.raw_value(item.live.spec, path) for path in paths}
    if set(paths) <= item.given_back:
        return Reason.NO_LONGER_DECLARED
    if all(wish.meaning is None for wish in wishes):
        return Reason.DECLARED_UNSET
    if fields.CONFIG in paths and _has_broken_key(before[fields.CONFIG]):
        return Reason.BROKEN_BUFFER_KEY
    if all(_only_unpinned(before[wish.path], wish) for wish in wishes):
        return Reason.NOT_PINNED
    return Reason.ABSENT if all(value is None for value in before.values()) else Reason.DIFFERS


def _has_broken_key(value: object) -> bool:
    return isinstance(value, str) and config_text.read(value).broken_key


def _only_unpinned(before: object, wish: Wish) -> bool:
    if wish.path not in fields.IMAGE_FIELDS or not isinstance(before, str) or "@" in before:
        return False
    repository, _, digest = (wish.after or "").partition("@")
    return bool(digest) and before.startswith(repository) and before[len(repository) :][:1] in ("", ":")


def _now(live: LiveObject, path: str) -> str | None:
    return fields.meaning(path, fields.raw_value(live.spec, path))
