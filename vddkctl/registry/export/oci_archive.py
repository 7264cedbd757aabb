"""An oci-archive: a tar of an OCI image layout (image specification 1.1), as skopeo and podman read and write it."""

from __future__ import annotations

from msgspec.structs import replace

from vddkctl.oci.annotations import REF_NAME
from vddkctl.oci.descriptor import OCI_INDEX
from vddkctl.oci.digest import hex_of
from vddkctl.oci.document import encode
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress
from vddkctl.registry.export.stream import copy
from vddkctl.registry.export.tar import TarWriter
from vddkctl.registry.layout_index import VERSION
from vddkctl.registry.whole import Whole

_FULL_NAME = "io.containerd.image.name"
"""Where containerd, podman and Docker look for the whole name: the specification's own annotation is the tag."""


def write_oci_archive(whole: Whole, name: Reference | None, handle: int, progress: Progress) -> None:
    """Write an image or an index, with all that it names, to an open, empty file.

    ``name`` is what the image is called there, where it is called anything. Raises RegistryError and OSError.
    """
    tar = TarWriter(handle)
    tar.add("oci-layout", VERSION)
    tar.add("index.json", _index(whole, name))
    for each in whole.documents:
        tar.add(_path(each.descriptor.digest), each.content)
    with progress.task("export", whole.size) as task:
        for blob in whole.all_blobs:
            with tar.entry(_path(blob.descriptor.digest)) as write:
                copy(blob, write, task)
    tar.close()


def _index(whole: Whole, name: Reference | None) -> bytes:
    annotations = {}
    if name is not None and name.tag is not None:
        annotations[REF_NAME] = name.tag
        if name.transport == "docker":
            annotations[_FULL_NAME] = f"{name.name}:{name.tag}"
    entry = replace(whole.descriptor, annotations=annotations).to_json()
    return encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]})


def _path(digest: str) -> str:
    return f"blobs/sha256/{hex_of(digest)}"
