"""The cluster, and the registries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vddkctl.site.mistake import Mistake, mapping_at


def check_cluster(data: dict[str, Any]) -> Iterator[Mistake]:
    """A cluster is reached in one way."""
    cluster = mapping_at(data, "cluster")
    if cluster.get("context") is not None and cluster.get("manifests") is not None:
        later = next(key for key in reversed(cluster) if key in {"context", "manifests"})
        yield Mistake(("cluster", later), 'cluster has both "context" and "manifests"; keep one', at_key=True)


def check_registries(data: dict[str, Any]) -> Iterator[Mistake]:
    """Keys are hosts; settings do not contradict each other."""
    from vddkctl.oci.reference import is_host

    for host, settings in mapping_at(data, "registries").items():
        path = ("registries", host)
        if not is_host(host):  # Not repeated: there may be a password in it.
            yield Mistake(
                path, "expected a registry's host, or host:port, without scheme and path", at_key=True
            )
        if isinstance(settings, dict):
            yield from _check_settings(path, settings)


def _check_settings(path: tuple[str, str], settings: dict[str, Any]) -> Iterator[Mistake]:
    pair = ("clientCertificateFile", "clientKeyFile")
    for here, other in (pair, pair[::-1]):
        if settings.get(here) is not None and settings.get(other) is None:
            yield Mistake((*path, here), f'"{here}" needs "{other}"', at_key=True)
    if settings.get("tls") in ("plain-http", "skip-verify") and settings.get("caFile") is not None:
        message = f'"caFile" has no use with tls: {settings["tls"]}'
        yield Mistake((*path, "caFile"), message, at_key=True)
