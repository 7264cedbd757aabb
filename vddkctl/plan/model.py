"""A plan is data: what would change, why, and what has to hold for that. It renders and does nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

from msgspec import field

from vddkctl.plan.secret_work import SecretWork
from vddkctl.plan.wire import Wire

FORMAT_VERSION = "1.0"


class Action(StrEnum):
    """What happens to an address."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    """An image's tag is moved to other content."""
    RELEASE = "release"
    """Every field of the change is unset, and no longer owned."""


class Reason(StrEnum):
    """Why an address changes: one code a change, the most telling one."""

    ABSENT = "absent"
    DIFFERS = "differs"
    TAG_MOVED = "tag-moved"
    INCOMPLETE = "incomplete"
    ARCHIVE_CHANGED = "archive-changed"
    BASE_CHANGED = "base-changed"
    INPUTS_CHANGED = "inputs-changed"
    NOT_PINNED = "not-pinned"
    BROKEN_BUFFER_KEY = "broken-buffer-key"
    DECLARED_UNSET = "declared-unset"
    NO_LONGER_DECLARED = "no-longer-declared"


class Origin(StrEnum):
    """Where a difference comes from."""

    SPEC = "spec"
    """The spec asks for something that was not applied yet."""
    DRIFT = "drift"
    """Someone else changed what was applied."""
    BOTH = "both"
    """Someone else changed it, and the spec asks for a third value. Only ever said of a field."""


class FieldChange(Wire, frozen=True):
    """One field. ``before`` and ``after`` are None where it is (or will be) unset.

    ``owner`` and ``since`` (RFC 3339) say who set ``before`` and when, ``where`` in which file and line, as far as the
    place knows. ``sensitive`` values are not in the plan at all. ``conflict``: ``owner`` is another field manager, and
    the field is written only where the change says ``take``. ``applied`` is what was last applied, where ``origin`` is
    both: neither ``before`` nor ``after``.
    """

    path: str
    before: Any
    after: Any
    owner: str | None = None
    since: str | None = None
    where: str | None = None
    sensitive: bool = False
    origin: Origin = Origin.SPEC
    conflict: bool = False
    applied: Any = None


class Precondition(Wire, frozen=True):
    """What must still hold right before the write. For an image ``digest`` is what the tag names (None: nothing).

    ``uid`` tells a live object from one of the same name that was made after it was deleted.
    """

    resource_version: str | None = None
    digest: str | None = None
    uid: str | None = None


class ImageWork(Wire, frozen=True):
    """All that is needed to make and push an image, and what people want to know about it.

    ``spec`` is the image's own part of the site, by its keys there. Digests are ``sha256:<hex>``, sizes bytes.
    Where ``builder`` is an engine, ``inputs`` is the digest of all that it builds of, ``bases`` what its Dockerfile
    stands on, and ``digest`` is not known yet; but ``restores``: the image is still there, and only its tag is not.
    """

    name: str
    reference: str
    spec: Mapping[str, Any]
    digest: str
    base_digest: str
    size: int
    layer_digest: str
    layer_verbatim: bool
    archive_sha256: str
    archive_size: int
    version: str
    machine: str
    published: str | None = None
    builder: str = "native"
    inputs: str | None = None
    bases: Mapping[str, str] = field(default_factory=dict)
    restores: bool = False


class FoundImage(Wire, frozen=True):
    """What the image that a tag names now says of itself; None for what it does not say.

    ``created`` is RFC 3339. For people: another tool can have written anything.
    """

    version: str | None = None
    archive_sha256: str | None = None
    base_digest: str | None = None
    created: str | None = None


class Change(Wire, frozen=True):
    """One address that changes. ``image`` and ``secret`` are set for these only: no difference, but the way there.

    ``found`` is what a tag that moves names until then.
    ``reason`` is a :class:`Reason`, or a code of a newer version than this one. ``take``: fields of other managers are
    taken from them.
    """

    address: str
    action: Action
    reason: str
    origin: Origin
    fields: tuple[FieldChange, ...]
    precondition: Precondition
    depends_on: tuple[str, ...] = ()
    image: ImageWork | None = None
    found: FoundImage | None = None
    take: bool = False
    secret: SecretWork | None = None

    @property
    def conflicts(self) -> tuple[FieldChange, ...]:
        """Fields of other managers that are not to be taken."""
        return () if self.take else tuple(field for field in self.fields if field.conflict)


class PlanWarning(Wire, frozen=True):
    """Something a person should know before saying yes. Never a reason to stop."""

    code: str
    address: str
    message: str


class DeclaredImage(Wire, frozen=True):
    """One image of the spec: its tag, and the digest that tag names once the plan is done.

    ``pulled`` is what settings write for it.
    """

    reference: str
    tag: str
    digest: str
    pulled: str = ""


class Location(Wire, frozen=True):
    """Where the plan is to be carried out. ``folder`` is the spec's own: relative paths start there.

    ``registries`` is what the spec says of those that its images use, by host and by its keys there. ``manifests`` is a
    folder, else ``context`` names the live cluster. ``forklift``, the UID of its ForkliftController, tells it from
    others that are called by the same name.
    """

    folder: str
    namespace: str
    manifests: str | None = None
    context: str | None = None
    registries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    forklift: str | None = None


class Summary(Wire, frozen=True):
    """How many addresses there are of each action."""

    create: int = 0
    update: int = 0
    replace: int = 0
    release: int = 0
    unchanged: int = 0


class Plan(Wire, frozen=True):
    """Everything that would change, in an order in which it can be done.

    ``images`` are all declared ones, by address, whether they change or not. ``managed`` is what the
    record says once all is done: address → field → value. ``disowned`` are addresses the record may forget. Both are
    for the record alone, not for comparing with the world. ``gone`` are objects that
    something was applied to and that are no longer there. ``public_registry`` and
    ``active_migrations`` are the spec's policies; ``migrations_said``: the spec has the latter itself. ``kind`` says
    what the plan is for; a rollback goes ``back_to`` the state after that run.
    """

    tool: str
    site: str
    site_digest: str
    location: Location
    changes: tuple[Change, ...]
    unchanged: tuple[str, ...]
    warnings: tuple[PlanWarning, ...]
    images: Mapping[str, DeclaredImage] = field(default_factory=dict)
    managed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    disowned: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    public_registry: Literal["deny", "warn", "allow"] = "deny"
    active_migrations: Literal["refuse", "wait", "ignore"] = "refuse"
    migrations_said: bool = False
    kind: Literal["apply", "rollback", "heal"] = "apply"
    back_to: int = 0
    format_version: str = FORMAT_VERSION

    @property
    def summary(self) -> Summary:
        """Counts by action."""
        counts = {action.value: 0 for action in Action}
        for change in self.changes:
            counts[change.action.value] += 1
        return Summary(**counts, unchanged=len(self.unchanged))

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags of each declared digest, so that people recognise it."""
        tags: dict[str, list[str]] = {}
        for image in self.images.values():
            if image.tag not in tags.setdefault(image.digest, []):
                tags[image.digest].append(image.tag)
        return {digest: ", ".join(names) for digest, names in tags.items()}
