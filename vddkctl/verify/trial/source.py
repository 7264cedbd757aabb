"""The very image that was verified, put where an engine reads it: every digest is checked on the way.

An OCI image is read from the layout that it is fetched into. Engines find images of Docker's types in no layout;
for these the same files are shown as a folder of the form "dir", which holds a manifest of any type
(github.com/containers/image, docs/containers-transports.5).
"""

from __future__ import annotations

from vddkctl.errors import TrialError
from vddkctl.oci.descriptor import OCI_MANIFEST
from vddkctl.oci.digest import hex_of
from vddkctl.oci.reference import Reference, parse
from vddkctl.progress import Progress
from vddkctl.registry.base import Registry
from vddkctl.registry.copy import copy
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.registry.whole import read_whole
from vddkctl.verify.documents import Pulled
from vddkctl.verify.trial.workshop import Workshop

_LAYOUT, _FOLDER, _TAG = "image", "docker-image", "trial"


def fetch(registry: Registry, reference: Reference, image: Pulled, shop: Workshop, progress: Progress) -> str:
    """What an engine calls the image, in the workshop's folder: a path would be taken for a part of its name.

    Raises RegistryError, ImageError and TrialError.
    """
    whole = read_whole(registry, reference, image.descriptor)
    copy(whole, LayoutRegistry(shop.folder), parse(f"oci:{_LAYOUT}:{_TAG}"), progress)
    if image.descriptor.media_type == OCI_MANIFEST:
        return f"oci:{_LAYOUT}:{_TAG}"
    folder = shop.folder / _FOLDER
    try:
        folder.mkdir()
        (folder / "version").write_text("Directory Transport Version: 1.1\n")
        (folder / "manifest.json").write_bytes(whole.content)
        for blob in whole.blobs:
            name = hex_of(blob.descriptor.digest)
            if not (folder / name).exists():  # two layers can be the same
                (folder / name).hardlink_to(shop.folder / _LAYOUT / "blobs" / "sha256" / name)
    except OSError as error:
        raise TrialError(f"cannot be written: {error.strerror}", where=str(folder)) from None
    return f"dir:{_FOLDER}"
