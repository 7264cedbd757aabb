"""Which VDDK is in an image that a cluster uses, as far as its registry says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from vddkctl.errors import VddkctlError
from vddkctl.oci.reference import parse
from vddkctl.places import Places
from vddkctl.threads import each

_AT_ONCE = 4


class ImageFacts(Struct, frozen=True):
    """``digest`` and ``version`` as far as they are known; ``why`` says why they are not."""

    digest: str | None = None
    version: str | None = None
    why: str = ""


def image_facts(references: Iterable[str], places: Places) -> Mapping[str, ImageFacts]:
    """Facts by reference. A registry that cannot be reached is told, and nothing more."""
    wanted = sorted(set(references))
    return dict(zip(wanted, each(lambda text: _facts(text, places), wanted, _AT_ONCE), strict=True))


def _facts(text: str, places: Places) -> ImageFacts:
    from vddkctl.registry.read import read_origin

    digest = None
    try:
        reference = parse(text)
        digest = reference.digest
        registry = places.registry(reference)
        found = registry.resolve(reference)
        if found is None:
            return ImageFacts(digest, why="there is no such image")
        return ImageFacts(found.digest, read_origin(registry, reference, found).version)
    except VddkctlError as error:
        return ImageFacts(digest, why=error.what)
