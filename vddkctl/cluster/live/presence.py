"""Whether an object is there, without asking for what is in it."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.kinds import Resource
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.errors import ClusterDeniedError

_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
"""An object without all that it holds (Kubernetes API concepts, "Metadata-only fetches")."""

_NONE = frozenset({400, 404})
"""There is none; or there can be none, since no object can have such a name."""


class _Anything(Struct, frozen=True):
    kind: str = ""


def is_there(api: Api, resource: Resource, namespace: str, name: str) -> bool | None:
    """Whether an object is there; None where this user may not look. Raises ClusterError."""
    head = replace(api, headers={**api.headers, "Accept": _METADATA})
    try:
        head.get(resource.path(namespace, name), of=_Anything)
    except ClusterDeniedError:
        return None
    except RefusedError as refused:
        if refused.code not in _NONE:
            raise
        return False
    return True
