"""Storage maps: offload settings on entries that exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vddkctl.plan.desired import was_applied
from vddkctl.plan.fields import XCOPY, entry_of, index_of, offload_meaning
from vddkctl.plan.model import Action, Change, FieldChange, Origin, PlanWarning, Precondition, Reason
from vddkctl.plan.observed import LiveObject, ObjectKey, Observed
from vddkctl.plan.order import room
from vddkctl.plan.record import Record, as_intended, found_so, known_addresses, known_parts, may_be_set
from vddkctl.site.diagnostic import Diagnostic
from vddkctl.site.model import OffloadSpec
from vddkctl.site.source import LoadedSite

PLUGIN = "offloadPlugin"
_OURS = frozenset({"secretRef", "storageVendorProduct"})


def storage_changes(loaded: LoadedSite, observed: Observed) -> Iterator[Change]:
    """One change for each storage map of which an entry is not as declared, or has what is declared no more."""
    wanted = dict(_declared(loaded, observed))
    for live in observed.cluster.storage_maps:
        set_now = tuple(_set(live, wanted.get(live.key, {}), observed))
        released = tuple(
            _field(live, datastore, config, None, observed)
            for datastore, config in _no_longer_declared(live, wanted.get(live.key, {}), observed)
            if _only_ours(config)
        )
        if set_now or released:
            yield Change(
                address=live.key.address,
                action=Action.UPDATE if set_now else Action.RELEASE,
                reason=_reason(set_now),
                origin=Origin.SPEC if all(f.origin is Origin.SPEC for f in set_now) else Origin.DRIFT,
                fields=(*set_now, *released),
                precondition=Precondition(resource_version=live.resource_version, uid=live.uid or None),
            )


def storage_warnings(loaded: LoadedSite, observed: Observed) -> Iterator[PlanWarning]:
    """Offload settings that are not declared any more, and that cannot be taken away without what others have set."""
    wanted = dict(_declared(loaded, observed))
    for live in observed.cluster.storage_maps:
        for datastore, config in _no_longer_declared(live, wanted.get(live.key, {}), observed):
            if not _only_ours(config):
                others = ", ".join(sorted(set(config) - _OURS))
                text = f"the offload settings of {datastore} are no longer declared, and stay: others have set {others}"
                yield PlanWarning("offload-stays", live.key.address, text)


def maps_elsewhere(loaded: LoadedSite, observed: Observed) -> Iterator[tuple[ObjectKey, str]]:
    """Entries that are no longer declared, and stay since another site declares them."""
    wanted = dict(_declared(loaded, observed))
    for live in observed.cluster.storage_maps:
        for datastore, _ in _no_longer_declared(live, wanted.get(live.key, {}), observed, elsewhere=True):
            yield live.key, entry(datastore)


def applied_maps(record: Record | None) -> frozenset[str]:
    """The addresses of the storage maps that the last apply knew of."""
    return frozenset(address for address in known_addresses(record) if room(address) == "storagemap")


def storage_memory(loaded: LoadedSite, observed: Observed) -> dict[str, dict[str, Any]]:
    """What the record says of storage maps."""
    there = {live.key: live for live in observed.cluster.storage_maps}
    return {
        key.address: {
            **{entry(datastore): offload_meaning(_settings(spec)) for datastore, spec in wanted.items()},
            **{
                found_so(entry(d)): None
                for d, spec in wanted.items()
                if _is_found(d, spec, there[key], observed)
            },
        }
        for key, wanted in _declared(loaded, observed)
    }


def _is_found(datastore: str, spec: OffloadSpec, live: LiveObject, observed: Observed) -> bool:
    """Whether the entry was so before anybody declared it."""
    path, found = entry(datastore), _entry(live, datastore)
    now = _config(found) if found else None
    if now is None or offload_meaning(now) != offload_meaning(_settings(spec)):
        return False
    return not may_be_set(observed.record, live.key.address, path) and not live.others_set(path)


def storage_mistakes(
    loaded: LoadedSite, observed: Observed, *, missing_too: bool = False
) -> Iterator[tuple[str, Diagnostic]]:
    """Maps and datastores that do not exist, by address. ``missing_too``: an entry that was there is none."""
    maps = {live.key: live for live in observed.cluster.storage_maps}
    for name, spec in loaded.site.storage_maps.items():
        key = ObjectKey("StorageMap", observed.cluster.namespace, name)
        if key not in maps:
            message = f"no StorageMap {name} in {observed.cluster_name}, namespace {key.namespace}"
            message += " (it was there at the last apply)" if was_applied(key, observed) else ""
            yield key.address, _diagnostic(loaded, ("storageMaps", name), message)
            continue
        for datastore in spec.offload:
            was_set = _was_set(key, datastore, observed)
            if _entry(maps[key], datastore) is None and not (missing_too and was_set):
                known = ", ".join(_names(maps[key])) or "none"
                message = f"the StorageMap {name} has no entry for datastore {datastore}"
                message += " (it was there at the last apply)" if was_set else ""
                message += f"; it has: {known}"
                yield key.address, _diagnostic(loaded, ("storageMaps", name, "offload", datastore), message)


def entry(datastore: str) -> str:
    """The path of an entry's offload settings."""
    return f"spec.map[{datastore}].{PLUGIN}.{XCOPY}"


