"""An image that an engine has built, looked into before anybody can pull it: whether it can do its work at all."""

from __future__ import annotations

from typing import BinaryIO

from vddkctl.errors import BuildError, RegistryError
from vddkctl.oci.descriptor import Blob, Descriptor
from vddkctl.oci.image import Image, ImageIndex
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress
from vddkctl.registry.base import UNCHECKED, Unchecked
from vddkctl.verify.check import Status
from vddkctl.verify.expected import Expected
from vddkctl.verify.run import verify

_NEEDED = frozenset({"archive", "libraries", "links", "access", "platform", "entrypoint", "program"})
"""Checks without which Forklift gets nothing from the image. The others are for ``image verify``."""


def check_unpushed(
    image: Image | ImageIndex, reference: Reference, what: str, progress: Progress, *, any_machine: bool
) -> None:
    """Raise BuildError for an image that cannot work. ``what`` names it there."""
    found = verify(_Unpushed(image), reference, image.descriptor, Expected(any_machine=any_machine), progress)
    wrong = [each for each in found.checks if each.status is Status.FAIL and each.check in _NEEDED]
    if wrong:
        several = isinstance(image, ImageIndex)
        told = "".join(f"\n    {each.subject if several else each.check}: {each.message}" for each in wrong)
        raise BuildError(
            f"the image that was built cannot work, and is not pushed:{told}", where=what, hint=wrong[0].hint
        )


class _Unpushed:
    """The image as a place of images, for reading alone."""

    def __init__(self, image: Image | ImageIndex) -> None:
        images = image.images if isinstance(image, ImageIndex) else (image,)
        self._documents = {each.descriptor.digest: each.manifest for each in (image, *images)}
        self._blobs = {blob.descriptor.digest: blob for blob in image.all_blobs}

    def resolve(self, reference: Reference) -> Descriptor | None:
        """No tag names it yet."""
        del reference
        return None

    def manifest(self, reference: Reference, digest: str) -> bytes:
        """One of its documents."""
        del reference
        if digest not in self._documents:
            raise RegistryError(f"{digest} is no part of the image")
        return self._documents[digest]

    def tags(self, reference: Reference) -> tuple[str, ...]:
        """None."""
        del reference
        return ()

    def open_blob(self, reference: Reference, descriptor: Descriptor) -> BinaryIO:
        """One of its blobs, from where it is."""
        del reference
        if descriptor.digest not in self._blobs:
            raise RegistryError(f"{descriptor.digest} is no part of the image")
        return self._blobs[descriptor.digest].source.open()

    def has_blob(self, reference: Reference, descriptor: Descriptor) -> bool:
        """Whether it is a part of the image."""
        del reference
        return descriptor.digest in self._blobs

    def has_manifest(self, reference: Reference, descriptor: Descriptor) -> bool:
        """Whether it is a part of the image."""
        del reference
        return descriptor.digest in self._documents

    def put_blob(self, reference: Reference, blob: Blob, progress: Progress) -> None:
        """Never."""
        raise RegistryError("an image that is looked into is not written to")

    def put_manifest(
        self,
        reference: Reference,
        descriptor: Descriptor,
        content: bytes,
        *,
        expected: str | Unchecked | None = UNCHECKED,
    ) -> None:
        """Never."""
        raise RegistryError("an image that is looked into is not written to")
