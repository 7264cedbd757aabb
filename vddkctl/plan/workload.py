"""Pods in which VDDK runs, or ran: whose they are, and how they fare."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from vddkctl.plan.observed import ObjectKey

Standing = Literal["waiting", "running", "ended"]

_ON_ITS_WAY = frozenset({"", "PodInitializing", "ContainerCreating", "Completed"})
OVER = frozenset({"Succeeded", "Failed"})
"""Phases of a pod that will not run any more."""


class PlanOf(Struct, frozen=True):
    """One of Forklift's plans, as far as pods are told by it; ``provider`` is its source."""

    namespace: str
    name: str
    uid: str
    provider: ObjectKey
    target: str


class VddkContainer(Struct, frozen=True):
    """A container that brings VDDK (``brings``: the init container of its image), or one that uses it.

    ``reason`` and ``message`` are Kubernetes' own words on why it waits or has ended. ``begun``: it has a log;
    ``restarts`` counts how often it was begun again.
    """

    name: str
    brings: bool
    standing: Standing
    reason: str = ""
    message: str = ""
    begun: bool = False
    restarts: int = 0

    @property
    def trouble(self) -> str:
        """``ErrImagePull``: why it does not do what it should; empty while all is well."""
        return "" if self.reason in _ON_ITS_WAY else self.reason


class VddkPod(Struct, frozen=True):
    """One pod. ``plan`` is ``namespace/name`` of Forklift's plan; it and ``provider`` are None where nothing tells."""

    namespace: str
    name: str
    uid: str
    phase: str
    containers: tuple[VddkContainer, ...]
    plan: str | None = None
    provider: ObjectKey | None = None

    @property
    def trouble(self) -> VddkContainer | None:
        """The first container that does not do what it should."""
        return next((each for each in self.containers if each.trouble), None)

    @property
    def over(self) -> bool:
        """Whether nothing of it will be heard any more."""
        return self.phase in OVER or all(each.standing == "ended" for each in self.containers)
