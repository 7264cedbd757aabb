"""What an image in its place tells of itself: its manifest and its config are read, no layer is."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from vddkctl.errors import ImageError
from vddkctl.oci.annotations import (
    ARCHIVE_SHA256,
    BASE_DIGEST,
    BASE_NAME,
    LAYER_VERBATIM,
    VERSION,
)
from vddkctl.oci.config import Config
from vddkctl.oci.descriptor import INDEXES, MANIFESTS, Descriptor
from vddkctl.oci.document import MAX_DEPTH, text_mapping
from vddkctl.oci.manifest import Index, Manifest, parse
from vddkctl.oci.platform import Platform, platform_of
from vddkctl.oci.reference import Reference
from vddkctl.registry.base import Registry
from vddkctl.registry.read import entry_for, not_for, read_config
from vddkctl.registry.whole import MAX_DOCUMENTS, too_many

_NO_PLATFORM = Platform("unknown", "unknown")


class Vendor(Struct, frozen=True):
    """What an image says of the vendor's archive in it; None for what it does not say.

    ``layer`` is the digest of the layer that the archive became. It is ``verbatim`` when that is the archive's own.
    """

    version: str | None
    archive_sha256: str | None
    layer: str | None
    verbatim: bool | None


class InspectedImage(Struct, frozen=True):
    """One platform's image. ``content`` is its manifest as it stands."""

    descriptor: Descriptor
    content: bytes
    manifest: Manifest
    config: Config

    @property
    def size(self) -> int:
        """Bytes of all layers and the config, each once: what a first pull moves."""
        parts = {part.digest: part.size for part in (self.manifest.config, *self.manifest.layers)}
        return sum(parts.values())

    @property
    def labels(self) -> dict[str, str]:
        """The config's labels; none where they are not text by text."""
        try:
            return text_mapping(self.config.runtime.get("Labels"), "the labels")
        except ImageError:
            return {}

    @property
    def base(self) -> tuple[str | None, str | None]:
        """The name and the digest of the base, as far as the image says."""
        said = self._said
        return said.get(BASE_NAME), said.get(BASE_DIGEST)

    @property
    def vendor(self) -> Vendor:
        """What it says of the vendor's archive."""
        said = self._said
        sha256 = said.get(ARCHIVE_SHA256)
        if sha256 is None:
            return Vendor(None, None, None, None)
        layers = [layer.digest for layer in self.manifest.layers]
        if f"sha256:{sha256}" in layers:
            return Vendor(said.get(VERSION), sha256, f"sha256:{sha256}", True)
        normalised = said.get(LAYER_VERBATIM) == "false" and layers
        return Vendor(
            said.get(VERSION), sha256, layers[-1] if normalised else None, False if normalised else None
        )

    @property
    def _said(self) -> dict[str, str]:
        """Annotations; where another tool has dropped them, the labels of the same names."""
        return {**self.labels, **self.manifest.annotations}


class Inspected(Struct, frozen=True):
    """What a reference leads to: ``descriptor`` and ``content`` are the manifest's or index's that it names.

    ``others`` are entries of an index that are no images: attestations, artifacts. ``chosen``: only the image of one
    platform was asked for, and ``images`` has it alone.
    """

    descriptor: Descriptor
    content: bytes
    images: tuple[InspectedImage, ...]
    others: tuple[Descriptor, ...]
    chosen: bool = False


def inspect_image(registry: Registry, reference: Reference, descriptor: Descriptor) -> Inspected:
    """Read an image, or every image of an index. Raises RegistryError or ImageError."""
    content = registry.manifest(reference, descriptor.digest)
    document = parse(content, str(reference))
    if isinstance(document, Manifest):
        return Inspected(
            descriptor, content, (_image(registry, reference, descriptor, content, document),), ()
        )
    images, others = [], []
    for entry in _entries(registry, reference, document, MAX_DEPTH - 1, set()):
        image = None if is_attestation(entry) else _listed(registry, reference, entry)
        if image:
            images.append(image)
        else:
            others.append(entry)
    return Inspected(descriptor, content, tuple(images), tuple(others))


def inspect_platform(
    registry: Registry, reference: Reference, descriptor: Descriptor, platform: Platform
) -> Inspected:
    """Read the one image for ``platform`` that ``descriptor`` is, or lists. Raises ImageError when there is none."""
    named, content = descriptor, registry.manifest(reference, descriptor.digest)
    document, whole = parse(content, str(reference)), content
    for _ in range(MAX_DEPTH):
        if isinstance(document, Manifest):
            image = _image(registry, reference, descriptor, content, document)
            if not platform.runs(image.config.platform):
                raise not_for(reference, platform, [image.config.platform])
            return Inspected(named, whole, (image,), (), chosen=True)
        descriptor = entry_for(document, reference, platform)
        content = registry.manifest(reference, descriptor.digest)
        document = parse(content, str(reference))
    raise _too_deep(reference)


def _entries(
    registry: Registry, reference: Reference, index: Index, depth: int, seen: set[tuple[str, str, bool]]
) -> Iterator[Descriptor]:
    """What an index lists, each once, with what indexes inside it list in their place."""
    if depth == 0:
        raise _too_deep(reference)
    for entry in index.manifests:
        key = entry.digest, entry.media_type, is_attestation(entry)
        if key in seen:
            continue
        if len(seen) >= MAX_DOCUMENTS:
            raise too_many(reference)
        seen.add(key)
        if entry.media_type not in INDEXES:
            yield entry
            continue
        inner = parse(registry.manifest(reference, entry.digest), str(reference))
        if isinstance(inner, Index):
            yield from _entries(registry, reference, inner, depth - 1, seen)


def _listed(registry: Registry, reference: Reference, entry: Descriptor) -> InspectedImage | None:
    """The image of an index entry; None for an artifact of another kind."""
    if entry.media_type not in MANIFESTS:
        return None
    content = registry.manifest(reference, entry.digest)
    try:
        document = parse(content, str(reference))
    except ImageError:
        return None
    if isinstance(document, Index):
        return None
    return _image(registry, reference, entry, content, document)


def _image(
    registry: Registry, reference: Reference, descriptor: Descriptor, content: bytes, manifest: Manifest
) -> InspectedImage:
    return InspectedImage(descriptor, content, manifest, read_config(registry, reference, manifest))


def is_attestation(entry: Descriptor) -> bool:
    """Whether an index entry is no image, but tells of one: BuildKit lists those as ``unknown/unknown``.

    Its annotations do not count: runtimes choose by platform alone, and pull what is listed for theirs.
    """
    return platform_of(entry.platform or {}) == _NO_PLATFORM


def _too_deep(reference: Reference) -> ImageError:
    return ImageError("it is an index of indexes without an end", where=str(reference))
