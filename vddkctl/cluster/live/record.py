"""The record in a live cluster: a ConfigMap beside the ForkliftController."""

from __future__ import annotations

from vddkctl.cluster.live.api import APPLY, MANAGER, Api
from vddkctl.cluster.live.kinds import CONFIG_MAPS
from vddkctl.cluster.live.listing import listed
from vddkctl.cluster.live.raw import ConfigMap
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.errors import ClusterDeniedError, ClusterError
from vddkctl.plan.codec import decode_record

LABEL = "vddkctl.dev/record"
"""Marks records, so that sites know of each other."""
_KEY = "record"
_MOST = 900_000
"""Bytes: a ConfigMap holds a mebibyte (Kubernetes, "ConfigMaps")."""


def name_of(site: str) -> str:
    """``vddkctl-frankfurt``: of the record, and of the lock."""
    return f"vddkctl-{site}"


class Records:
    """Records in a namespace."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace

    def read(self, site: str) -> bytes | None:
        """A site's record, or None when nothing was applied yet."""
        try:
            found = self._api.get(CONFIG_MAPS.path(self._namespace, name_of(site)), of=ConfigMap)
        except RefusedError as failure:
            if failure.code == 404:
                return None
            raise
        content = found.data.get(_KEY)
        return None if content is None else content.encode()

    def write(self, site: str, content: bytes) -> None:
        """Replace a site's record, in one step. Raises ClusterError."""
        if len(content) > _MOST:
            raise ClusterError(
                f"the record has {len(content)} bytes, more than a ConfigMap holds",
                where=f"configmap {self._namespace}/{name_of(site)}",
                hint="split the site into several",
            )
        name = name_of(site)
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "labels": {LABEL: "site", "app.kubernetes.io/managed-by": MANAGER}},
            "data": {_KEY: content.decode()},
        }
        query = {"fieldManager": MANAGER, "force": "true"}
        self._api.send("PATCH", CONFIG_MAPS.path(self._namespace, name), query, body, APPLY)

    def of_others(self, site: str) -> frozenset[tuple[str, str]]:
        """The fields that other sites have set, as ``(address, path)``. Where that cannot be seen: none."""
        fields: set[tuple[str, str]] = set()
        try:
            found = list(listed(self._api, CONFIG_MAPS, self._namespace, ConfigMap, {"labelSelector": LABEL}))
        except ClusterDeniedError:
            return frozenset()
        for item in found:
            if item.metadata.name == name_of(site) or _KEY not in item.data:
                continue
            record = decode_record(item.data[_KEY].encode(), f"configmap {item.metadata.name}")
            for part in (record.applied, record.intended):
                fields |= {(address, path) for address, values in part.items() for path in values}
        return frozenset(fields)
