"""The spec as models: what ``site.yaml`` may say.

Leaving a key out means *not managed*; ``null`` (or ``inherit`` for an image) means *make sure it is unset*.
The two are told apart by ``model_fields_set``, through :meth:`ControllerSpec.manages` and
:meth:`ProviderSpec.manages`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Preset = Literal["small", "medium", "large", "xlarge"]
Builder = Literal["native", "auto", "podman", "docker"]

DEFAULT_BASE = "registry.access.redhat.com/ubi8/ubi-minimal:8.10"
"""The base that the usual Dockerfile for VDDK images starts from."""

INHERIT = "inherit"
"""As a provider's ``vddkImage``: make sure that the provider has no override of its own."""


class Model(BaseModel):
    """Common ground: frozen, camelCase keys, unknown keys refused, no silent conversions."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=True
    )


class Metadata(Model):
    """Who this site is."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$")]
    """Names the record, the lock and the reports. Lower case letters, digits, ``-`` and ``.``."""


class ClusterSpec(Model):
    """Where Forklift's settings live: a kubeconfig context, or a folder of manifests."""

    context: str | None = None
    """A kubeconfig context; the current one, or the one inside the cluster, when left out."""
    manifests: str | None = None
    """A folder of Forklift YAML that is kept in Git. Excludes ``context``."""
    namespace: str | None = None
    """Where Forklift lives. Left out: where the one ForkliftController is."""


class RegistrySettings(Model):
    """What differs from the defaults for one registry, by its host (and port)."""

    ca_file: str | None = None
    client_certificate_file: str | None = None
    client_key_file: str | None = None
    tls: Literal["verify", "skip-verify", "plain-http"] = "verify"


class ArchiveSpec(Model):
    """The vendor's archive."""

    path: str
    """Relative to the spec's folder; ``~`` and ``${VAR}`` are expanded."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """Binds: another file at ``path`` is refused."""


class ImageSpec(Model):
    """One VDDK image."""

    archive: ArchiveSpec
    repository: str
    """``host/path`` in a registry, or ``oci:./folder``, an OCI image layout."""
    tag: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")]
    platforms: Annotated[tuple[str, ...], Field(min_length=1)] = ("linux/amd64",)
    base: str = DEFAULT_BASE
    """The image below the archive's layer. By tag it is floating, and warned about."""
    builder: Builder = "native"
    dockerfile: str | None = None
    build_dir: str | None = None
    build_args: dict[str, str] = {}
    cluster_repository: str | None = None
    """What the cluster pulls this image from, where that differs from ``repository`` (an OCI layout that is
    carried to a registry inside the site)."""
    allow_platform_mismatch: bool = False
    """Build for a platform that the archive's libraries are not made for."""


class ControllerSpec(Model):
    """The ForkliftController: the default for every provider without an override."""

    vddk_image: str | None = None
    """The name of a declared image, a full reference, or null."""

    def manages(self, field: str) -> bool:
        """Whether the spec says anything about this field (null counts)."""
        return field in self.model_fields_set


class BufferSizes(Model):
    """Buffers of one NFC AIO session, spelled out. 0 leaves the choice to the library."""

    size_in_64k: Annotated[int, Field(ge=0, le=65536, alias="sizeIn64K")]
    """Size of one buffer, in units of 64 KiB."""
    count: Annotated[int, Field(ge=0, le=1024)]
    """How many buffers."""


class ValueFrom(Model):
    """Where a secret value comes from: one of the two. It is read late and never printed."""

    env: str | None = None
    file: str | None = None


class Credentials(Model):
    """How to log in to vCenter."""

    username: ValueFrom
    password: ValueFrom


class CreateSpec(Model):
    """A provider that does not exist yet."""

    url: str
    credentials: Credentials
    ca_file: str | None = None
    insecure_skip_verify: bool = False


class ProviderSpec(Model):
    """Settings of one vSphere provider, or of every one that a rule matches."""

    vddk_image: str | None = None
    """The name of a declared image, a full reference, ``inherit`` or null."""
    aio: bool | None = None
    buffers: Preset | BufferSizes | None = None
    create: CreateSpec | None = None

    def manages(self, field: str) -> bool:
        """Whether the spec says anything about this field (null counts)."""
        return field in self.model_fields_set


class PullSecretSpec(Model):
    """A dockerconfigjson Secret, and the service accounts that use it."""

    registry: str
    namespaces: tuple[str, ...]
    service_accounts: tuple[str, ...] = ()


class OffloadSpec(Model):
    """Storage offload for one datastore."""

    vendor: str
    secret: str


class StorageMapSpec(Model):
    """Offload entries of an existing storage map, by datastore."""

    offload: dict[str, OffloadSpec]


class Policy(Model):
    """What vddkctl may do, and what it must refuse."""

    pin: Literal["digest", "tag"] = "digest"
    public_registry: Literal["deny", "warn", "allow"] = "deny"
    conflicts: Literal["report", "take"] = "report"
    active_migrations: Literal["refuse", "wait", "ignore"] = "refuse"


class Site(Model):
    """A whole spec."""

    api_version: Literal["vddkctl.dev/v1alpha1"]
    kind: Literal["Site"]
    metadata: Metadata
    cluster: ClusterSpec = ClusterSpec()
    registries: dict[str, RegistrySettings] = {}
    images: dict[str, ImageSpec] = {}
    controller: ControllerSpec = ControllerSpec()
    providers: dict[str, ProviderSpec] = {}
    pull_secrets: dict[str, PullSecretSpec] = {}
    storage_maps: dict[str, StorageMapSpec] = {}
    policy: Policy = Policy()
