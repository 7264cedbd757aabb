"""Carrying images from one place to another, byte for byte: the digest stays what it was."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from msgspec import Struct, field
from msgspec.structs import replace

from vddkctl.errors import RegistryError
from vddkctl.oci.descriptor import Blob, Descriptor
from vddkctl.oci.image import Image, ImageIndex
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress
from vddkctl.registry.base import UNCHECKED, Registry
from vddkctl.registry.blob import RegistryBlob
from vddkctl.registry.push import push
from vddkctl.registry.whole import Whole


class Copied(Struct, frozen=True):
    """What became of a copy.

    ``before`` is the digest that the tag named until then; None for a tag that was not there, and where no tag was
    asked for. ``size`` and ``sent`` are bytes of blobs: all of them, and those that were not in the place yet.
    ``unchanged``: everything, the tag too, was as it is now.
    """

    digest: str
    media_type: str
    before: str | None
    size: int
    sent: int
    unchanged: bool


def copy(whole: Whole, registry: Registry, destination: Reference, progress: Progress) -> Copied:
    """Put an image that is somewhere, with all that it names, where ``destination`` says, its tag last.

    Nothing is sent that is there; what another repository of the same registry has is mounted. The rest goes from
    there to here without touching a disk. Raises RegistryError; the tag then stays on what it was on.
    """
    digest, media_type = whole.descriptor.digest, whole.descriptor.media_type
    if destination.digest not in {None, digest}:
        raise RegistryError(f"the image is {digest}, another one", where=str(destination))
    tagged = replace(destination, digest=None) if destination.tag else destination.with_digest(digest)
    found = registry.resolve(tagged)
    before = found.digest if found and tagged.tag else None
    if found and found.digest == digest and _is_there(whole, registry, tagged):
        return Copied(digest, media_type, before, whole.size, 0, unchanged=True)
    sent: dict[str, int] = {}
    for each in whole.documents:
        if each.is_index and each is not whole:
            push(registry, tagged.with_digest(each.descriptor.digest), _pushable(each, sent), progress)
    push(registry, tagged, _pushable(whole, sent), progress, expected=before if tagged.tag else UNCHECKED)
    unchanged = found is not None and found.digest == digest and not sent
    return Copied(digest, media_type, before, whole.size, sum(sent.values()), unchanged)


def _is_there(whole: Whole, registry: Registry, reference: Reference) -> bool:
    """Whether a registry, which has checked the bytes that it holds, has all of it. A folder's files are read anew."""
    if reference.transport != "docker":
        return False
    return all(registry.has_manifest(reference, each.descriptor) for each in whole.documents) and all(
        registry.has_blob(reference, blob.descriptor) for blob in whole.all_blobs
    )


def _pushable(whole: Whole, sent: dict[str, int]) -> Image | ImageIndex:
    """As it is pushed. What is inside an index of an index has been pushed before."""
    if not whole.is_index:
        return _image(whole, sent)
    children = {child.descriptor.digest: child for child in whole.children}
    images = tuple(_image(child, sent) for child in children.values())
    return ImageIndex(_plain(whole.descriptor), whole.content, images)


def _image(whole: Whole, sent: dict[str, int]) -> Image:
    return Image(_plain(whole.descriptor), whole.content, b"", tuple(_counted(whole.blobs, sent)))


def _plain(descriptor: Descriptor) -> Descriptor:
    """Without what one layout remarks on it."""
    return replace(descriptor, annotations={})


def _counted(blobs: Iterable[Blob], sent: dict[str, int]) -> Iterable[Blob]:
    for blob in blobs:
        source = blob.source
        if isinstance(source, RegistryBlob):
            source = _CountedBlob(source.registry, source.reference, source.descriptor, sent)
        yield Blob(blob.descriptor, source)


class _CountedBlob(RegistryBlob, frozen=True, eq=False):
    """Remembers that it was read: what is there already, or is mounted, never is."""

    sent: dict[str, int] = field(default_factory=dict)

    def open(self) -> BinaryIO:
        self.sent[self.descriptor.digest] = self.descriptor.size
        return RegistryBlob.open(self)
