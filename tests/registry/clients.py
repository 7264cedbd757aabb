"""Clients of real registries, with little patience, and images that they push."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import unquote

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import UPLOADS
from tests.support.running_registry import RunningRegistry
from vddkctl.oci.descriptor import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST, Blob, Content, Descriptor
from vddkctl.oci.digest import digest_of
from vddkctl.oci.document import encode
from vddkctl.oci.image import Image, ImageIndex
from vddkctl.oci.reference import Reference, parse
from vddkctl.progress import Progress, Silent
from vddkctl.registry.http.access import Access
from vddkctl.registry.http.login import Login
from vddkctl.registry.http.patience import Patience
from vddkctl.registry.http.registry import HttpRegistry

QUICK = Patience(attempts=4, first=0.01)
"""Nothing waits for long, and 3 faults in a row are borne."""
MEBIBYTE = 1024 * 1024


def login_of(place: RunningRegistry) -> Login | None:
    """The login of a registry's own user."""
    return Login(place.username, place.password, source="the tests") if place.username else None


def client(
    place: RunningRegistry,
    login: Login | None = None,
    *,
    anonymous: bool = False,
    patience: Patience = QUICK,
    progress: Progress | None = None,
    environment: dict[str, str] | None = None,
    **access: Any,
) -> HttpRegistry:
    """A client with the registry's own user and CA; ``access``: fields of :class:`Access`."""
    login = login or login_of(place)
    known: dict[str, Any] = {
        "scheme": "https" if place.ca else "http",
        "ca_file": place.ca,
        "certificate_file": place.client.certificate if place.client else None,
        "key_file": place.client.key if place.client else None,
        "environment": {"VDDKCTL_REGISTRY_TIMEOUT": "10", **(environment or {})},
    }
    find = None if anonymous or login is None else (lambda host, repository: login)
    return HttpRegistry(Access(place.host, **{**known, **access}), find, progress or Silent(), patience)


def reference_in(place: RunningRegistry, repository: str, tag: str | None = "1") -> Reference:
    """A tag in a registry, or a repository alone."""
    return parse(f"{place.host}/{repository}{f':{tag}' if tag else ''}")


def blob_of(content: bytes) -> Blob:
    """A layer of these bytes."""
    return Blob(Descriptor(OCI_LAYER_GZIP, digest_of(content), len(content)), Content(content))


def noise(size: int) -> bytes:
    """Bytes that nothing else has."""
    return os.urandom(size)


def image_of(*contents: bytes) -> Image:
    """An image with these layers, whatever they are."""
    layers = tuple(blob_of(content) for content in contents)
    config = blob_of(
        encode({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}})
    )
    data = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {**config.descriptor.to_json(), "mediaType": OCI_CONFIG},
        "layers": [layer.descriptor.to_json() for layer in layers],
    }
    manifest = encode(data)
    return Image(
        Descriptor(OCI_MANIFEST, digest_of(manifest), len(manifest)), manifest, b"", (config, *layers)
    )


def put(place: RunningRegistry, repository: str, content: bytes, **options: Any) -> None:
    """Upload one blob; ``options`` as for :func:`client`."""
    client(place, **options).put_blob(reference_in(place, repository), blob_of(content), Silent())


def digests(image: Image | ImageIndex) -> list[str]:
    """Of all its blobs."""
    return [blob.descriptor.digest for blob in image.all_blobs]


def sent_blobs(proxy: FaultProxy) -> list[str]:
    """The digests of the blobs whose bytes went to the registry, each in one piece."""
    puts = [one for one in proxy.requests("PUT", UPLOADS) if one.received]
    return [unquote(one.path.partition("digest=")[2]) for one in puts]
