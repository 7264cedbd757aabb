"""Pull secrets that are not a site's own: at which of its registries they log in. Nothing else of them is kept."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from vddkctl.cluster.base import Cluster, StoredSecret
from vddkctl.errors import ClusterDeniedError
from vddkctl.oci.reference import Reference
from vddkctl.plan.observed import ClusterState, ObjectKey
from vddkctl.plan.pulling import pulled_from, unknown_secrets
from vddkctl.plan.secret_work import DOCKER_CONFIG
from vddkctl.registry.http.auth_entries import matching
from vddkctl.site.source import LoadedSite
from vddkctl.threads import each

_AT_ONCE = 8
_MOST = 32
"""Requests for a warning's sake: what is beyond is as what may not be seen."""
_OLD = "kubernetes.io/dockercfg"


def foreign_pulls(
    loaded: LoadedSite, cluster: Cluster, state: ClusterState
) -> dict[ObjectKey, frozenset[str]]:
    """Secrets of accounts that have none of this site's; one that this user may not see is left out."""
    pulled = pulled_from(loaded.site)

    def one(key: ObjectKey) -> tuple[ObjectKey, frozenset[str]] | None:
        try:
            stored = cluster.read_secret(key)
        except ClusterDeniedError:
            return None
        keys = _places(stored) if stored else []
        return key, frozenset(host for host, images in pulled.items() if _logs_in(keys, images))

    keys = unknown_secrets(loaded, state)[:_MOST]
    return dict(found for found in each(one, keys, _AT_ONCE) if found)


def _logs_in(keys: list[str], images: Iterable[Reference]) -> bool:
    """Whether there is a login for one of these images; a kubelet takes ``*.example.com`` as well."""
    return any(
        matching(keys, image.host, image.path)
        or any("*" in key and fnmatchcase(image.host, _host(key)) for key in keys)
        for image in images
    )


def _host(key: str) -> str:
    return key.rpartition("://")[2].partition("/")[0]


def _places(stored: StoredSecret) -> list[str]:
    """The keys under which a Secret of a type that kubelets take has a login."""
    import json

    try:
        found: Any = {}
        if stored.type == DOCKER_CONFIG:
            found = json.loads(stored.values[".dockerconfigjson"])["auths"]
        elif stored.type == _OLD:
            found = json.loads(stored.values[".dockercfg"])
        return [key for key, entry in found.items() if entry]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
