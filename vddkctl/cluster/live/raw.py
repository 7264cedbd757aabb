"""Objects as the API gives them; only what is looked at is read."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field


class ManagedFields(Struct, frozen=True, rename="camel"):
    """Which fields a manager has set, and when (Kubernetes, "Field Management")."""

    manager: str = ""
    operation: str = ""
    time: str | None = None
    subresource: str = ""
    fields_v1: dict[str, Any] = field(default_factory=dict, name="fieldsV1")


class Metadata(Struct, frozen=True, rename="camel"):
    """What every object has."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    labels: dict[str, str] = field(default_factory=dict)
    managed_fields: tuple[ManagedFields, ...] = ()
    deletion_timestamp: str | None = None


class Condition(Struct, frozen=True, rename="camel"):
    """What a controller found out about an object."""

    type: str = ""
    status: str = ""
    category: str = ""
    reason: str = ""
    message: str = ""


class ObjectStatus(Struct, frozen=True, rename="camel"):
    """Where a controller is with an object."""

    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()


class RawObject(Struct, frozen=True, rename="camel"):
    """One of Forklift's objects."""

    metadata: Metadata
    spec: dict[str, Any] = field(default_factory=dict)
    status: ObjectStatus | None = None


class Account(Struct, frozen=True, rename="camel"):
    """A service account."""

    metadata: Metadata
    image_pull_secrets: tuple[dict[str, Any], ...] = ()


class Secret(Struct, frozen=True):
    """A Secret; its values are Base64."""

    metadata: Metadata
    type: str = ""
    data: dict[str, str] = field(default_factory=dict)


class ConfigMap(Struct, frozen=True, rename="camel"):
    """A ConfigMap; values of ``binary_data`` are Base64."""

    metadata: Metadata
    data: dict[str, str] = field(default_factory=dict)
    binary_data: dict[str, str] = field(default_factory=dict)


class ListMeta(Struct, frozen=True):
    """Where a list goes on."""

    continue_: str = field(default="", name="continue")
