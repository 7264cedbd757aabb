"""The one interface to places where images live."""

from __future__ import annotations

from enum import Enum
from typing import BinaryIO, Protocol

from vddkctl.errors import RegistryError
from vddkctl.oci.descriptor import Blob, Descriptor
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress


class Unchecked(Enum):
    """The type of :data:`UNCHECKED`, which is neither a digest nor None."""

    UNCHECKED = "unchecked"


UNCHECKED = Unchecked.UNCHECKED
"""Whatever a tag names, it may move."""


class AbsentError(RegistryError):
    """What was asked for is not there."""


class Registry(Protocol):
    """Images by reference. Every method raises :class:`~vddkctl.errors.RegistryError` when the place fails.

    Only :meth:`put_blob` and :meth:`put_manifest` write. A manifest is put after everything it names, so that
    a tag never stands on an incomplete image.
    """

    def resolve(self, reference: Reference) -> Descriptor | None:
        """What a tag (or a digest) names now; None when there is no such thing."""
        ...

    def manifest(self, reference: Reference, digest: str) -> bytes:
        """The manifest or index with this digest; its bytes are checked against it."""
        ...

    def tags(self, reference: Reference) -> tuple[str, ...]:
        """The tags of a repository, sorted; none for one that does not exist."""
        ...

    def open_blob(self, reference: Reference, descriptor: Descriptor) -> BinaryIO:
        """A stream of a blob's bytes, checked when its end is read; the caller closes it."""
        ...

    def has_blob(self, reference: Reference, descriptor: Descriptor) -> bool:
        """Whether a blob of this digest and size is there, as far as can be told without reading it."""
        ...

    def has_manifest(self, reference: Reference, descriptor: Descriptor) -> bool:
        """Whether the manifest or index is there, whole."""
        ...

    def put_blob(self, reference: Reference, blob: Blob, progress: Progress) -> None:
        """Put a blob, unless it is there, whole. One that is damaged is replaced."""
        ...

    def put_manifest(
        self,
        reference: Reference,
        descriptor: Descriptor,
        content: bytes,
        *,
        expected: str | Unchecked | None = UNCHECKED,
    ) -> None:
        """Put a manifest or index, and move the reference's tag (if it has one) to it.

        ``expected``: the digest that the tag names until then, None for a tag that is not there. When it names
        another by now, other than the new one, it stays and RegistryError is raised.
        """
        ...
