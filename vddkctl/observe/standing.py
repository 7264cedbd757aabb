"""Which base an image is to stand on."""

from __future__ import annotations

from collections.abc import Callable

from vddkctl.errors import PlatformError, RegistryError
from vddkctl.observe.tagged import Tagged
from vddkctl.oci.reference import Reference, parse
from vddkctl.plan.images import LastBase
from vddkctl.plan.observed import ObservedBase
from vddkctl.prepare.bases import Bases, Ground
from vddkctl.prepare.preparation import platforms_of
from vddkctl.site.model import ImageSpec


def standing(
    spec: ImageSpec,
    bases: Bases,
    before: LastBase,
    tagged: Tagged,
    digest_on: Callable[[Ground], str],
) -> tuple[Ground, ObservedBase]:
    """The base, and how the spec names it.

    A tag that has moved is followed only if the spec says so. Otherwise the image stays on the base it was last made
    on: the record's (``before``), else the one that the pushed image names, if the declared repository has that.
    ``digest_on`` tells the image that a base gives. Raises RegistryError and ImageError.
    """
    reference = parse(spec.base)
    named = bases.ground(reference, platforms_of(spec))
    here = named, ObservedBase(named.digest, floating=not reference.pinned)
    if reference.pinned or spec.follow_base:
        return here
    last = before.digest if before.known else _said(reference, bases, tagged, named, digest_on)
    if last is None or last == named.digest:
        return here
    try:
        ground = bases.at(reference, last, platforms_of(spec), _gone(reference, last, named.digest))
    except PlatformError:  # as it is when other platforms are declared by now
        return here
    if ground.digest == named.digest:  # an index in which only other platforms have moved
        return here
    return ground, ObservedBase(ground.digest, floating=True, newer=named.digest)


def _said(
    reference: Reference, bases: Bases, tagged: Tagged, named: Ground, digest_on: Callable[[Ground], str]
) -> str | None:
    """The base that the pushed image names, where it is worth asking."""
    if tagged.found is None or tagged.found.digest == digest_on(named):
        return None
    said, name = tagged.origin.base_digest, tagged.origin.base_name
    if said is None or name not in {None, str(reference)}:
        return None
    return said if said == named.digest or bases.has(reference, said) else None


def _gone(reference: Reference, last: str, now: str) -> RegistryError:
    return RegistryError(
        f"the base that the image was last made on is gone: {last}",
        where=str(reference),
        hint=f"pin the one that is there now (base: {reference}@{now}), or set followBase: true",
    )