def _declared(
    loaded: LoadedSite, observed: Observed
) -> Iterator[tuple[ObjectKey, Mapping[str, OffloadSpec]]]:
    """The entries that are declared, of the storage maps that are there."""
    there = {live.key for live in observed.cluster.storage_maps}
    for name, spec in sorted(loaded.site.storage_maps.items()):
        key = ObjectKey("StorageMap", observed.cluster.namespace, name)
        if key in there:
            yield key, spec.offload


def _set(live: LiveObject, wanted: Mapping[str, OffloadSpec], observed: Observed) -> Iterator[FieldChange]:
    for datastore, spec in wanted.items():
        found = _entry(live, datastore)
        now = _config(found) if found else None
        after = {**(now or {}), **_settings(spec)}
        if found and now != after:
            yield _field(live, datastore, now, after, observed)
        elif found is None and _was_set(live.key, datastore, observed):
            yield _lost(live, datastore, spec)


def _was_set(key: ObjectKey, datastore: str, observed: Observed) -> bool:
    """Whether there was an entry for a datastore at the last apply, or when one began that was killed."""
    return any(part.get(entry(datastore)) for part in known_parts(observed.record, key.address))


def _lost(live: LiveObject, datastore: str, spec: OffloadSpec) -> FieldChange:
    """An entry that somebody has removed: for drift to tell, since a plan has it as a mistake."""
    owner = live.owners.get("spec.map")
    return FieldChange(
        f"spec.map[{datastore}]",
        None,
        _settings(spec),
        owner=owner.manager if owner else None,
        since=owner.since if owner else None,
        where=owner.where if owner else None,
        origin=Origin.DRIFT,
    )


def _no_longer_declared(
    live: LiveObject, wanted: Mapping[str, OffloadSpec], observed: Observed, *, elsewhere: bool = False
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Entries with the very settings that were applied, or may have been by a run that was killed.

    Those that no other site declares, or those that one does: ``elsewhere``.
    """
    known = known_parts(observed.record, live.key.address)
    for path in dict.fromkeys(path for values in known for path in values):
        datastore = entry_of(path).name
        if path != entry(datastore) or (path in live.other_sites) != elsewhere or datastore in wanted:
            continue
        found = _entry(live, datastore)
        now = _config(found) if found else None
        if now is not None and offload_meaning(now) in [
            values.get(path) for values in known if found_so(path) not in values
        ]:
            yield datastore, now


def _only_ours(config: Mapping[str, Any]) -> bool:
    """Without them the rest would be no settings that Forklift's definition lets in."""
    return set(config) <= _OURS


def _reason(set_now: tuple[FieldChange, ...]) -> Reason:
    if not set_now:
        return Reason.NO_LONGER_DECLARED
    return Reason.ABSENT if all(field.before is None for field in set_now) else Reason.DIFFERS


def _field(
    live: LiveObject,
    datastore: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    observed: Observed,
) -> FieldChange:
    path = entry(datastore)
    owner = live.owners.get("spec.map")
    applied = observed.record.applied.get(live.key.address, {}).get(path) if observed.record else None
    now = None if before is None else offload_meaning(before)
    # The list's managers do not tell who has set this entry: what was not applied, nor begun to be, is somebody's.
    ours = now == applied or as_intended(observed.record, live.key.address, path, now)
    drifted = after is not None and applied is not None and applied == offload_meaning(after) and not ours
    return FieldChange(
        path,
        before,
        after,
        owner=owner.manager if owner else None,
        since=owner.since if owner else None,
        where=owner.where if owner else None,
        origin=Origin.DRIFT if drifted else Origin.SPEC,
        conflict=observed.cluster.live and after is not None and before is not None and not ours,
    )


def _entry(live: LiveObject, datastore: str) -> dict[str, Any] | None:
    items = live.spec.get("map") or ()
    number = index_of(items, datastore)
    return None if number is None else items[number]


def _config(found: dict[str, Any]) -> dict[str, Any] | None:
    config = (found.get(PLUGIN) or {}).get(XCOPY)
    return config if isinstance(config, dict) else None


def _settings(spec: OffloadSpec) -> dict[str, Any]:
    return {"secretRef": spec.secret, "storageVendorProduct": spec.vendor}


def _names(live: LiveObject) -> list[str]:
    sources = [(item.get("source") or {}) for item in live.spec.get("map") or [] if isinstance(item, dict)]
    return sorted(str(source.get("name") or source.get("id")) for source in sources)


def _diagnostic(loaded: LoadedSite, path: tuple[str, ...], message: str) -> Diagnostic:
    return Diagnostic(loaded.source.name, loaded.source.key(*path), path, message)
