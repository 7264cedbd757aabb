"""Manifests and indexes, of the OCI and of Docker (image manifest version 2, schema 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from vddkctl.errors import ImageError
from vddkctl.oci.descriptor import (
    DOCKER_CONFIG,
    INDEXES,
    MANIFESTS,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
)
from vddkctl.oci.digest import check_digest
from vddkctl.oci.document import decode, text_mapping


class Manifest(Struct, frozen=True):
    """One image's config and layers, lowest layer first."""

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str]


class Index(Struct, frozen=True):
    """Manifests, in most cases one for each platform."""

    media_type: str
    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str]


def parse(content: bytes, where: str = "") -> Manifest | Index:
    """Read a manifest or an index, whichever it is. Raises ImageError."""
    data = decode(content, "the manifest", where)
    version = data.get("schemaVersion")
    if version == 1:
        raise ImageError(
            "the manifest is of Docker's first schema, which has no digests to rely on",
            where=where,
            hint="push the image again with a current tool",
        )
    if version != 2:
        raise ImageError("the manifest has no schemaVersion 2", where=where)
    media_type = _media_type(data, where)
    if media_type in INDEXES:
        return _index(data, media_type, where)
    if media_type in MANIFESTS:
        return _manifest(data, media_type, where)
    raise ImageError(f'"{media_type}" is neither a manifest nor an index', where=where)


def media_type_of(content: bytes, where: str = "") -> str:
    """What a manifest or an index says that it is, whatever is in it. Raises ImageError."""
    return _media_type(decode(content, "the manifest", where), where)


def parse_descriptor(value: object, where: str = "") -> Descriptor:
    """Read a descriptor. Raises ImageError."""
    if not isinstance(value, dict):
        raise ImageError("a descriptor is not a JSON object", where=where)
    media_type, size = value.get("mediaType"), value.get("size")
    if not isinstance(media_type, str) or not media_type:
        raise ImageError("a descriptor has no mediaType", where=where)
    digest = check_digest(value.get("digest"), where)
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ImageError(f"the descriptor of {digest} has no size", where=where)
    annotations = text_mapping(value.get("annotations"), f"the annotations of {digest}", where)
    return Descriptor(media_type, digest, size, annotations, _platform(value.get("platform")))


def _media_type(data: Mapping[str, Any], where: str) -> str:
    media_type = data.get("mediaType")
    if isinstance(media_type, str):
        return media_type
    # Optional for the OCI; then the content tells (image specification 1.1, "Image Manifest Property Descriptions").
    if "manifests" in data and "config" not in data and "layers" not in data:
        return OCI_INDEX
    if "config" in data and "manifests" not in data:
        return OCI_MANIFEST
    raise ImageError("the manifest has no mediaType, and could be two things", where=where)


def _manifest(data: Mapping[str, Any], media_type: str, where: str) -> Manifest:
    config = parse_descriptor(data.get("config"), where)
    if config.media_type not in {OCI_CONFIG, DOCKER_CONFIG} or data.get("artifactType"):
        kind = data.get("artifactType") or config.media_type
        raise ImageError(
            f'the manifest is of another artifact ("{kind}"), not of a container image', where=where
        )
    layers = tuple(parse_descriptor(layer, where) for layer in _list(data, "layers", where))
    annotations = text_mapping(data.get("annotations"), "the manifest's annotations", where)
    return Manifest(media_type, config, layers, annotations)


def _index(data: Mapping[str, Any], media_type: str, where: str) -> Index:
    manifests = tuple(parse_descriptor(entry, where) for entry in _list(data, "manifests", where))
    annotations = text_mapping(data.get("annotations"), "the index's annotations", where)
    return Index(media_type, manifests, annotations)


def _list(data: Mapping[str, Any], key: str, where: str) -> list[Any]:
    value = data.get(key)
    if not isinstance(value, list):
        raise ImageError(f'the manifest has no list of "{key}"', where=where)
    return value


def _platform(value: object) -> dict[str, str] | None:
    """The parts of a platform that are text; ``os.features`` is a list, and nobody here asks for it."""
    if not isinstance(value, dict):
        return None
    return {key: item for key, item in value.items() if isinstance(item, str)}
