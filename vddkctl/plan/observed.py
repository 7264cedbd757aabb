"""What the world looks like: the planner's second input. ``observe/`` fills it; nothing here reads anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

from vddkctl.errors import VddkctlError
from vddkctl.plan.record import Record, found_so
from vddkctl.plan.secret_work import SecretWork
from vddkctl.vddk.archive import ArchiveFacts, LayerFacts

Kind = Literal["ForkliftController", "Provider", "Secret", "ServiceAccount", "StorageMap"]

PREFIXES: Mapping[Kind, str] = {
    "ForkliftController": "controller",
    "Provider": "provider",
    "Secret": "secret",
    "ServiceAccount": "serviceaccount",
    "StorageMap": "storagemap",
}
"""How an address begins, by kind."""


class ObjectKey(Struct, frozen=True, order=True):
    """Which object. Its address is ``controller.…`` or ``provider.…``, by kind."""

    kind: Kind
    namespace: str
    name: str

    @property
    def address(self) -> str:
        """``provider.openshift-mtv/vsphere-prod``."""
        return f"{PREFIXES[self.kind]}.{self.namespace}/{self.name}"


class FieldOwner(Struct, frozen=True):
    """Who last set a field, since when (RFC 3339), and where it stands (``providers.yaml:14``), as far as known."""

    manager: str | None = None
    since: str | None = None
    where: str | None = None


class LiveObject(Struct, frozen=True):
    """One object as it is now.

    ``spec`` is its whole ``spec``; of a service account, ``imagePullSecrets`` with the names of its secrets.
    ``resource_version`` changes whenever the object's content does.
    ``owners`` is keyed by dotted field path (``spec.settings.vddkInitImage``). ``where`` names the object's place
    for people: ``providers.yaml:12`` in a folder, empty in a live cluster. ``owned`` are fields that the place itself
    knows to be this site's (by their managers in a live cluster, none in a folder), ``other_sites`` those of others; of
    entries of lists, too. ``claims`` is what the records of other sites have of its fields: field → site → values.
    ``uid`` tells an object of a live cluster from another one of the same name.
    """

    key: ObjectKey
    spec: Mapping[str, Any]
    resource_version: str
    where: str = ""
    owners: Mapping[str, FieldOwner] = field(default_factory=dict)
    owned: frozenset[str] = frozenset()
    other_sites: frozenset[str] = frozenset()
    claims: Mapping[str, Mapping[str, tuple[Any, ...]]] = field(default_factory=dict)
    uid: str = ""

    def owner_of(self, path: str) -> FieldOwner | None:
        """Who has set a field; of one that has parts with owners of their own, the last of these."""
        below = f"{path}."
        parts = [owner for each, owner in self.owners.items() if each.startswith(below)]
        return self.owners.get(path) or max(parts, key=lambda owner: owner.since or "", default=None)

    def others_set(self, path: str) -> bool:
        """Whether another site has set this, and not found it so."""
        return path in self.other_sites and found_so(path) not in self.other_sites


class Problem(Struct, frozen=True):
    """A condition that Forklift reports and that is about VDDK or a provider: its type, category and message."""

    type: str
    category: str
    message: str


class MigrationPlan(Struct, frozen=True):
    """One of Forklift's own plans: where it migrates from and to, and what it says about VDDK."""

    namespace: str
    name: str
    target_namespace: str
    provider: ObjectKey
    problems: tuple[Problem, ...] = ()


class Migration(Struct, frozen=True):
    """A migration that runs, of the provider whose machines it moves (None: not known)."""

    namespace: str
    name: str
    provider: ObjectKey | None = None


class Unsettled(Struct, frozen=True):
    """Something that is written and not in effect. ``stays``: waiting alone will hardly change that.

    ``image`` is what Forklift's controller uses where its object names none any more, and ``where`` that comes from.
    """

    address: str
    what: str
    stays: bool = False
    image: str = ""
    where: str = ""


class Activity(Struct, frozen=True):
    """What Forklift is at: its plans that are not archived, and the migrations that run."""

    plans: tuple[MigrationPlan, ...] = ()
    migrations: tuple[Migration, ...] = ()


class ObservedSecret(Struct, frozen=True):
    """A Secret that the spec declares, compared with what is there. No value is ever in it.

    ``differing`` are keys of which the value is another, or missing, ``lacking`` the missing ones; ``unknown`` says
    why nothing can be compared here. ``owners`` are others who have set a key. ``other_type`` is the type that it has
    instead of the one that it must have. ``labels`` are those that are to be written, each as it is now, and
    ``label_owners`` are others who have set them. ``ours``: vddkctl has written it.
    """

    work: SecretWork
    exists: bool
    differing: tuple[str, ...] = ()
    resource_version: str = ""
    unknown: str = ""
    owners: Mapping[str, FieldOwner] = field(default_factory=dict)
    lacking: frozenset[str] = frozenset()
    other_type: str = ""
    labels: Mapping[str, str | None] = field(default_factory=dict)
    label_owners: Mapping[str, FieldOwner] = field(default_factory=dict)
    ours: bool = False


