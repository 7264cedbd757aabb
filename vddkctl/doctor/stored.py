"""What the spec refers to in the cluster: storage maps, and Secrets that they name. No value is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.kinds import SECRETS, STORAGE_MAPS, Resource
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.doctor.check import Finding, Group, failed, passed, skipped
from vddkctl.doctor.subject import Subject
from vddkctl.errors import ClusterDeniedError

_GROUP = Group.REFERENCES
_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
"""An object without all that it holds (Kubernetes API concepts, "Metadata-only fetches")."""

_NONE = frozenset({400, 404})
"""There is none; or there can be none, since no object can have such a name."""


class _Anything(Struct, frozen=True):
    kind: str = ""


def stored_checks(subject: Subject, api: Api, home: str) -> Iterator[Finding]:
    """A line for each storage map, and for each Secret with a storage's credentials."""
    if subject.loaded is None:
        return
    heads = metadata_alone(api)
    for name, spec in subject.loaded.site.storage_maps.items():
        yield _there(heads, STORAGE_MAPS, home, name, f"storageMaps.{name}")
        for datastore, offload in spec.offload.items():
            where = f"storageMaps.{name}.offload.{datastore}.secret"
            yield _there(heads, SECRETS, home, offload.secret, where)


def _there(api: Api, resource: Resource, home: str, name: str, where: str) -> Finding:
    place = f"{resource.kind} {name} in namespace {home}"
    found = is_there(api, resource, home, name)
    if found is None:
        return skipped(_GROUP, where, f"this user may not look for {place}")
    if not found:
        return failed(_GROUP, where, f"there is no {place}", "create it, or look at its name")
    return passed(_GROUP, where, f"there is a {place}")


def metadata_alone(api: Api) -> Api:
    """The same server, which gives no more of an object than its head."""
    return replace(api, headers={**api.headers, "Accept": _METADATA})


def is_there(api: Api, resource: Resource, namespace: str, name: str) -> bool | None:
    """Whether an object is there; None where this user may not look. Raises ClusterError."""
    try:
        api.get(resource.path(namespace, name), of=_Anything)
    except ClusterDeniedError:
        return None
    except RefusedError as refused:
        if refused.code not in _NONE:
            raise
        return False
    return True
