"""Storage maps: offload settings on entries that exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vddkctl.plan.fields import index_of
from vddkctl.plan.model import Action, Change, FieldChange, Origin, Precondition, Reason
from vddkctl.plan.observed import LiveObject, ObjectKey, Observed
from vddkctl.site.diagnostic import Diagnostic
from vddkctl.site.model import OffloadSpec
from vddkctl.site.source import LoadedSite

PLUGIN = "offloadPlugin"
XCOPY = "vsphereXcopyConfig"


def storage_changes(loaded: LoadedSite, observed: Observed) -> Iterator[Change]:
    """One change for each storage map of which an entry is not as declared."""
    for live, wanted in _declared(loaded, observed):
        fields = []
        for datastore, spec in wanted.items():
            found = _entry(live, datastore)
            now = _config(found) if found else None
            after = {**(now or {}), **_settings(spec)}
            if found and now != after:
                fields.append(_field(live, datastore, now, after, observed))
        if fields:
            yield Change(
                address=live.key.address,
                action=Action.UPDATE,
                reason=Reason.ABSENT if all(field.before is None for field in fields) else Reason.DIFFERS,
                origin=Origin.SPEC if all(f.origin is Origin.SPEC for f in fields) else Origin.DRIFT,
                fields=tuple(fields),
                precondition=Precondition(resource_version=live.resource_version),
            )


def storage_memory(loaded: LoadedSite, observed: Observed) -> dict[str, dict[str, Any]]:
    """What the record says of storage maps."""
    return {
        live.key.address: {entry(datastore): _meaning(_settings(spec)) for datastore, spec in wanted.items()}
        for live, wanted in _declared(loaded, observed)
    }


def storage_mistakes(loaded: LoadedSite, observed: Observed) -> Iterator[tuple[str, Diagnostic]]:
    """Maps and datastores that do not exist, by address."""
    if not observed.cluster.live:
        return
    maps = {live.key: live for live in observed.cluster.storage_maps}
    for name, spec in loaded.site.storage_maps.items():
        key = ObjectKey("StorageMap", observed.cluster.namespace, name)
        if key not in maps:
            message = f"no StorageMap {name} in {observed.cluster_name}, namespace {key.namespace}"
            yield key.address, _diagnostic(loaded, ("storageMaps", name), message)
            continue
        for datastore in spec.offload:
            if _entry(maps[key], datastore) is None:
                known = ", ".join(_names(maps[key])) or "none"
                message = f"the StorageMap {name} has no entry for datastore {datastore}; it has: {known}"
                yield key.address, _diagnostic(loaded, ("storageMaps", name, "offload", datastore), message)


def entry(datastore: str) -> str:
    """The path of an entry's offload settings."""
    return f"spec.map[{datastore}].{PLUGIN}.{XCOPY}"


def _declared(
    loaded: LoadedSite, observed: Observed
) -> Iterator[tuple[LiveObject, Mapping[str, OffloadSpec]]]:
    maps = {live.key: live for live in observed.cluster.storage_maps}
    for name, spec in sorted(loaded.site.storage_maps.items()):
        live = maps.get(ObjectKey("StorageMap", observed.cluster.namespace, name))
        if live:
            yield live, spec.offload


def _field(
    live: LiveObject, datastore: str, before: dict[str, Any] | None, after: dict[str, Any], observed: Observed
) -> FieldChange:
    path = entry(datastore)
    owner = live.owners.get("spec.map")
    applied = observed.record.applied.get(live.key.address, {}).get(path) if observed.record else None
    drifted = applied is not None and applied == _meaning(after) and applied != _meaning(before or {})
    return FieldChange(
        path,
        before,
        after,
        owner=owner.manager if owner else None,
        since=owner.since if owner else None,
        origin=Origin.DRIFT if drifted else Origin.SPEC,
        # The list's managers do not tell who has set this entry: what was not applied is somebody's.
        conflict=before is not None and _meaning(before) != applied,
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


def _meaning(config: Mapping[str, Any]) -> str:
    return f"{config.get('storageVendorProduct')} {config.get('secretRef')}"


def _names(live: LiveObject) -> list[str]:
    sources = [(item.get("source") or {}) for item in live.spec.get("map") or [] if isinstance(item, dict)]
    return sorted(str(source.get("name") or source.get("id")) for source in sources)


def _diagnostic(loaded: LoadedSite, path: tuple[str, ...], message: str) -> Diagnostic:
    return Diagnostic(loaded.source.name, loaded.source.key(*path), path, message)
