"""The one interface to places where images live."""

from __future__ import annotations

from typing import BinaryIO, Protocol

from vddkctl.oci.descriptor import Blob, Descriptor
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress


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

    def open_blob(self, reference: Reference, descriptor: Descriptor) -> BinaryIO:
        """A stream of a blob's bytes; the caller closes it."""
        ...

    def has_blob(self, reference: Reference, descriptor: Descriptor) -> bool:
        """Whether the blob is there, whole."""
        ...

    def put_blob(self, reference: Reference, blob: Blob, progress: Progress) -> None:
        """Put a blob, unless it is there."""
        ...

    def put_manifest(self, reference: Reference, descriptor: Descriptor, content: bytes) -> None:
        """Put a manifest or index, and move the reference's tag (if it has one) to it."""
        ...
