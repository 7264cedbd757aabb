"""A whole image as it stands in its place, to be passed on: the bytes of its documents, and where its blobs are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct

from vddkctl.errors import ImageError, RegistryError
from vddkctl.oci.descriptor import INDEXES, MANIFESTS, Blob, Descriptor
from vddkctl.oci.document import MAX_DEPTH, decode
from vddkctl.oci.manifest import parse_descriptor
from vddkctl.oci.platform import platform_of
from vddkctl.oci.reference import Reference
from vddkctl.registry.base import Registry
from vddkctl.registry.blob import RegistryBlob

MAX_DOCUMENTS = 1000
"""Manifests and indexes of one image: small ones that name each other could be endless work."""


class Whole(Struct, frozen=True, dict=True):
    """A manifest or an index. ``blobs`` are a manifest's config and layers, ``children`` what an index lists.

    Nothing is asked of it but to name its parts: signatures, attestations and other artifacts are kept as images are.
    """

    descriptor: Descriptor
    content: bytes
    blobs: tuple[Blob, ...]
    children: tuple[Whole, ...]

    @property
    def is_index(self) -> bool:
        """Whether it lists others."""
        return self.descriptor.media_type in INDEXES

    @property
    def documents(self) -> Iterator[Whole]:
        """It and everything below it, each once, what is named before what names it."""
        seen: set[str] = set()
        yield from self._documents(seen)

    @cached_property
    def all_blobs(self) -> tuple[Blob, ...]:
        """Every blob once."""
        return tuple(
            {blob.descriptor.digest: blob for each in self.documents for blob in each.blobs}.values()
        )

    @property
    def size(self) -> int:
        """Bytes of all blobs together."""
        return sum(blob.descriptor.size for blob in self.all_blobs)

    def _documents(self, seen: set[str]) -> Iterator[Whole]:
        if self.descriptor.digest in seen:
            return
        seen.add(self.descriptor.digest)
        for child in self.children:
            yield from child._documents(seen)  # noqa: SLF001 - its own kind
        yield self


def read_whole(registry: Registry, reference: Reference, descriptor: Descriptor) -> Whole:
    """All documents of an image. Its blobs are not read.

    Raises RegistryError when one of them is not there, and ImageError for one that is of no known kind.
    """
    return _read(registry, reference, descriptor, {}, MAX_DEPTH)


def _read(
    registry: Registry, reference: Reference, descriptor: Descriptor, known: dict[str, Whole], depth: int
) -> Whole:
    if descriptor.digest in known:
        return known[descriptor.digest]
    if depth == 0:
        raise ImageError("it is an index of indexes without an end", where=str(reference))
    if len(known) >= MAX_DOCUMENTS:
        raise too_many(reference)
    where = f"{reference}: {descriptor.digest}"
    if descriptor.media_type not in MANIFESTS | INDEXES:
        raise ImageError(f'"{descriptor.media_type}" is neither a manifest nor an index', where=where)
    content = _document(registry, reference, descriptor)
    named = _named(content, descriptor.media_type, where)
    if descriptor.media_type in INDEXES:
        children = tuple(_read(registry, reference, child, known, depth - 1) for child in named)
        whole = Whole(descriptor, content, (), children)
    else:
        blobs = tuple(Blob(part, RegistryBlob(registry, reference, part)) for part in named)
        whole = Whole(descriptor, content, blobs, ())
    known[descriptor.digest] = whole
    return whole


def too_many(reference: Reference) -> ImageError:
    """The error for an index that lists more than anybody makes."""
    return ImageError(f"it lists more than {MAX_DOCUMENTS:,} manifests", where=str(reference))


def _document(registry: Registry, reference: Reference, descriptor: Descriptor) -> bytes:
    try:
        return registry.manifest(reference, descriptor.digest)
    except RegistryError as error:
        platform = platform_of(descriptor.platform or {})
        if platform and not error.hint:
            error.hint = f"it is the part for {platform}; --platform takes another one alone"
        raise


def _named(content: bytes, media_type: str, where: str) -> tuple[Descriptor, ...]:
    """What a document names. Its own word for what it is has to be the one that it goes by."""
    data = decode(content, "the manifest", where)
    said = data.get("mediaType", media_type)
    if said != media_type:
        raise ImageError(f'it is kept as {media_type}, and says that it is "{said}"', where=where)
    if media_type in INDEXES:
        entries = data.get("manifests")
    else:
        config, layers = data.get("config"), data.get("layers")
        entries = [config, *layers] if isinstance(layers, list) else None
    if not isinstance(entries, list):
        raise ImageError(f"it does not list its parts, as {media_type} does", where=where)
    return tuple(parse_descriptor(entry, where) for entry in entries)
