"""A base and one layer more make an image. The same input gives the same bytes, on any machine, at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from vddkctl.errors import ImageError
from vddkctl.oci.config import Config
from vddkctl.oci.descriptor import (
    DOCKER_LAYER,
    DOCKER_LAYER_GZIP,
    DOCKER_LAYER_ZSTD,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_LAYER_GZIP,
    OCI_LAYER_ZSTD,
    OCI_MANIFEST,
    Blob,
    Content,
    Descriptor,
)
from vddkctl.oci.digest import digest_of
from vddkctl.oci.document import encode, text_mapping
from vddkctl.oci.image import BaseImage, Image, ImageIndex
from vddkctl.oci.platform import Platform

_LAYER_TYPES: Mapping[str, str] = {
    OCI_LAYER: OCI_LAYER,
    OCI_LAYER_GZIP: OCI_LAYER_GZIP,
    OCI_LAYER_ZSTD: OCI_LAYER_ZSTD,
    DOCKER_LAYER: OCI_LAYER,
    DOCKER_LAYER_GZIP: OCI_LAYER_GZIP,
    DOCKER_LAYER_ZSTD: OCI_LAYER_ZSTD,
}
"""What each layer type is called in an OCI manifest: the bytes are the same."""

_OF_ONE_BUILD = frozenset({"container", "container_config", "docker_version", "id", "parent", "author"})
"""Top-level keys with which Docker describes the run that made the base, not what is in it."""

_OF_ONE_CONTAINER = frozenset(
    {"Hostname", "Domainname", "Image", "AttachStdin", "AttachStdout", "AttachStderr"}
)
"""The same, inside ``config``."""


class Addition(Struct, frozen=True):
    """What an image has beyond its base.

    ``created`` is RFC 3339. ``runtime`` replaces keys of the config's ``config`` (``User``, ``Entrypoint``);
    None takes a key away. ``annotations`` are put on the manifest, and on the config as labels.
    """

    layer: Blob
    diff_id: str
    created: str
    created_by: str
    runtime: Mapping[str, Any] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


def assemble(base: BaseImage, addition: Addition, platform: Platform) -> Image:
    """Put the layer on the base. Raises ImageError when the base cannot carry it."""
    layers = (*map(_as_oci, base.layers), addition.layer)
    platform = _settled(platform, base.config.platform)
    config = encode(_config(base, addition, platform).to_json())
    return _image(config, layers, addition.annotations, platform)


def _image(
    config: bytes, layers: tuple[Blob, ...], annotations: Mapping[str, str], platform: Platform
) -> Image:
    config_descriptor = Descriptor(OCI_CONFIG, digest_of(config), len(config))
    manifest = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": config_descriptor.to_json(),
            "layers": [layer.descriptor.to_json() for layer in layers],
            "annotations": dict(annotations),
        }
    )
    descriptor = Descriptor(OCI_MANIFEST, digest_of(manifest), len(manifest), platform=platform.to_json())
    return Image(descriptor, manifest, config, (*layers, Blob(config_descriptor, Content(config))))


def packaged(
    config: Config, layers: Sequence[Blob], annotations: Mapping[str, str], platform: Platform
) -> Image:
    """An image of a config and layers that somebody else has made. Raises ImageError."""
    extra = {key: value for key, value in config.extra.items() if key not in _OF_ONE_BUILD}
    runtime = {key: value for key, value in config.runtime.items() if key not in _OF_ONE_CONTAINER}
    content = encode(replace(config, platform=platform, runtime=runtime, extra=extra).to_json())
    return _image(content, tuple(map(_as_oci, layers)), annotations, platform)


def index(images: Sequence[Image], annotations: Mapping[str, str]) -> ImageIndex:
    """Several images under one name, in the order given."""
    content = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [image.descriptor.to_json() for image in images],
            "annotations": dict(annotations),
        }
    )
    return ImageIndex(Descriptor(OCI_INDEX, digest_of(content), len(content)), content, tuple(images))


def _config(base: BaseImage, addition: Addition, platform: Platform) -> Config:
    given = base.config
    if len(given.diff_ids) != len(base.layers):
        raise ImageError(
            f"the base has {len(base.layers)} layers, and its config knows {len(given.diff_ids)} of them"
        )
    entry = {"created": addition.created, "created_by": addition.created_by}
    runtime = {key: value for key, value in given.runtime.items() if key not in _OF_ONE_CONTAINER}
    labels = {**text_mapping(runtime.get("Labels"), "the base's labels"), **addition.annotations}
    runtime |= {"Labels": labels, **addition.runtime}
    extra = {key: value for key, value in given.extra.items() if key not in _OF_ONE_BUILD}
    return Config(
        platform,
        (*given.diff_ids, addition.diff_id),
        (*_history(given), entry),
        {key: value for key, value in runtime.items() if value is not None},
        {**extra, "created": addition.created},
    )


def _settled(platform: Platform, base: Platform) -> Platform:
    """The image's platform: what was asked for, with the base's variant where none was."""
    if not platform.runs(base):
        raise ImageError(f"the base is for {base}, not for {platform}")
    return platform if platform.variant else replace(platform, variant=base.variant)


def _history(config: Config) -> tuple[Mapping[str, Any], ...]:
    """The base's history, or one line for each layer where it does not fit: runtimes compare the two."""
    filled = sum(1 for entry in config.history if not entry.get("empty_layer"))
    if filled == len(config.diff_ids):
        return config.history
    return tuple({"created_by": f"base layer {diff_id}"} for diff_id in config.diff_ids)


def _as_oci(layer: Blob) -> Blob:
    descriptor = layer.descriptor
    media_type = _LAYER_TYPES.get(descriptor.media_type)
    if media_type is None:
        foreign = "foreign" in descriptor.media_type or "nondistributable" in descriptor.media_type
        reason = "is kept by its vendor alone" if foreign else f'is of type "{descriptor.media_type}"'
        raise ImageError(
            f"the base's layer {descriptor.digest} {reason}, and cannot be copied",
            hint="choose a base with ordinary tar layers",
        )
    return Blob(replace(descriptor, media_type=media_type), layer.source)
