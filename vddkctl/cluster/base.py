"""The one interface to places where Forklift's settings live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from msgspec import Struct

from vddkctl.plan.observed import ClusterState, ObjectKey


class FieldEdit(Struct, frozen=True):
    """One field to write. ``path`` is like ``("spec", "settings", "vddkInitImage")``; None unsets it."""

    path: tuple[str, ...]
    value: Any | None


class ObjectChange(Struct, frozen=True):
    """Edits of one object, valid only while it is at ``resource_version``."""

    key: ObjectKey
    edits: tuple[FieldEdit, ...]
    resource_version: str


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

    def observe(self, namespace: str | None) -> ClusterState:
        """Every ForkliftController and Provider. ``namespace``: where Forklift lives, when the spec says."""
        ...

    def write(self, changes: Sequence[ObjectChange]) -> Iterator[WriteOutcome]:
        """Write changes, giving one outcome each as it is known; one that fails does not stop the others."""
        ...

    def rehearse(self, changes: Sequence[ObjectChange]) -> Iterator[WriteOutcome]:
        """What :meth:`write` would answer, as far as that can be told without writing. Changes nothing."""
        ...

    def read_record(self, site: str) -> bytes | None:
        """The record of what was last applied, or None."""
        ...

    def write_record(self, site: str, content: bytes) -> None:
        """Replace the record, in one step."""
        ...

    def lock(self, site: str, holder: str) -> AbstractContextManager[None]:
        """Keep other runs out. Raises :class:`~vddkctl.errors.LockedError`, naming who holds it."""
        ...
