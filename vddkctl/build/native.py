"""The native builder: a base, and the vendor's archive as one layer more. Nothing runs, nothing is unpacked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from vddkctl.errors import ImageError
from vddkctl.oci.annotations import (
    ARCHIVE_SHA256,
    BASE_DIGEST,
    BASE_NAME,
    CREATED,
    LAYER_VERBATIM,
    TITLE,
    VERSION,
)
from vddkctl.oci.assemble import Addition, assemble, index
from vddkctl.oci.descriptor import OCI_LAYER_GZIP, Blob, BlobSource, Descriptor
from vddkctl.oci.image import BaseImage, Image, ImageIndex
from vddkctl.oci.platform import Platform
from vddkctl.vddk.archive import ROOT, LayerFacts

USER = "1001"
"""The user of the usual Dockerfile; whoever runs the image sets another one."""

ENTRYPOINT = ("cp", "-r", f"/{ROOT}", "/opt")
"""What Forklift and CDI expect of an init container: the libraries below ``/opt``."""

_LAST_SECOND = 253402300799
"""9999-12-31T23:59:59Z, the last that RFC 3339 can write."""


class Contents(Protocol):
    """What an image says of its archive: :class:`~vddkctl.vddk.archive.ArchiveFacts`, or a part of them."""

    @property
    def sha256(self) -> str:
        """Of the file, hexadecimal."""
        ...

    @property
    def version(self) -> str:
        """As in ``8.0.1``."""
        ...

    @property
    def released(self) -> int:
        """Seconds since the epoch."""
        ...


def build(
    archive: Contents,
    layer: LayerFacts,
    layer_source: BlobSource,
    platforms: Iterable[Platform],
    bases: Mapping[Platform, BaseImage],
    base_name: str,
) -> Image | ImageIndex:
    """Put the archive's layer on the base of each platform; an index where there are several.

    ``base_name`` is the base's reference, as annotated; empty where it means nothing elsewhere.
    The order of ``platforms`` does not matter. The same input gives the same bytes. Raises ImageError
    when a base cannot carry the layer.
    """
    ordered = sorted(set(platforms))
    if not ordered:
        raise ImageError("an image needs a platform", hint="as in linux/amd64")
    images = [
        assemble(
            bases[platform], _addition(archive, layer, layer_source, bases[platform], base_name), platform
        )
        for platform in ordered
    ]
    if len(images) == 1:
        return images[0]
    return index(images, _annotations(archive, layer, base_name, bases[ordered[0]].named_digest))


def base_digest(platforms: Iterable[Platform], bases: Mapping[Platform, BaseImage]) -> str:
    """The base digest that :func:`build` annotates; empty for an empty base.

    For one platform that of the base's own manifest, so that a base which is rebuilt for other platforms
    counts as the same; for several what the base's reference named.
    """
    ordered = sorted(set(platforms))
    first = bases[ordered[0]]
    return (first.digest if len(ordered) == 1 else first.named_digest) or ""


def _addition(
    archive: Contents, layer: LayerFacts, source: BlobSource, base: BaseImage, base_name: str
) -> Addition:
    return Addition(
        Blob(Descriptor(OCI_LAYER_GZIP, layer.digest, layer.size), source),
        layer.diff_id,
        rfc3339(archive.released),
        f"vddkctl: VDDK {archive.version}, archive sha256:{archive.sha256}",
        {"User": USER, "Entrypoint": list(ENTRYPOINT), "Cmd": None},
        _annotations(archive, layer, base_name, base.digest),
    )


def _annotations(archive: Contents, layer: LayerFacts, base_name: str, digest: str | None) -> dict[str, str]:
    # The image specification wants the name there without a digest.
    name = base_name.partition("@sha256:")[0]
    named = {BASE_NAME: name} if name and digest else {}
    base = {BASE_DIGEST: digest, **named} if digest else {}
    return {
        TITLE: "VMware Virtual Disk Development Kit",
        VERSION: archive.version,
        CREATED: rfc3339(archive.released),
        ARCHIVE_SHA256: archive.sha256,
        LAYER_VERBATIM: "true" if layer.verbatim else "false",
        **base,
    }


def rfc3339(seconds: int) -> str:
    """A time of the archive's own, never of the build: that keeps the bytes the same."""
    moment = datetime.fromtimestamp(min(max(seconds, 0), _LAST_SECOND), tz=UTC)
    return moment.isoformat().replace("+00:00", "Z")
