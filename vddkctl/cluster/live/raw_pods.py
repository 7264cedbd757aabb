"""Pods and claims as the API gives them; only what is looked at is read."""

from __future__ import annotations

from msgspec import Struct, field


class Owner(Struct, frozen=True):
    """What an object belongs to."""

    kind: str = ""
    name: str = ""


class OwnedMetadata(Struct, frozen=True, rename="camel"):
    """Metadata with owners."""

    name: str
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    owner_references: tuple[Owner, ...] = ()


class Mount(Struct, frozen=True):
    """Where a container has a volume."""

    name: str = ""


class Variable(Struct, frozen=True):
    """A variable of a container's environment; ``value`` is empty where it comes from elsewhere."""

    name: str = ""
    value: str = ""


class Container(Struct, frozen=True, rename="camel"):
    """A container of a pod's specification."""

    name: str
    image: str = ""
    env: tuple[Variable, ...] = ()
    volume_mounts: tuple[Mount, ...] = ()


class PodSpec(Struct, frozen=True, rename="camel"):
    """What runs in a pod."""

    init_containers: tuple[Container, ...] = ()
    containers: tuple[Container, ...] = ()


class Why(Struct, frozen=True, rename="camel"):
    """Why a container waits, or how it has ended."""

    reason: str = ""
    message: str = ""
    exit_code: int = 0


class ContainerState(Struct, frozen=True):
    """Exactly one is set."""

    waiting: Why | None = None
    running: Why | None = None
    terminated: Why | None = None


class ContainerStatus(Struct, frozen=True, rename="camel"):
    """How a container fares."""

    name: str
    state: ContainerState = field(default_factory=ContainerState)
    restart_count: int = 0


class PodStatus(Struct, frozen=True, rename="camel"):
    """How a pod fares."""

    phase: str = ""
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()


class RawPod(Struct, frozen=True):
    """A pod."""

    metadata: OwnedMetadata
    spec: PodSpec = field(default_factory=PodSpec)
    status: PodStatus = field(default_factory=PodStatus)


class Claim(Struct, frozen=True):
    """A PersistentVolumeClaim."""

    metadata: OwnedMetadata