class Unread(Struct, frozen=True):
    """A place that may hold objects and was passed by, and why."""

    where: str
    why: str


class ClusterState(Struct, frozen=True):
    """Every object of the kinds that were asked for. ``namespace`` is the one Forklift lives in (given or found).

    ``live``: fields have managers there, and an object's version changes with things that are not ours. ``alone``: this
    site has or had a record there, no other has one, and that is known. ``others_known``: which fields are of other
    sites is known.
    ``unsettled`` is what Forklift has not taken in, or is not well. ``unseen`` are objects that this user may not get:
    whether they are there is not known. ``here_alone`` are kinds (Provider, Migration) of which those of other
    namespaces were not seen, but for objects that were asked for by name.
    """

    namespace: str
    controllers: tuple[LiveObject, ...]
    providers: tuple[LiveObject, ...]
    unread: tuple[Unread, ...] = ()
    live: bool = False
    alone: bool = False
    others_known: bool = False
    accounts: tuple[LiveObject, ...] = ()
    storage_maps: tuple[LiveObject, ...] = ()
    plans: tuple[MigrationPlan, ...] = ()
    migrations: tuple[Migration, ...] = ()
    unsettled: tuple[Unsettled, ...] = ()
    unseen: tuple[ObjectKey, ...] = ()
    here_alone: frozenset[str] = frozenset()

    @property
    def forklift(self) -> str | None:
        """The UID of the controller: it tells a live cluster from others. None where there is none."""
        found = self.controller_for(self.namespace)
        return found.uid or None if found else None

    def controller_for(self, namespace: str) -> LiveObject | None:
        """The ForkliftController whose image the providers of a namespace get; None where that cannot be told.

        The one beside them, where another Forklift lives there, else that of Forklift's own namespace.
        """
        beside = [each for each in self.controllers if each.key.namespace == namespace]
        found = beside or [each for each in self.controllers if each.key.namespace == self.namespace]
        return found[0] if len(found) == 1 else None


class EngineBuild(Struct, frozen=True):
    """How an engine is to build an image: which one, of what (the digest of all inputs), on which bases.

    ``restores``: it need not, since the image that was last made of these inputs is still in its repository.
    """

    engine: str
    inputs: str
    bases: Mapping[str, str]
    restores: bool = False


class BuiltImage(Struct, frozen=True):
    """The image that the spec asks for, computed without pushing it."""

    digest: str
    """Of the manifest, or of the index where there are several platforms. Not known before an engine has built it."""
    size: int
    """Bytes to push at the most: all blobs together."""
    base_digest: str
    layer: LayerFacts | None
    """None: only the engine that builds it knows."""
    archive: ArchiveFacts
    archive_path: str
    """As a person would recognise it (the spec's own words)."""
    engine: EngineBuild | None = None
    """None: it is built natively."""


class ObservedBase(Struct, frozen=True):
    """The base that an image is to stand on, by ``digest``.

    ``floating``: the spec names it by tag. ``newer`` is what that tag names now, where the image does not follow it.
    ``name`` is the base in the words of a Dockerfile; None for the spec's own.
    """

    digest: str
    floating: bool = False
    newer: str | None = None
    name: str | None = None


class PushedImage(Struct, frozen=True):
    """What a tag names now. All but its digest is what the image says of itself, and only known where it matters."""

    digest: str
    archive_sha256: str | None = None
    base_digest: str | None = None
    incomplete: bool = False
    """A part of what the tag names is missing."""
    version: str | None = None
    created: str | None = None
    index: bool = False
    """It is an index, whose base is one, too."""


class ObservedImage(Struct, frozen=True):
    """One declared image: the ``digest`` its tag should name, and what is there (``pushed`` None: nothing).

    ``built`` is None when the image cannot be made on this machine. Without ``error`` it need not be: the tag names
    it already. Otherwise ``error`` says why, and ``digest`` is what was last applied, which is all that drift needs.
    """

    digest: str
    pushed: PushedImage | None
    built: BuiltImage | None = None
    error: VddkctlError | None = None
    base: ObservedBase | None = None
    inputs: str | None = None
    """Of an image that an engine builds: the digest of all that it is built of."""


class Observed(Struct, frozen=True):
    """Everything the plan is computed from, besides the site.

    ``images`` is keyed by the spec's image names. ``default_image`` is ``MTV_VDDK_INIT_IMAGE``, if set.
    ``folder`` is the spec's own, where relative paths start. ``record_fault``: why the record cannot be used.
    ``long_after``: the last run is so long ago that providers have settled. ``pulls``: of Secrets that are not this
    site's, which of its registries they log in at; one that was not seen is not in it.
    """

    cluster: ClusterState
    images: Mapping[str, ObservedImage]
    record: Record | None = None
    default_image: str | None = None
    cluster_name: str = ""
    folder: str = ""
    secrets: Mapping[ObjectKey, ObservedSecret] = field(default_factory=dict)
    record_fault: VddkctlError | None = None
    long_after: bool = False
    pulls: Mapping[ObjectKey, frozenset[str]] = field(default_factory=dict)
