"""Pods that use VDDK: Forklift's and CDI's, which copy the libraries out of the image in an init container.

They are told by their containers, not by labels, which differ between versions: one whose image is a VDDK image in use,
or whose name says so (``vddk-side-car`` of Forklift and CDI). Pods of a plan have its uid or name in the label
``plan``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct, field

from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.kinds import Resource
from vddkctl.cluster.live.listing import listed
from vddkctl.cluster.live.raw import Metadata
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.errors import ClusterDeniedError

PODS = Resource("Pod", "", "v1", "pods")
METRICS = Resource("PodMetrics", "metrics.k8s.io", "v1beta1", "pods")
_PLAN = "plan"
_NAMED = "vddk"
_UNITS = {
    "": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40,
}  # fmt: skip


class _Container(Struct, frozen=True):
    name: str = ""
    image: str = ""


class _Spec(Struct, frozen=True, rename="camel"):
    containers: tuple[_Container, ...] = ()
    init_containers: tuple[_Container, ...] = ()


class _Waiting(Struct, frozen=True):
    reason: str = ""
    message: str = ""


class _State(Struct, frozen=True):
    waiting: _Waiting | None = None


class _ContainerStatus(Struct, frozen=True, rename="camel"):
    name: str = ""
    restart_count: int = 0
    state: _State = field(default_factory=_State)


class _Status(Struct, frozen=True, rename="camel"):
    phase: str = ""
    container_statuses: tuple[_ContainerStatus, ...] = ()
    init_container_statuses: tuple[_ContainerStatus, ...] = ()


class _Pod(Struct, frozen=True):
    metadata: Metadata
    spec: _Spec = field(default_factory=_Spec)
    status: _Status = field(default_factory=_Status)


class _Usage(Struct, frozen=True):
    usage: dict[str, str] = field(default_factory=dict)


class _PodMetrics(Struct, frozen=True):
    metadata: Metadata
    containers: tuple[_Usage, ...] = ()


class Used(Struct, frozen=True):
    """What a pod uses now: CPU in cores, memory in bytes."""

    cpu: float
    memory: float


class VddkPod(Struct, frozen=True):
    """A pod that uses VDDK. ``plan`` is the value of its label; ``waits`` why a container of it does not run."""

    namespace: str
    name: str
    phase: str
    containers: tuple[str, ...]
    plan: str = ""
    waits: str = ""
    restarts: int = 0


def vddk_pods(api: Api, namespace: str, images: Collection[str]) -> list[VddkPod]:
    """Those of a namespace. Raises ClusterError."""
    return [_vddk_pod(raw) for raw in listed(api, PODS, namespace, _Pod) if _uses(raw, images)]


def used(api: Api, namespace: str) -> Mapping[str, Used] | None:
    """What the pods of a namespace use, by name; None where the cluster has no metrics API, or shows it to others."""
    try:
        return {raw.metadata.name: _sum(raw) for raw in listed(api, METRICS, namespace, _PodMetrics)}
    except (RefusedError, ClusterDeniedError):
        return None


def quantity(text: str) -> float:
    """A quantity of the API: ``250m``, ``512Mi`` (Kubernetes, "Quantity"). 0 for what is none."""
    number = text.rstrip("KMGTikmnu")
    try:
        return float(number) * _UNITS.get(text[len(number) :], 0.0)
    except ValueError:
        return 0.0


def _uses(raw: _Pod, images: Collection[str]) -> bool:
    every = (*raw.spec.init_containers, *raw.spec.containers)
    return any(each.image in images or _NAMED in each.name for each in every)


def _vddk_pod(raw: _Pod) -> VddkPod:
    statuses = (*raw.status.init_container_statuses, *raw.status.container_statuses)
    names = (each.name for each in (*raw.spec.init_containers, *raw.spec.containers))
    return VddkPod(
        raw.metadata.namespace,
        raw.metadata.name,
        raw.status.phase or "Unknown",
        tuple(names),
        raw.metadata.labels.get(_PLAN, ""),
        next(_waits(statuses), ""),
        sum(each.restart_count for each in statuses),
    )


def _waits(statuses: Collection[_ContainerStatus]) -> Iterator[str]:
    """Why a container waits, where that is worth a word: ImagePullBackOff, not PodInitializing."""
    for each in statuses:
        waiting = each.state.waiting
        if waiting and waiting.reason not in ("", "PodInitializing", "ContainerCreating"):
            yield f"{each.name}: {waiting.reason}{f', {waiting.message}' if waiting.message else ''}"


def _sum(raw: _PodMetrics) -> Used:
    return Used(
        sum(quantity(each.usage.get("cpu", "")) for each in raw.containers),
        sum(quantity(each.usage.get("memory", "")) for each in raw.containers),
    )
