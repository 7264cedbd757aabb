"""Pods, their claims, and what they use now."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.kinds import Resource
from vddkctl.cluster.live.listing import listed
from vddkctl.cluster.live.raw import Metadata
from vddkctl.cluster.live.raw_pods import Claim, RawPod
from vddkctl.errors import ClusterError

PODS = Resource("Pod", "", "v1", "pods")
CLAIMS = Resource("PersistentVolumeClaim", "", "v1", "persistentvolumeclaims")
METRICS = Resource("PodMetrics", "metrics.k8s.io", "v1beta1", "pods")
_UNITS = {
    "": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40,
}  # fmt: skip


class _Usage(Struct, frozen=True):
    usage: dict[str, str] = field(default_factory=dict)


class _PodMetrics(Struct, frozen=True):
    metadata: Metadata
    containers: tuple[_Usage, ...] = ()


class Used(Struct, frozen=True):
    """What a pod uses now: CPU in cores, memory in bytes."""

    cpu: float
    memory: float


def pods(api: Api, namespace: str) -> list[RawPod]:
    """Those of a namespace. Raises ClusterError."""
    return list(listed(api, PODS, namespace, RawPod))


def claims(api: Api, namespace: str) -> list[Claim]:
    """The claims of a namespace. Raises ClusterError."""
    return list(listed(api, CLAIMS, namespace, Claim))


def used(api: Api, namespace: str) -> Mapping[str, Used] | None:
    """What the pods of a namespace use, by name; None where no metrics API answers this user."""
    try:
        return {raw.metadata.name: _sum(raw) for raw in listed(api, METRICS, namespace, _PodMetrics)}
    except ClusterError:
        return None


def quantity(text: str) -> float:
    """A quantity of the API: ``250m``, ``512Mi`` (Kubernetes, "Quantity"). 0 for what is none."""
    number = text.rstrip("KMGTikmnu")
    try:
        return float(number) * _UNITS.get(text[len(number) :], 0.0)
    except ValueError:
        return 0.0


def _sum(raw: _PodMetrics) -> Used:
    return Used(
        sum(quantity(each.usage.get("cpu", "")) for each in raw.containers),
        sum(quantity(each.usage.get("memory", "")) for each in raw.containers),
    )
