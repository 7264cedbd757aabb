"""How a site is doing in its cluster: providers' health, plans, pods. A part that cannot be seen is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import Future
from typing import TypeVar

from msgspec import Struct, field

from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.kinds import PLANS, PROVIDERS, Resource
from vddkctl.cluster.live.listing import listed
from vddkctl.cluster.live.pods import Used, VddkPod, used, vddk_pods
from vddkctl.cluster.live.raw import RawObject
from vddkctl.cluster.live.rollout import controller_image, provider_troubles
from vddkctl.errors import ClusterDeniedError, VddkctlError
from vddkctl.plan.observed import ObjectKey
from vddkctl.threads import start

T = TypeVar("T")


class PlanOf(Struct, frozen=True):
    """One of Forklift's plans, as far as pods are told by it."""

    namespace: str
    name: str
    uid: str
    provider: ObjectKey
    target: str


class Health(Struct, frozen=True):
    """``troubles`` are what is not well about providers, by address; ``used`` by namespace and pod.

    ``rolled_out`` is the image that the controller's pod runs with, None where that is not seen. ``unseen`` are parts
    that this user may not see, and why.
    """

    troubles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plans: tuple[PlanOf, ...] = ()
    pods: tuple[VddkPod, ...] = ()
    used: Mapping[tuple[str, str], Used] = field(default_factory=dict)
    metered: bool = False
    rolled_out: str | None = None
    unseen: tuple[str, ...] = ()


def health(api: Api, home: str, images: Collection[str]) -> Health:
    """Look at everything at the same time: in all namespaces, or in Forklift's where this user may see no other."""
    unseen: list[str] = []
    providers = start(_listed, api, PROVIDERS, home)
    planned = start(lambda: [_plan(raw) for raw in _listed(api, PLANS, home)])
    image = start(controller_image, api, home)
    plans = _seen(planned, "plans", unseen) or []
    namespaces = sorted(
        {home, *(plan.target for plan in plans if plan.target), *(plan.namespace for plan in plans)}
    )
    pods = {name: start(vddk_pods, api, name, images) for name in namespaces}
    meters = {name: start(used, api, name) for name in namespaces}
    found = [pod for name in namespaces for pod in _seen(pods[name], f"pods in {name}", unseen) or ()]
    usage = {name: meters[name].result() for name in namespaces}
    return Health(
        {
            ObjectKey("Provider", raw.metadata.namespace, raw.metadata.name).address: provider_troubles(raw)
            for raw in _seen(providers, "providers", unseen) or ()
        },
        tuple(plans),
        tuple(found),
        {(name, pod): each for name, by_pod in usage.items() for pod, each in (by_pod or {}).items()},
        any(by_pod is not None for by_pod in usage.values()),
        _seen(image, "the controller's Deployment", unseen),
        tuple(unseen),
    )


def _listed(api: Api, kind: Resource, home: str) -> list[RawObject]:
    try:
        return list(listed(api, kind, None, RawObject))
    except ClusterDeniedError:
        return list(listed(api, kind, home, RawObject))


def _seen(asked: Future[T], what: str, unseen: list[str]) -> T | None:
    try:
        return asked.result()
    except VddkctlError as error:
        unseen.append(f"{what}: {error.what}")
        return None


def _plan(raw: RawObject) -> PlanOf:
    source = (raw.spec.get("provider") or {}).get("source") or {}
    namespace = raw.metadata.namespace
    key = ObjectKey("Provider", str(source.get("namespace") or namespace), str(source.get("name") or ""))
    return PlanOf(
        namespace, raw.metadata.name, raw.metadata.uid, key, str(raw.spec.get("targetNamespace") or "")
    )


def plan_of(pod: VddkPod, plans: Collection[PlanOf]) -> PlanOf | None:
    """The plan that a pod belongs to, by its label: the plan's uid, or its name."""
    return next((plan for plan in plans if pod.plan and pod.plan in (plan.uid, plan.name)), None)
