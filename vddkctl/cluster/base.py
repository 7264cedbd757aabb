"""The one interface to places where Forklift's settings live."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from msgspec import Struct, field

from vddkctl.plan.observed import Activity, ClusterState, FieldOwner, LiveObject, ObjectKey, Unsettled


class Wanted(Struct, frozen=True):
    """What to look at, besides controllers and providers.

    ``namespace`` is where Forklift lives, if the spec says so. ``accounts`` are service accounts; those of the same
    name in the target namespaces of Forklift's plans are looked at, too. ``effects``: whether what is written is in
    effect. ``providers`` are looked at one by one where not all can be listed.
    """

    namespace: str | None = None
    accounts: tuple[ObjectKey, ...] = ()
    storage_maps: bool = False
    effects: bool = False
    providers: tuple[ObjectKey, ...] = ()


class StoredSecret(Struct, frozen=True):
    """A Secret as it is: not to be kept or shown. ``owners`` are others who have set a key, by the key.

    ``label_owners`` are the same of labels. ``ours``: some of its values are as vddkctl has written them.
    ``type`` is empty where the place does not tell; a cluster never lets it be changed.
    """

    values: Mapping[str, bytes]
    resource_version: str
    owners: Mapping[str, FieldOwner]
    type: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    label_owners: Mapping[str, FieldOwner] = field(default_factory=dict)
    ours: bool = False

    def __repr__(self) -> str:
        """Without the values."""
        return f"StoredSecret({', '.join(self.values)})"


class FieldEdit(Struct, frozen=True):
    """One field to write. ``path`` is like ``("spec", "settings", "vddkInitImage")``; None unsets it."""

    path: tuple[str, ...]
    value: Any | None


class ObjectChange(Struct, frozen=True):
    """Edits of one object, valid only while it is at ``resource_version``.

    ``before`` is what the edited fields were when the plan was made, ``live`` the object as it was last looked at.
    ``declared`` are fields that the spec has and that do not change: where fields have managers, they are ours as well.
    ``take``: fields of other managers are taken from them. ``creates``: there must be no such object yet.
    """

    key: ObjectKey
    edits: tuple[FieldEdit, ...]
    resource_version: str
    before: tuple[Any, ...] = ()
    declared: tuple[tuple[str, ...], ...] = ()
    take: bool = False
    live: LiveObject | None = None
    creates: bool = False


class WriteOutcome(Struct, frozen=True):
    """What became of one :class:`ObjectChange`. ``error`` is None when it is written."""

    key: ObjectKey
    error: Exception | None = None


class Cluster(Protocol):
    """Settings by object. Every method raises :class:`~vddkctl.errors.ClusterError` when the place fails."""

    @property
    def name(self) -> str:
        """What a person calls it: ``prod-frankfurt``, ``./gitops``."""
        ...

    @property
    def tries_for_free(self) -> bool:
        """Whether :meth:`rehearse` needs no right but to read, so that a plan can do it unasked."""
        ...

    def missing_rights(self, changes: Sequence[ObjectChange]) -> tuple[str, ...]:
        """What this user may not do of all that writing needs, in plain words; empty where there is nothing to ask."""
        ...

    def observe(self, wanted: Wanted) -> ClusterState:
        """Every ForkliftController and Provider, and what is wanted besides."""
        ...

    def read_secret(self, key: ObjectKey) -> StoredSecret | None:
        """A Secret, or None where there is none."""
        ...

    def write(self, changes: Sequence[ObjectChange]) -> Iterator[WriteOutcome]:
        """Write changes, giving one outcome each as it is known; one that fails does not stop the others."""
        ...

    def rehearse(self, changes: Sequence[ObjectChange]) -> Iterator[WriteOutcome]:
        """What :meth:`write` would answer, as far as that can be told without writing. Changes nothing."""
        ...

    def activity(self) -> Activity:
        """What Forklift is at now; nothing where nobody acts on what is written."""
        ...

    def unsettled(self, keys: Sequence[ObjectKey]) -> tuple[Unsettled, ...]:
        """What was written to these objects and is not in effect yet; nothing where nobody acts on it."""
        ...

    def read_record(self, site: str) -> bytes | None:
        """The record of what was last applied, or None."""
        ...

    def write_record(self, site: str, content: bytes) -> None:
        """Replace the record, in one step."""
        ...

    def set_aside_record(self, site: str) -> str:
        """Keep a copy of a record that is damaged, and say where: a new one is about to be written."""
        ...

    def lock(self, site: str, holder: str) -> AbstractContextManager[None]:
        """Keep other runs out. Raises :class:`~vddkctl.errors.LockedError`, naming who holds it.

        Where a lock can be lost, :meth:`write` and :meth:`write_record` raise
        :class:`~vddkctl.errors.LockLostError` once it is.
        """
        ...

    def check_lock(self) -> None:
        """Raise :class:`~vddkctl.errors.LockLostError` when the lock that is held is lost."""
        ...

    def amend_record(self, site: str, amended: Callable[[bytes | None], bytes]) -> None:
        """Write what is made of the record as it is: for a run that has lost its lock, and has done something."""
        ...
