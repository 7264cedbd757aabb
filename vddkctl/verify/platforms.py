"""Whether an image is for the right platforms, and stands on the right base."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from vddkctl.errors import VddkctlError
from vddkctl.oci.platform import Platform
from vddkctl.verify.check import Check, failed, passed, warned
from vddkctl.verify.documents import Pulled
from vddkctl.verify.expected import ExpectedBase

_HOME = Platform("linux", "amd64")
"""Where CDI and Forklift run VDDK."""

_BUILD_AGAIN = "build the image again, and push it"
_LOOK = "look at the base that the spec names"


def platform_checks(
    images: Sequence[Pulled], wanted: Sequence[Platform], passed_over: Sequence[Platform]
) -> Iterator[Check]:
    """Whether each image is for what it is listed for, and whether those that are wanted are there."""
    everywhere = any(image.platform and _HOME.runs(image.listed or image.platform) for image in images)
    for image in images:
        if image.config:
            yield _platform(image, image.config.platform, everywhere=everywhere)
    there = [image.platform for image in images if image.platform]
    missing = [str(want) for want in wanted if not any(want.runs(has) for has in there)]
    beyond = [str(has) for has in there if wanted and not any(want.runs(has) for want in wanted)]
    if missing:
        known = ", ".join(map(str, [*there, *passed_over])) or "none that can be told"
        yield failed("platform", "", f"it is not for {', '.join(missing)}; it is for {known}", _BUILD_AGAIN)
    if beyond:
        what = f"it is also for {', '.join(beyond)}, which the spec does not name"
        yield warned("platform", "", what, _BUILD_AGAIN)


class Ground(Struct, frozen=True):
    """What was found out about an image's base. ``layers``: how many of its lower layers are the base's own.

    None stands for not known.
    """

    checks: tuple[Check, ...] = ()
    layers: int | None = None


def ground_of(image: Pulled, expected: ExpectedBase | None) -> Ground:
    """Whether the lower layers are those of the base, by diff ID: another packing of them is the same base.

    A base that the spec names by tag may have moved since: then it is the one that the image says it stands on.
    """
    if expected is None or image.config is None:
        return Ground()
    digest = None if expected.pinned else image.claimed_base
    name = expected.name if digest is None else f"{expected.name} as it was, {digest}"
    try:
        base = expected.read(image.config.platform, digest)
    except VddkctlError as error:
        return Ground(
            (warned("base", image.name, f"{name} cannot be read: {error.what}", error.hint or _LOOK),)
        )
    own = image.config.diff_ids
    if base.config.diff_ids == own[: len(base.config.diff_ids)]:
        what = f"its lower layers are those of {name}"
        return Ground((passed("base", image.name, what),), len(base.config.diff_ids))
    if expected.pinned or digest:
        what = f"its lower layers are not those of {name}"
        return Ground((failed("base", image.name, what, _BUILD_AGAIN),))
    what = f"its lower layers are not those that {name} has now: it may have moved since"
    hint = "build the image again, or pin the base by its digest"
    return Ground((warned("base", image.name, what, hint),))


def _platform(image: Pulled, said: Platform, *, everywhere: bool) -> Check:
    """``everywhere``: one of the images is for every processor of the usual kind."""
    if image.listed and not image.listed.runs(said):
        what = f"it is listed for {image.listed}, and its config says {said}"
        return failed("platform", image.name, what, _BUILD_AGAIN)
    narrow = next((each for each in (image.listed, said) if each and not _HOME.runs(each)), None)
    if narrow and narrow.runs(_HOME):
        if everywhere:
            return passed("platform", image.name, f"{narrow}, beside one for every {_HOME}")
        what = f"{narrow}, for newer processors alone: CDI and Forklift want {_HOME}"
        return warned("platform", image.name, what, f"build the image for {_HOME}")
    if narrow:
        what = f"{narrow}, where nothing runs VDDK: CDI and Forklift want {_HOME}"
        return warned("platform", image.name, what, f"build the image for {_HOME}")
    return passed("platform", image.name, str(said))
