"""Pushing: blobs first, then the manifests that name them, then the tag; and a look at what stands there then."""

from __future__ import annotations

from vddkctl.errors import RegistryError
from vddkctl.oci.image import Image, ImageIndex
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress
from vddkctl.registry.base import UNCHECKED, Registry, Unchecked


def push(
    registry: Registry,
    reference: Reference,
    image: Image | ImageIndex,
    progress: Progress,
    *,
    expected: str | Unchecked | None = UNCHECKED,
) -> None:
    """Put an image where ``reference`` says, and read back that its tag names it.

    What is there already is not sent again; what is missing or damaged of it is restored. ``expected`` is what the
    tag must name until then, as in :meth:`~vddkctl.registry.base.Registry.put_manifest`. Raises RegistryError.
    """
    digest = image.descriptor.digest
    if reference.digest not in {None, digest}:
        raise RegistryError(f"the image is {digest}, another one", where=str(reference))
    for blob in image.all_blobs:
        registry.put_blob(reference, blob, progress)
    if isinstance(image, ImageIndex):
        for child in image.images:
            by_digest = reference.with_digest(child.descriptor.digest)
            registry.put_manifest(by_digest, child.descriptor, child.manifest)
    registry.put_manifest(reference, image.descriptor, image.manifest, expected=expected)
    _verify(registry, reference if reference.tag else reference.with_digest(digest), image)


def _verify(registry: Registry, reference: Reference, image: Image | ImageIndex) -> None:
    digest = image.descriptor.digest
    found = registry.resolve(reference)
    if found is None or found.digest != digest:
        now = "nothing" if found is None else found.digest
        raise RegistryError(
            f"{digest} was pushed, and the tag names {now} now",
            where=str(reference),
            hint="someone else pushes to it; run again when that is done",
        )
    if registry.manifest(reference, digest) != image.manifest:
        raise RegistryError(f"other bytes than were pushed came back for {digest}", where=str(reference))
