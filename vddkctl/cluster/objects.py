"""Found manifests → :class:`~vddkctl.plan.observed.ClusterState`: namespaces, versions, who stands where."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence as Many
from hashlib import sha256
from typing import Any

from vddkctl.cluster.documents import FoundObject
from vddkctl.cluster.yaml_edit.data import (
    canonical,
    find_merged,
    find_pair,
    is_merge,
    key_text,
    merge_sources,
)
from vddkctl.cluster.yaml_edit.source import Source
from vddkctl.errors import ManifestError
from vddkctl.plan.observed import ClusterState, FieldOwner, LiveObject, ObjectKey
from vddkctl.yamltext.nodes import Mapping, Node, resolved

DEFAULT_NAMESPACE = "openshift-mtv"


def state_of(found: Many[FoundObject], namespace: str | None, accounts: Many[ObjectKey] = ()) -> ClusterState:
    """Return the state, with these service accounts. Raises ManifestError when two manifests are one object."""
    home = namespace or forklift_namespace(found)
    places: dict[ObjectKey, FoundObject] = {}
    for item in found:
        key = ObjectKey(item.kind, item.namespace or home, item.name)
        if key.kind == "ServiceAccount" and key not in accounts:
            continue
        if key in places:
            raise twice(key, (places[key], item))
        places[key] = item
    live = [live_object(key, item) for key, item in sorted(places.items())]
    return ClusterState(
        home,
        tuple(item for item in live if item.key.kind == "ForkliftController"),
        tuple(item for item in live if item.key.kind == "Provider"),
        accounts=tuple(item for item in live if item.key.kind == "ServiceAccount"),
        storage_maps=tuple(item for item in live if item.key.kind == "StorageMap"),
    )


def forklift_namespace(found: Many[FoundObject]) -> str:
    """Return the namespace of the one ForkliftController; ``openshift-mtv`` when that does not tell."""
    controllers = [item for item in found if item.kind == "ForkliftController"]
    return (controllers[0].namespace if len(controllers) == 1 else None) or DEFAULT_NAMESPACE


def twice(key: ObjectKey, found: Many[FoundObject]) -> ManifestError:
    """Return the error for one object in two manifests."""
    first, second = found[0], found[1]
    return ManifestError(
        f"{key.kind} {key.namespace}/{key.name} is here and at {first.place}",
        where=second.place,
        hint="keep one of them; where one is a patch for Kustomize, let cluster.manifests name the base's folder",
    )


def live_object(key: ObjectKey, found: FoundObject) -> LiveObject:
    """Return one object with its version and the places of the fields that vddkctl knows."""
    relative, line = found.file.relative, found.line
    owners = {path: FieldOwner(where=f"{relative}:{at}") for path, at in _field_lines(found).items()}
    spec = found.data.get("spec") or {}
    if key.kind == "ServiceAccount":
        entries = found.data.get("imagePullSecrets") or []
        spec = {"imagePullSecrets": [str(each.get("name", "")) for each in entries if isinstance(each, dict)]}
    return LiveObject(key, spec, version_of(found.data), f"{relative}:{line}", owners)


def version_of(data: Dict[str, Any]) -> str:
    """Return a version that changes with an object's content, and not with how that is written."""
    return "sha256:" + sha256(canonical(data).encode()).hexdigest()


def _field_lines(found: FoundObject) -> dict[str, int]:
    source = found.document.source
    spec = _below(source, found.node, "spec")
    if spec is None:
        return {}
    lines: dict[str, int] = {}
    entries = find_pair(spec, "map")
    if entries:
        lines["spec.map"] = source.line(entries[0].start)
    image = find_pair(spec, "vddk_image") or find_merged(source, spec, "vddk_image")
    if image:
        lines["spec.vddk_image"] = source.line(image[0].start)
    settings = _below(source, spec, "settings")
    if settings is not None:
        for key in _keys(source, settings):
            lines.setdefault(f"spec.settings.{key_text(key)}", source.line(key.start))
    return lines


def _below(source: Source, node: Mapping, name: str) -> Mapping | None:
    pair = find_pair(node, name) or find_merged(source, node, name)
    value = resolved(pair[1]) if pair else None
    return value if isinstance(value, Mapping) else None


def _keys(source: Source, mapping: Mapping) -> list[Node]:
    """Return a mapping's keys, its own first, then those that are merged into it."""
    own = [key for key, _ in mapping.pairs if not is_merge(key)]
    merged = [
        key
        for merge, value in mapping.pairs
        if is_merge(merge)
        for each in merge_sources(source, value)
        for key in _keys(source, each)
    ]
    return own + merged
