"""The spec as models: what ``site.yaml`` may say.

Leaving a key out means *not managed*; ``null`` (or ``inherit`` for an image) means *make sure it is unset*.
The two are told apart by ``model_fields_set``, through :meth:`ControllerSpec.manages` and
:meth:`ProviderSpec.manages`.

The docstrings of models and fields are also the descriptions in the JSON Schema, which editors show.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from vddkctl.site.texts import Date, Expect, ImageName, KubeName, Sha256, SiteName, Tag, Text, Url

Preset = Literal["small", "medium", "large", "xlarge"]
Builder = Literal["native", "auto", "podman", "docker"]

DEFAULT_BASE = "registry.access.redhat.com/ubi8/ubi-minimal:8.10"
"""The base that the usual Dockerfile for VDDK images starts from."""

NATIVE = "native"
"""The builder that needs nothing installed."""

INHERIT = "inherit"
"""As a provider's ``vddkImage``: make sure that the provider has no override of its own."""


class Model(BaseModel):
    """Common ground: frozen, camelCase keys, unknown keys refused, no silent conversions."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        populate_by_name=True,
        defer_build=True,
    )


class Metadata(Model):
    """Who this site is."""

    name: SiteName
    """Names the record, the lock and the reports. Lower-case letters, digits, ``-`` and ``.``."""


class ClusterSpec(Model):
    """Where Forklift's settings live: a kubeconfig context, or a folder of manifests."""

    context: Text | None = None
    """A kubeconfig context; the current one, or the one inside the cluster, when left out."""
    manifests: Text | None = None
    """A folder of Forklift YAML that is kept in Git. Excludes ``context``."""
    namespace: KubeName | None = None
    """Where Forklift lives. Left out: where the one ForkliftController is."""


class RegistrySettings(Model):
    """What differs from the defaults for one registry, by its host (and port)."""

    ca_file: Text | None = None
    """A PEM file with the authority that signed the registry's certificate."""
    client_certificate_file: Text | None = None
    """A PEM file with the certificate shown to the registry. Needs ``clientKeyFile``."""
    client_key_file: Text | None = None
    """The key of ``clientCertificateFile``."""
    tls: Literal["verify", "skip-verify", "plain-http"] = "verify"
    """``skip-verify`` takes any certificate; ``plain-http`` uses no TLS at all."""


class ArchiveSpec(Model):
    """The vendor's archive."""

    path: Text
    """Relative to the spec's folder; ``~`` and ``${VAR}`` are expanded."""
    sha256: Sha256 | None = None
    """Binds: another file at ``path`` is refused. 64 hex digits, as ``sha256sum`` prints them."""


class ImageSpec(Model):
    """One VDDK image."""

    archive: ArchiveSpec
    """The vendor's archive that the image is made of."""
    repository: Text
    """``host/path`` in a registry, or ``oci:./folder``, an OCI image layout. No tag here."""
    tag: Tag
    """The image's tag. In quotes where it looks like a number."""
    platforms: Annotated[
        tuple[Text, ...], Field(min_length=1), Expect("a list of platforms such as [linux/amd64]")
    ] = ("linux/amd64",)
    """``os/architecture``. VDDK is made for ``linux/amd64`` alone."""
    base: Text = DEFAULT_BASE
    """The image below the archive's layer. By tag it is floating, and warned about: an image stays on what the tag
    named when it was first made, unless ``followBase`` says otherwise."""
    follow_base: bool = False
    """Make the image anew when the tag of ``base`` moves. For a base without digest."""
    builder: Builder = "native"
    """What builds the image: ``native`` needs nothing installed, and gives the same bytes everywhere."""
    dockerfile: Text | None = None
    """Build with this Dockerfile. Needs ``podman`` or ``docker``."""
    build_dir: Text | None = None
    """Where the build may put its working files."""
    build_args: Annotated[dict[str, str], Expect("{NAME: text}")] = {}
    """Arguments for the Dockerfile. They end up in the image's history: nothing secret."""
    cluster_repository: Text | None = None
    """What the cluster pulls this image from, where that differs from ``repository`` (an OCI layout that is
    carried to a registry inside the site)."""
    allow_platform_mismatch: bool = False
    """Build for a platform that the archive's libraries are not made for."""


class ControllerSpec(Model):
    """The ForkliftController: the default for every provider without an override."""

    vddk_image: Annotated[str | None, Expect("the name of an image, a full reference, or null")] = None
    """The name of a declared image, a full reference, or null: make sure that none is set."""

    def manages(self, field: str) -> bool:
        """Whether the spec says anything about this field (null counts)."""
        return field in self.model_fields_set


class BufferSizes(Model):
    """Buffers of one NFC AIO session, spelled out. 0 leaves the choice to the library."""

    size_in_64k: Annotated[
        int, Field(ge=0, le=65536, alias="sizeIn64K"), Expect("a whole number from 0 to 65536")
    ]
    """Size of one buffer, in units of 64 KiB."""
    count: Annotated[int, Field(ge=0, le=1024), Expect("a whole number from 0 to 1024")]
    """How many buffers."""


class ValueFrom(Model):
    """Where a secret value comes from: one of the two. It is read late and never printed."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["env"]}, {"required": ["file"]}]})

    env: Text | None = None
    """The name of an environment variable."""
    file: Text | None = None
    """A file that holds the value alone."""


class Credentials(Model):
    """How to log in to vCenter."""

    username: Annotated[ValueFrom, Expect("{env: NAME} or {file: PATH}")]
    """Where the user's name comes from."""
    password: Annotated[ValueFrom, Expect("{env: NAME} or {file: PATH}")]
    """Where the password comes from."""


