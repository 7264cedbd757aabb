"""Which pods bring VDDK along, which of their containers use it, and whose they are. Pure.

Forklift's conversion pods, its validation jobs and CDI's importers have an init container, ``vddk-side-car``, that
copies the image's content into a volume; the container that mounts it too is the one that uses VDDK (Forklift,
``pkg/controller/plan/kubevirt.go`` and ``validation.go``; CDI, ``pkg/controller/import-controller.go``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct

from vddkctl.cluster.live.raw_pods import Claim, Container, ContainerStatus, OwnedMetadata, RawPod, Why
from vddkctl.plan.observed import ObjectKey
from vddkctl.plan.workload import OVER, PlanOf, Standing, VddkContainer, VddkPod

_WORD = "vddk"
_PLAN = "plan"
"""The label with the plan's uid (or its name), on pods and claims."""
_VALIDATOR = "vddk-validator-"
_ENDPOINT = "IMPORTER_ENDPOINT"
_CLAIM = "PersistentVolumeClaim"
_GENERATED, _MOST = 5, 58
"""A generated name: the last characters are random, and what stands before them is cut to so many."""
_STEPS = 3
"""Claims of claims: CDI fills one of its own first, which belongs to the one that is asked for."""


def brings_vddk(pod: RawPod, images: Collection[str]) -> bool:
    """Whether a container's name says VDDK, or its image is one that a provider uses."""
    return any(_brings(each, images) for each in (*pod.spec.init_containers, *pod.spec.containers))


def of_claim(pod: RawPod) -> bool:
    """Whether a pod belongs to a claim, as CDI's importers do: only its claim tells then of which plan it is."""
    return any(owner.kind == _CLAIM for owner in pod.metadata.owner_references)


def vddk_pod(pod: RawPod, images: Collection[str], owners: Owners) -> VddkPod:
    """One such pod."""
    plan = owners.plan(pod)
    return VddkPod(
        pod.metadata.namespace,
        pod.metadata.name,
        pod.metadata.uid,
        pod.status.phase,
        tuple(_containers(pod, images)),
        f"{plan.namespace}/{plan.name}" if plan else None,
        plan.provider if plan else owners.provider(pod),
    )


class Owners(Struct, frozen=True):
    """What tells whose a pod is: Forklift's plans, the addresses of providers, and claims by (namespace, name)."""

    plans: Sequence[PlanOf]
    urls: Mapping[ObjectKey, str]
    claims: Mapping[tuple[str, str], Claim] = {}

    def plan(self, pod: RawPod) -> PlanOf | None:
        """By the pod's own label, else by the job or the claim that it belongs to."""
        found = self._labelled(pod.metadata)
        if found:
            return found
        for owner in pod.metadata.owner_references:
            if owner.kind == "Job":
                return self._validated(pod.metadata.namespace, owner.name)
            if owner.kind == _CLAIM:
                return self._claimed(pod.metadata.namespace, owner.name)
        return None

    def provider(self, pod: RawPod) -> ObjectKey | None:
        """By the address that an importer reads from, where only one provider has it."""
        said = {
            each.value
            for container in pod.spec.containers
            for each in container.env
            if each.name == _ENDPOINT and each.value
        }
        found = [key for key, url in self.urls.items() if url in said]
        return found[0] if len(found) == 1 else None

    def _labelled(self, metadata: OwnedMetadata) -> PlanOf | None:
        uid = metadata.labels.get(_PLAN)
        found = [plan for plan in self.plans if uid and plan.uid == uid]
        found = found or [plan for plan in self.plans if uid and plan.name == uid]
        return found[0] if len(found) == 1 else None

    def _validated(self, namespace: str, job: str) -> PlanOf | None:
        """The plan of a validation job: pods of it have no labels of the plan, but its name begins with the plan's."""
        stem = job[:-_GENERATED]
        found = [
            plan
            for plan in self.plans
            if plan.target == namespace and f"{_VALIDATOR}{plan.name}"[:_MOST] == stem
        ]
        return found[0] if len(found) == 1 else None

    def _claimed(self, namespace: str, name: str) -> PlanOf | None:
        for _ in range(_STEPS):
            claim = self.claims.get((namespace, name))
            if claim is None:
                return None
            found = self._labelled(claim.metadata)
            above = [each.name for each in claim.metadata.owner_references if each.kind == _CLAIM]
            if found or not above:
                return found
            name = above[0]
        return None


def _brings(container: Container, images: Collection[str]) -> bool:
    return _WORD in container.name.lower() or container.image in images


def _containers(pod: RawPod, images: Collection[str]) -> Iterator[VddkContainer]:
    """Those that bring VDDK, then those that share a volume with them: all others, where none does."""
    every = (*pod.spec.init_containers, *pod.spec.containers)
    bringing = [each for each in every if _brings(each, images)]
    volumes = {mount.name for each in bringing for mount in each.volume_mounts}
    others = [each for each in pod.spec.containers if each not in bringing]
    sharing = [each for each in others if volumes & {mount.name for mount in each.volume_mounts}]
    states = {
        each.name: each for each in (*pod.status.init_container_statuses, *pod.status.container_statuses)
    }
    for each in bringing:
        yield _container(each.name, states.get(each.name), pod.status.phase, brings=True)
    for each in sharing or others:
        yield _container(each.name, states.get(each.name), pod.status.phase, brings=False)


def _container(name: str, status: ContainerStatus | None, phase: str, *, brings: bool) -> VddkContainer:
    state = status.state if status else None
    restarts = status.restart_count if status else 0
    if state and state.terminated:
        ended = state.terminated
        failed = (ended.reason or "Error") if ended.exit_code else ""
        return VddkContainer(name, brings, "ended", failed, _message(ended), begun=True, restarts=restarts)
    if state and state.running:
        return VddkContainer(name, brings, "running", begun=True, restarts=restarts)
    why = state.waiting if state and state.waiting else Why()
    standing: Standing = "ended" if phase in OVER else "waiting"  # it never began, and never will
    return VddkContainer(
        name, brings, standing, why.reason, why.message, begun=restarts > 0, restarts=restarts
    )


def _message(ended: Why) -> str:
    code = f"exit code {ended.exit_code}" if ended.exit_code else ""
    return ended.message or code
