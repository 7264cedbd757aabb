"""How a site stands: providers with their images, what is not well, the pods that use VDDK."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from vddkctl.cluster.base import Cluster, Wanted
from vddkctl.cluster.live.cluster import KubernetesCluster
from vddkctl.cluster.live.health import Health, health
from vddkctl.observe.versions import ImageFacts, ImageLooks
from vddkctl.plan.observed import ClusterState, MigrationPlan
from vddkctl.plan.status import ProviderState, provider_states
from vddkctl.plan.workload import VddkPod


class SiteStatus(Struct, frozen=True):
    """``health`` is None for a folder of manifests. ``images`` are facts by reference.

    ``declared`` is what the ForkliftController says. ``pods`` and ``complaints`` are those of the providers that are
    shown.
    """

    place: str
    namespace: str
    providers: tuple[ProviderState, ...]
    images: Mapping[str, ImageFacts]
    declared: str | None
    complaints: tuple[MigrationPlan, ...]
    health: Health | None
    pods: tuple[VddkPod, ...] = ()


def site_status(
    cluster: Cluster, namespace: str | None, looks: ImageLooks, wanted: Sequence[str] = ()
) -> SiteStatus:
    """Look once. ``wanted`` are names of providers; all of them when empty. Raises ClusterError."""
    state = cluster.observe(Wanted(namespace))
    everything = tuple(provider_states(state))
    images = {each.image for each in everything if each.image}
    seen = None
    if isinstance(cluster, KubernetesCluster):
        seen = health(cluster.api, state.namespace, images)
    shown = tuple(each for each in everything if _named(each, wanted, state))
    addresses = {each.address for each in shown}
    return SiteStatus(
        cluster.name,
        state.namespace,
        shown,
        looks.of(filter(None, (each.image for each in shown))),
        _declared(state),
        tuple(
            plan
            for plan in state.plans
            if plan.problems and (not wanted or plan.provider.address in addresses)
        ),
        seen,
        tuple(
            pod
            for pod in (seen.pods if seen else ())
            if not wanted or (pod.provider and pod.provider.address in addresses)
        ),
    )


def _declared(state: ClusterState) -> str | None:
    here = [each for each in state.controllers if each.key.namespace == state.namespace]
    image = here[0].spec.get("vddk_image") if len(here) == 1 else None
    return image if isinstance(image, str) and image else None


def _named(provider: ProviderState, wanted: Sequence[str], state: ClusterState) -> bool:
    names = {provider.address, provider.address.removeprefix("provider.")}
    names.add(provider.address.removeprefix(f"provider.{state.namespace}/"))
    return not wanted or any(word in names for word in wanted)
