"""Putting an image into an engine's own storage, under a name: what ``podman build`` does without a push."""

from __future__ import annotations

import os
from pathlib import Path

from vddkctl.build.engines.engine import Engine
from vddkctl.oci.image import Image
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress
from vddkctl.registry.export.docker_archive import write_docker_archive
from vddkctl.registry.whole import Whole


def load_into(engine: Engine, image: Image, name: Reference, folder: Path, progress: Progress) -> None:
    """Give an engine an image; ``folder`` is for a file on the way there. Raises BuildError and RegistryError."""
    *layers, config = image.blobs
    whole = Whole(image.descriptor, image.manifest, (config, *layers), ())
    file = folder / "image.tar"
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        write_docker_archive(whole, name, handle, progress)
    finally:
        os.close(handle)
    engine.load(file, f"load {name}")
    file.unlink()