class CreateSpec(Model):
    """A provider that does not exist yet."""

    url: Url
    """vCenter's address, with ``/sdk``."""
    credentials: Credentials
    """How to log in."""
    ca_file: Text | None = None
    """A PEM file with the authority that signed vCenter's certificate."""
    insecure_skip_verify: bool = False
    """Take any certificate from vCenter."""


class ProviderSpec(Model):
    """Settings of one vSphere provider, or of every one that a rule matches."""

    vddk_image: Annotated[str | None, Expect("the name of an image, a full reference, inherit or null")] = (
        None
    )
    """The name of a declared image, a full reference, or ``inherit`` (or null): make sure that there is no
    override."""
    aio: Annotated[bool | None, Expect("true, false or null")] = None
    """VDDK's asynchronous I/O. null: make sure it is unset."""
    buffers: Annotated[
        Preset | BufferSizes | None,
        Expect("a preset (small, medium, large, xlarge), null, or {sizeIn64K, count}"),
    ] = None
    """Buffers of one session: a preset by disk size (small under 50 GB, medium to 200, large to 500, xlarge
    above), or spelled out. They act with ``aio: true`` only. null: make sure they are unset."""
    create: CreateSpec | None = None
    """Create this provider where it does not exist. Not in a rule."""

    def manages(self, field: str) -> bool:
        """Whether the spec says anything about this field (null counts)."""
        return field in self.model_fields_set


class PullSecretSpec(Model):
    """A dockerconfigjson Secret, and the service accounts that use it."""

    registry: Text
    """The registry's host (and port) that the secret logs in to."""
    namespaces: Annotated[tuple[KubeName, ...], Field(min_length=1), Expect("a list of namespaces")]
    """Where the secret is wanted: pulls use the target namespace of a migration plan."""
    service_accounts: Annotated[tuple[KubeName, ...], Expect("a list of service accounts")] = ()
    """The service accounts, in each namespace, that pull with it."""


class OffloadSpec(Model):
    """Storage offload for one datastore."""

    vendor: Text
    """The storage product, as Forklift's StorageMap calls it."""
    secret: KubeName
    """The Secret with the storage's credentials."""


class StorageMapSpec(Model):
    """Offload entries of an existing storage map, by datastore."""

    offload: dict[str, OffloadSpec]
    """Offload settings, by datastore."""


class Policy(Model):
    """What vddkctl may do, and what it must refuse."""

    pin: Literal["digest", "tag"] = "digest"
    """What is written into the cluster. A tag that is pushed again is neither validated nor pulled again."""
    public_registry: Literal["deny", "warn", "allow"] = "deny"
    """VDDK's licence does not let everybody have it: what to do about a registry that is public."""
    conflicts: Literal["report", "take"] = "report"
    """What to do about a field that another manager owns."""
    active_migrations: Literal["refuse", "wait", "ignore"] = "refuse"
    """What to do while a migration runs, since a change of the controller restarts its pod. Where it is written,
    whoever may not see the migrations of all namespaces cannot apply such a change."""


class IgnoreSpec(Model):
    """Something that others may change for a while, without being reported as drift."""

    address: Text
    """Which address, or a glob over addresses: ``"provider.*/edge-*"``."""
    fields: Annotated[tuple[Text, ...], Expect("a list of fields such as [vddkConfig]")] = ()
    """Which fields, by their names, paths or globs. Left out: all of them, and the loss of the whole object, too."""
    reason: Text
    """Why. It is told with what is ignored."""
    until: Date
    """The last day on which it counts. After that day it is an alarm by itself, until it is renewed or taken out."""


class DriftSpec(Model):
    """What ``drift`` does not report. It changes nothing of what ``plan`` and ``apply`` do."""

    ignore: Annotated[tuple[IgnoreSpec, ...], Expect("a list of {address, fields, reason, until}")] = ()
    """What others may change for a while."""
    managed_fields_managers: Annotated[tuple[Text, ...], Expect("a list of field managers")] = ()
    """Field managers (globs) whose changes are no drift: those who are meant to write, too."""


class Site(Model):
    """A site: its VDDK images, and the settings of Forklift that use them."""

    api_version: Literal["vddkctl.dev/v1alpha1"]
    """The version of this format."""
    kind: Literal["Site"]
    """Always ``Site``."""
    metadata: Metadata
    """Who this site is."""
    cluster: ClusterSpec = ClusterSpec()
    """Where Forklift's settings live: a kubeconfig context, or a folder of manifests."""
    registries: dict[str, RegistrySettings] = {}
    """What differs from the defaults, by a registry's host (and port)."""
    images: dict[ImageName, ImageSpec] = {}
    """VDDK images, by the names that the rest of the spec uses for them."""
    controller: ControllerSpec = ControllerSpec()
    """The ForkliftController: the default for every provider without an override."""
    providers: dict[str, ProviderSpec] = {}
    """Settings by provider: ``name``, ``namespace/name``, or a rule such as ``"edge-*"``. A name wins over a
    rule."""
    pull_secrets: dict[KubeName, PullSecretSpec] = {}
    """Secrets that let clusters pull the images, by name."""
    storage_maps: dict[KubeName, StorageMapSpec] = {}
    """Storage offload, by the name of the storage map."""
    policy: Policy = Policy()
    """What vddkctl may do, and what it must refuse."""
    drift: DriftSpec = DriftSpec()
    """What others may change without being reported."""
