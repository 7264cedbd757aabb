"""A docker-archive: what ``docker save`` and ``podman save`` write, and ``docker load`` reads.

One image: its config, its layers as plain tars, and manifest.json, which says which is which
(github.com/moby/docker-image-spec, "Combined Image JSON + Filesystem Changeset Format").
"""

from __future__ import annotations

import json

from vddkctl.errors import ImageError
from vddkctl.oci.config import parse_config
from vddkctl.oci.digest import hex_of
from vddkctl.oci.document import MAX_SIZE
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress
from vddkctl.registry.export.stream import copy_unpacked
from vddkctl.registry.export.tar import TarWriter
from vddkctl.registry.whole import Whole


def write_docker_archive(image: Whole, name: Reference | None, handle: int, progress: Progress) -> None:
    """Write one image, not an index, to an open, empty file.

    ``name`` is what it is called when it is loaded, if it has a tag and a registry. Raises RegistryError, OSError,
    and ImageError when a layer is not what the config says.
    """
    config, *layers = image.blobs
    where = f"config {config.descriptor.digest}"
    with config.source.open() as stream:
        content = stream.read(min(config.descriptor.size, MAX_SIZE) + 1)
    diff_ids = parse_config(content, where).diff_ids
    if len(diff_ids) != len(layers):
        raise ImageError(f"it knows {len(diff_ids)} of the image's {len(layers)} layers", where=where)
    tar = TarWriter(handle)
    tar.add(f"{hex_of(config.descriptor.digest)}.json", content)
    with progress.task("export", image.size) as task:
        for diff_id, layer in dict(zip(diff_ids, layers, strict=True)).items():
            with tar.entry(_path(diff_id)) as write:
                copy_unpacked(layer, diff_id, write, task)
    tar.add("manifest.json", _manifest(config.descriptor.digest, diff_ids, name))
    tar.close()


def _manifest(config: str, diff_ids: tuple[str, ...], name: Reference | None) -> bytes:
    named = name is not None and name.transport == "docker" and name.tag is not None
    data = {
        "Config": f"{hex_of(config)}.json",
        "RepoTags": [f"{name.name}:{name.tag}"] if name is not None and named else [],
        "Layers": [_path(diff_id) for diff_id in diff_ids],
    }
    return json.dumps([data]).encode()


def _path(diff_id: str) -> str:
    return f"{hex_of(diff_id)}.tar"
