"""Exporting an image: from its place into a file."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from vddkctl.errors import ImageError, RegistryError
from vddkctl.oci.descriptor import Descriptor
from vddkctl.oci.platform import Platform
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress
from vddkctl.registry.base import Registry
from vddkctl.registry.export.docker_archive import write_docker_archive
from vddkctl.registry.export.file import new_file
from vddkctl.registry.export.form import Format
from vddkctl.registry.export.oci_archive import write_oci_archive
from vddkctl.registry.inspected import inspect_image, inspect_platform
from vddkctl.registry.whole import Whole, read_whole


class Exported(Struct, frozen=True):
    """What was written. ``size`` is the file's, in bytes."""

    digest: str
    media_type: str
    size: int


def chosen(
    registry: Registry, reference: Reference, descriptor: Descriptor, form: Format, platform: Platform | None
) -> Whole:
    """What of an image goes into an archive: all of it, or the image for ``platform``.

    Raises ImageError when ``form`` holds one image, and this is several.
    """
    if platform is not None:
        descriptor = inspect_platform(registry, reference, descriptor, platform).images[0].descriptor
    elif form is Format.DOCKER:
        images = inspect_image(registry, reference, descriptor).images
        if len(images) != 1:
            names = ", ".join(str(image.config.platform) for image in images) or "no platform"
            raise ImageError(
                f"it is for {names}, and a {form} holds one image",
                where=str(reference),
                hint=f"choose one with --platform, or take --format {Format.OCI}",
            )
        descriptor = images[0].descriptor
    return read_whole(registry, reference, descriptor)


def export(
    whole: Whole, name: Reference | None, form: Format, target: Path, progress: Progress, *, overwrite: bool
) -> Exported:
    """Write an archive, whole or not at all. ``name`` is what the image is called in it.

    Every digest is checked on the way. Raises RegistryError and ImageError; then nothing of it is left.
    """
    write = write_oci_archive if form is Format.OCI else write_docker_archive
    try:
        with new_file(target, overwrite=overwrite) as handle:
            write(whole, name, handle, progress)
    except RegistryError as error:
        if error.where == str(
            target
        ):  # of the file, not of a registry: then what should have gone there helps
            error.what = f"cannot export {name or whole.descriptor.digest}: {error.what}"
        raise
    return Exported(whole.descriptor.digest, whole.descriptor.media_type, target.stat().st_size)
