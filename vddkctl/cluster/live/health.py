"""How a site is doing in its cluster: providers' health, plans, pods. A part that cannot be seen is told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.kinds import PLANS, PROVIDERS, Resource
from vddkctl.cluster.live.listing import listed
from vddkctl.cluster.live.pods import Used, claims, pods, used
from vddkctl.cluster.live.raw import RawObject
from vddkctl.cluster.live.raw_pods import RawPod
from vddkctl.cluster.live.rollout import controller_image, provider_troubles
from vddkctl.cluster.live.vddk_pods import Owners, brings_vddk, of_claim, vddk_pod
from vddkctl.errors import ClusterDeniedError, VddkctlError
from vddkctl.plan.observed import ObjectKey
from vddkctl.plan.workload import PlanOf, VddkPod
from vddkctl.threads import start

T = TypeVar("T")


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
    asked = start(_listed, api, PROVIDERS, home)
    planned = start(lambda: [_plan(raw) for raw in _listed(api, PLANS, home)])
    image = start(controller_image, api, home)
    plans = _seen(planned, "plans", unseen) or []
    providers = {_key(raw): raw for raw in _seen(asked, "providers", unseen) or ()}
    targets = {plan.target for plan in plans if plan.target}
    namespaces = sorted({home, *targets, *(plan.namespace for plan in plans)})
    running = {name: start(pods, api, name) for name in namespaces}
    meters = {name: start(used, api, name) for name in namespaces}
    found = [pod for name in namespaces for pod in _seen(running[name], f"pods in {name}", unseen) or ()]
    usage = {name: meters[name].result() for name in namespaces}
    urls = {key: str(raw.spec["url"]) for key, raw in providers.items() if raw.spec.get("url")}
    return Health(
        {key.address: provider_troubles(raw) for key, raw in providers.items()},
        tuple(plans),
        tuple(
            _owned(
                api, [pod for pod in found if brings_vddk(pod, images)], Owners(plans, urls), images, unseen
            )
        ),
        {(name, pod): each for name, by_pod in usage.items() for pod, each in (by_pod or {}).items()},
        any(by_pod is not None for by_pod in usage.values()),
        _seen(image, "the controller's Deployment", unseen),
        tuple(unseen),
    )


def _owned(
    api: Api, found: Sequence[RawPod], owners: Owners, images: Collection[str], unseen: list[str]
) -> Iterator[VddkPod]:
    """Pods with their plans. Claims are only asked for where nothing else tells whose a pod is."""
    unknown = {pod.metadata.namespace for pod in found if of_claim(pod) and not owners.plan(pod)}
    asked = {name: start(claims, api, name) for name in sorted(unknown)}
    there = {
        (name, claim.metadata.name): claim
        for name, future in asked.items()
        for claim in _seen(future, f"claims in {name}", unseen) or ()
    }
    whole = replace(owners, claims=there)
    return (vddk_pod(pod, images, whole) for pod in found)


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


def _key(raw: RawObject) -> ObjectKey:
    return ObjectKey("Provider", raw.metadata.namespace, raw.metadata.name)


def _plan(raw: RawObject) -> PlanOf:
    source = (raw.spec.get("provider") or {}).get("source") or {}
    namespace = raw.metadata.namespace
    key = ObjectKey("Provider", str(source.get("namespace") or namespace), str(source.get("name") or ""))
    return PlanOf(
        namespace, raw.metadata.name, raw.metadata.uid, key, str(raw.spec.get("targetNamespace") or "")
    )
