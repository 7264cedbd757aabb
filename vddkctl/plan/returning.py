"""Settings on their way back: what each field of an object was after a run, and what has to be written for that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from vddkctl.plan import fields
from vddkctl.plan.claims import disagreeing
from vddkctl.plan.history import Past, Since
from vddkctl.plan.model import FieldChange
from vddkctl.plan.observed import LiveObject
from vddkctl.plan.order import room
from vddkctl.plan.record import Record
from vddkctl.vddk import config_text


class Returning(Struct, frozen=True):
    """One object: ``fields`` that change, and why others ``stay`` as they are though they were otherwise."""

    fields: tuple[FieldChange, ...]
    stay: tuple[str, ...] = ()


def returning(live: LiveObject, past: Past, record: Record) -> Returning:
    """What brings an object back to what it was.

    A field that was managed then gets the value that it was given then. One that came to be managed since gets the
    value that it had before, where it still has the one that vddkctl gave it: what others made of it is theirs.
    """
    address = live.key.address
    managed, since = past.managed.get(address, {}), past.since.get(address, {})
    found, stay = [], []
    for path in sorted({*managed, *since}):
        now = fields.raw_value(live.spec, path)
        if path == fields.LOGIN and meaning(path, now) != managed.get(path, meaning(path, now)):
            stay.append("secret was changed by somebody else since, and stays as it is: see vddkctl plan")
        if not _can_be_written(path):
            continue
        if path in managed:
            if meaning(path, now) == managed[path]:
                continue
            after = _then(path, now, managed[path], since.get(path))
        elif meaning(path, now) == meaning(path, since[path].before):
            continue
        elif meaning(path, now) not in [meaning(path, value) for value in since[path].given]:
            if path in record.applied.get(address, {}):
                stay.append(
                    f"{path.rpartition('.')[2]} was changed by somebody else since, and stays as it is"
                )
            continue
        else:
            after = _before(path, now, since[path])
        if after is None and not _can_be_unset(path):
            stay.append(f"{path} stays as it is: it is not taken away")
            continue
        found.append(_field(live, path, now, after, record))
    return Returning(tuple(found), tuple(stay))


def meaning(path: str, value: Any) -> Any:
    """What a value means: as the record has it."""
    if path.startswith("spec.map[") and isinstance(value, Mapping):
        return f"{value.get('storageVendorProduct')} {value.get('secretRef')}"
    return fields.meaning(path, value)


def _can_be_written(path: str) -> bool:
    return path in fields.SET or path == fields.URL or "[" in path


def _can_be_unset(path: str) -> bool:
    return path in fields.SET or path.startswith("imagePullSecrets[")


def _then(path: str, now: Any, wanted: Any, since: Since | None) -> Any:
    """What is written for a value of the record; the very text of then where that is known."""
    if since and now in since.given and meaning(path, since.before) == wanted:
        return since.before
    if path == fields.CONFIG:
        text = now if isinstance(now, str) else None
        return config_text.write(text, config_text.read(wanted).buffers if wanted else None)
    if path.startswith("spec.map["):
        vendor, _, secret = str(wanted).rpartition(" ")
        kept = now if isinstance(now, Mapping) else {}
        return {**kept, "secretRef": secret, "storageVendorProduct": vendor}
    return wanted


def _before(path: str, now: Any, since: Since) -> Any:
    if path == fields.CONFIG and now not in since.given and isinstance(now, str):
        before = since.before if isinstance(since.before, str) else None  # others have added lines since
        return config_text.write(now, config_text.meant(before) if before else None)
    return since.before


def _field(live: LiveObject, path: str, now: Any, after: Any, record: Record) -> FieldChange:
    owner = live.owners.get("spec.map" if path.startswith("spec.map[") else path)
    theirs = owner is not None and owner.manager is not None
    if room(live.key.address) == "storagemap":  # the list's managers do not tell who has set this entry
        theirs = now is not None and meaning(path, now) != record.applied.get(live.key.address, {}).get(path)
    site = None if theirs or "[" in path else disagreeing(live, path, meaning(path, after))
    return FieldChange(
        path,
        now,
        after,
        owner=site or (owner.manager if owner else None),
        since=owner.since if owner and not site else None,
        where=owner.where if owner else None,
        conflict=theirs or site is not None,
    )


def left_behind(address: str, past: Past) -> Iterator[str]:
    """What a rollback does not take away: made since, and no longer wanted."""
    if address in past.made and room(address) in ("provider", "secret"):
        yield f"was created by run {past.made[address]}, and stays: vddkctl deletes nothing"
