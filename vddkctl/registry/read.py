"""Reading images: a base to build on, and what a tag stands on now."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from vddkctl.errors import ImageError, PlatformError, RegistryError
from vddkctl.oci.annotations import Origin, origin_of, time_of
from vddkctl.oci.config import Config, parse_config
from vddkctl.oci.descriptor import INDEXES, Blob, Descriptor
from vddkctl.oci.digest import digest_of
from vddkctl.oci.document import MAX_DEPTH, MAX_SIZE
from vddkctl.oci.image import BaseImage
from vddkctl.oci.manifest import Index, Manifest, parse
from vddkctl.oci.platform import Platform, platform_of
from vddkctl.oci.reference import Reference
from vddkctl.plan.observed import PushedImage
from vddkctl.registry.base import Registry
from vddkctl.registry.blob import RegistryBlob
from vddkctl.registry.cached import CachedRegistry
from vddkctl.registry.documents import Documents


def read_base(
    registry: Registry,
    reference: Reference,
    platform: Platform,
    *,
    named: Descriptor | None = None,
    documents: Documents | None = None,
) -> BaseImage:
    """The image for ``platform`` that ``reference`` leads to.

    ``named`` is what the reference names, where that is known already. ``documents`` are read in the registry's place
    where they have what is asked for; layers always come from the registry itself. Raises RegistryError when there
    is no image, and ImageError when it is not for ``platform`` or cannot be read.
    """
    source = registry
    registry = CachedRegistry(registry, documents) if documents else registry
    named = named or registry.resolve(reference)
    if named is None:
        raise RegistryError("there is no such image", where=str(reference), hint=_how_to_get(reference))
    digest, manifest = _choose(registry, reference, named.digest, platform)
    config = read_config(registry, reference, manifest)
    if not platform.runs(config.platform):
        raise not_for(reference, platform, [config.platform])
    layers = tuple(Blob(layer, RegistryBlob(source, reference, layer)) for layer in manifest.layers)
    return BaseImage(digest, named.digest, config, layers)


def read_config(registry: Registry, reference: Reference, manifest: Manifest) -> Config:
    """An image's config, checked against its digest. Raises RegistryError or ImageError."""
    descriptor, where = manifest.config, str(reference)
    if descriptor.size > MAX_SIZE:
        raise ImageError(f"the image's config is larger than {MAX_SIZE // 1024 // 1024} MiB", where=where)
    with registry.open_blob(reference, descriptor) as stream:
        content = stream.read(descriptor.size + 1)
    if digest_of(content) != descriptor.digest:
        raise RegistryError(f"the bytes of {descriptor.digest} are of {digest_of(content)}", where=where)
    return parse_config(content, where)


def read_pushed(registry: Registry, reference: Reference, found: Descriptor, *, parts: bool) -> PushedImage:
    """What a tag names now (``found``), and where that says it comes from.

    An image of another tool's making, whatever it is, gives its digest, and its date if it has one. With ``parts``,
    an image that lacks a part, or has it in another size, is ``incomplete``; layers are not read for that.
    """
    if parts and not registry.has_manifest(reference, found):
        return PushedImage(found.digest, incomplete=True)
    origin = read_origin(registry, reference, found)
    incomplete = parts and not is_complete(registry, reference, found)
    return PushedImage(
        found.digest,
        origin.archive_sha256,
        origin.base_digest,
        incomplete,
        origin.version,
        origin.created,
        found.media_type in INDEXES,
    )


def read_origin(registry: Registry, reference: Reference, found: Descriptor) -> Origin:
    """Where an image says that it comes from. Raises RegistryError when it cannot be read."""
    content = registry.manifest(reference, found.digest)
    said = origin_of(content)
    if said.archive_sha256 or said.base_digest:
        return said
    first = _origin_of_first(registry, reference, content)
    return replace(first, version=first.version or said.version, created=said.created or first.created)


def is_complete(registry: Registry, reference: Reference, descriptor: Descriptor) -> bool:
    """Whether everything that a manifest or index leads to is there. Raises RegistryError.

    What another tool has put there, and cannot be understood, counts as complete.
    """
    waiting, seen = [descriptor], {descriptor.digest}
    while waiting:
        each = waiting.pop()
        if not registry.has_manifest(reference, each):
            return False
        try:
            document = parse(registry.manifest(reference, each.digest))
        except ImageError:
            continue
        if isinstance(document, Index):
            waiting += [entry for entry in document.manifests if entry.digest not in seen]
            seen.update(entry.digest for entry in document.manifests)
        elif not all(registry.has_blob(reference, blob) for blob in (document.config, *document.layers)):
            return False
    return True


def _origin_of_first(registry: Registry, reference: Reference, content: bytes) -> Origin:
    """Of an index the first image, whose tool annotates only those; else the date in the config."""
    try:
        document = parse(content)
        if isinstance(document, Index) and document.manifests:
            content = registry.manifest(reference, document.manifests[0].digest)
            document = parse(content)
        origin = origin_of(content)
        if origin.created is None and isinstance(document, Manifest):
            created = read_config(registry, reference, document).extra.get("created")
            return replace(origin, created=time_of(created))
    except (ImageError, RegistryError):
        return Origin()
    return origin


def _how_to_get(reference: Reference) -> str:
    if reference.transport == "oci":
        return f"put one there, as with: skopeo copy docker://IMAGE {reference}"
    return "look at the base's name"


def _choose(
    registry: Registry, reference: Reference, digest: str, platform: Platform
) -> tuple[str, Manifest]:
    for _ in range(MAX_DEPTH):
        document = parse(registry.manifest(reference, digest), str(reference))
        if isinstance(document, Manifest):
            return digest, document
        digest = entry_for(document, reference, platform).digest
    raise ImageError("it is an index of indexes without an end", where=str(reference))


def entry_for(index: Index, reference: Reference, platform: Platform) -> Descriptor:
    """The entry of an index for a platform; the only entry, if that names no platform. Raises ImageError."""
    placed = [(platform_of(entry.platform or {}), entry) for entry in index.manifests]
    fitting = [(other, entry) for other, entry in placed if other is not None and platform.runs(other)]
    # The exact one first: an entry without a variant is only the next best.
    for _, entry in sorted(fitting, key=lambda pair: pair[0] != platform):
        return entry
    if len(placed) == 1 and placed[0][0] is None:
        return placed[0][1]
    # BuildKit lists its attestations as images for unknown/unknown.
    known = [other for other, _ in placed if other is not None and other.os != "unknown"]
    raise not_for(reference, platform, known)


def not_for(reference: Reference, platform: Platform, known: Sequence[Platform]) -> PlatformError:
    """The error of an image that is for ``known`` platforms, and not for the one that was asked for."""
    names = ", ".join(sorted(map(str, known))) or "no platform"
    return PlatformError(
        f"it is not for {platform}", where=str(reference), hint=f"it is for {names}; choose another one"
    )
