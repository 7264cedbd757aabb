"""Whose pods are meant: ``provider/NAME``, ``plan/NAME``, each also with a namespace, or a provider's name."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec import Struct

from vddkctl.errors import PlanError
from vddkctl.plan.observed import ObjectKey
from vddkctl.plan.workload import PlanOf, VddkPod

_KINDS = {"provider": "provider", "providers": "provider", "plan": "plan", "plans": "plan"}


class Meant(Struct, frozen=True):
    """What was typed, taken apart."""

    kind: str
    namespace: str | None
    name: str


class Chosen(Struct, frozen=True):
    """The one plan or provider that is meant."""

    kind: str
    namespace: str
    name: str

    def pods(self, pods: Iterable[VddkPod]) -> list[VddkPod]:
        """Those of it."""
        return [pod for pod in pods if self._is_of(pod)]

    def _is_of(self, pod: VddkPod) -> bool:
        if self.kind == "plan":
            return pod.plan == f"{self.namespace}/{self.name}"
        return pod.provider == ObjectKey("Provider", self.namespace, self.name)


def chosen(text: str, home: str, providers: Collection[ObjectKey], plans: Collection[PlanOf]) -> Chosen:
    """The plan or the vSphere provider of that name. Raises :class:`~vddkctl.errors.PlanError` where there is none.

    Of several, that in ``home`` is meant, Forklift's namespace.
    """
    meant = meaning(text)
    keys: Collection[ObjectKey | PlanOf] = plans if meant.kind == "plan" else providers
    there = [(each.namespace, each.name) for each in keys]
    found = [each for each in there if each[1] == meant.name and meant.namespace in (None, each[0])]
    here = [each for each in found if each[0] == home]
    if len(here) == 1 or len(found) == 1:
        return Chosen(meant.kind, *(here or found)[0])
    kind = "vSphere provider" if meant.kind == "provider" else "plan"
    known = ", ".join(f"{meant.kind}/{namespace}/{name}" for namespace, name in sorted(found or there)[:10])
    if found:
        raise PlanError(f"several {kind}s are named {meant.name}", hint=f"say which: {known}")
    raise PlanError(f"no {kind} {meant.name}", hint=f"there are: {known or 'none'}")


def meaning(text: str) -> Meant:
    """Take a target apart: ``plan/wave-1``, ``plan/ns/wave-1``, ``plan.ns/wave-1``, ``ns/prod``, ``prod``."""
    first, slash, rest = text.partition("/")
    if slash and first in _KINDS:
        namespace, _, name = rest.rpartition("/")
        return Meant(_KINDS[first], namespace or None, name)
    kind, dot, namespace = first.partition(".")
    if slash and dot and kind in _KINDS:
        return Meant(_KINDS[kind], namespace, rest)
    return Meant("provider", first if slash else None, rest if slash else text)
