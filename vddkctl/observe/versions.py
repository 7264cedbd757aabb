"""What is known of the images that providers use: from their references, and from registries that answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, wait
from threading import BoundedSemaphore
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from vddkctl.errors import ImageError, RegistryError, VddkctlError
from vddkctl.oci.reference import Reference, parse
from vddkctl.places import Places
from vddkctl.threads import start
from vddkctl.vddk.versions import vsphere_of

_PATIENCE = 5.0
"""Seconds for all registries together: a person waits, and digests of pinned images are known without them."""
_AT_ONCE = 4
_VERSION = re.compile(r"v?(\d{1,2}(?:\.\d{1,4}){1,3})(?![\d.])")


class ImageFacts(Struct, frozen=True):
    """``digest`` and VDDK's ``version`` as far as they are known; ``why`` says why no more is.

    ``told_by``: the image itself, or only its tag.
    """

    digest: str | None = None
    version: str | None = None
    told_by: Literal["image", "tag"] | None = None
    why: str = ""


class ImageLooks:
    """Asks a registry once for each image that is pinned, however often it is asked itself; again after a failure."""

    def __init__(self, places: Places, patience: float = _PATIENCE) -> None:
        self._places = places
        self._patience = patience
        self._asked: dict[str, Future[ImageFacts]] = {}
        self._turn = BoundedSemaphore(_AT_ONCE)

    def of(self, images: Iterable[str]) -> Mapping[str, ImageFacts]:
        """The facts of each image. What a registry has not answered in time is there when it is asked for again."""
        names = sorted(set(images))
        for image in names:
            if image not in self._asked or self._may_have_changed(image):
                self._asked[image] = start(self._look, image)
        wait([self._asked[image] for image in names], self._patience)
        return {image: self._known(image) for image in names}

    def _may_have_changed(self, image: str) -> bool:
        asked = self._asked[image]
        return asked.done() and (bool(asked.result().why) or "@" not in image)

    def _known(self, image: str) -> ImageFacts:
        asked = self._asked[image]
        if asked.done():
            return asked.result()
        host = image.partition("/")[0]
        return replace(by_reference(image), why=f"{host} has not answered within {self._patience:.0f} s")

    def _look(self, image: str) -> ImageFacts:
        known = by_reference(image)
        if known.why:
            return known
        with self._turn:
            try:
                return self._asked_for(parse(image), known)
            except VddkctlError as error:
                return replace(known, why=error.what)

    def _asked_for(self, reference: Reference, known: ImageFacts) -> ImageFacts:
        """One HEAD for what it names, and one read of the manifest."""
        from vddkctl.registry.read import read_origin

        registry = self._places.registry(reference)
        found = registry.resolve(reference)
        if found is None:
            raise RegistryError("there is no such image", where=str(reference))
        origin = read_origin(registry, reference, found)
        known = replace(known, digest=found.digest)
        # An image that is not of vddkctl's making may have the version of its base there.
        if origin.archive_sha256 and origin.version:
            return replace(known, version=origin.version, told_by="image")
        return known


def by_reference(image: str) -> ImageFacts:
    """What a reference itself tells: a digest, and the version in a tag such as ``8.0.1-debug``."""
    try:
        reference = parse(image)
    except ImageError as error:
        return ImageFacts(why=error.what)
    if reference.transport != "docker":
        return ImageFacts(reference.digest, why="no cluster can pull from a folder")
    found = _VERSION.match(reference.tag or "")
    if found and vsphere_of(found[1]):
        return ImageFacts(reference.digest, found[1], "tag")
    return ImageFacts(reference.digest)
