"""One image of a plan: made again from its inputs, compared with the plan, pushed, read back."""

from __future__ import annotations

from contextlib import suppress

from vddkctl.errors import DeniedError, PlanFileError, RegistryError, UnreachableError, VddkctlError
from vddkctl.oci.reference import parse
from vddkctl.places import Places
from vddkctl.plan.model import Change, ImageWork
from vddkctl.prepare import Preparation, Prepared
from vddkctl.prepare.bases import Bases, Ground
from vddkctl.prepare.engine_order import Assignment, Order, carried_out, ordered
from vddkctl.prepare.preparation import platforms_of
from vddkctl.prepare.recipe import recipe
from vddkctl.progress import Progress
from vddkctl.registry.copy import copy
from vddkctl.registry.push import push
from vddkctl.registry.whole import read_whole
from vddkctl.site.model import ImageSpec
from vddkctl.vddk.archive import ArchiveFacts


def work_of(change: Change) -> ImageWork:
    """What a change of an image says of it."""
    assert change.image
    return change.image


Made = Prepared | Assignment
"""An image that can be pushed, or how an engine is to build it when its turn comes."""


def prepare_image(change: Change, preparation: Preparation) -> tuple[Made | None, str]:
    """The image, made from its inputs as they are now; or None, and which input moved since the plan was made.

    Raises the errors of the archive, the base and the registry, and those of an engine that does not work.
    """
    work = work_of(change)
    if work.restores:
        return Assignment(None, work.digest), ""
    spec = _spec(work)
    archive = preparation.archive(spec.archive.path)
    if archive.sha256 != work.archive_sha256:
        return (
            None,
            f"the archive {spec.archive.path} was sha256:{work.archive_sha256}, now sha256:{archive.sha256}",
        )
    if work.inputs is not None:
        return _assigned(work, spec, archive, preparation)
    material = preparation.material(spec)
    prepared = preparation.prepared(spec, material, _base(spec, work, preparation.bases))
    built = prepared.built
    if built.digest != work.digest:  # by another version of vddkctl, perhaps
        return None, f"the image of the plan is {work.digest}, and this vddkctl makes {built.digest}"
    return prepared, ""


def _assigned(
    work: ImageWork, spec: ImageSpec, archive: ArchiveFacts, preparation: Preparation
) -> tuple[Assignment | None, str]:
    made_of = recipe(spec, archive.sha256, work.bases, preparation.places, preparation.bases)
    if made_of.inputs != work.inputs:
        what = f"the Dockerfile {spec.dockerfile}" if spec.dockerfile else "what the image is built of"
        return None, f"{what} is not as it was"
    return ordered(Order(work.name, spec, made_of, archive), work.builder, preparation.places), ""


def _base(spec: ImageSpec, work: ImageWork, bases: Bases) -> Ground:
    """The very base of the plan, whatever the base's tag names by now."""
    return bases.at(parse(spec.base), work.base_digest, platforms_of(spec), _gone(spec, work))


def _gone(spec: ImageSpec, work: ImageWork) -> RegistryError:
    return RegistryError(
        f"the base of the plan is gone: {work.base_digest}",
        where=spec.base,
        hint="bring it back, or make a new plan with: vddkctl plan",
    )


def push_image(change: Change, prepared: Made | VddkctlError, places: Places, progress: Progress) -> str:
    """Push the image of this change, and give its digest; the tag moves last.

    Raises RegistryError, or the error of its making.
    """
    if isinstance(prepared, VddkctlError):
        raise prepared
    if isinstance(prepared, Assignment):
        return _push_built(change, prepared, places, progress)
    reference, expected = places.located(parse(work_of(change).reference)), change.precondition.digest
    try:
        push(places.registry(reference), reference, prepared.image, progress, expected=expected)
    except VddkctlError as error:
        preparation = Preparation(places, progress)
        # Perhaps the archive changed, and nothing but its bytes shows it: they are to be read again.
        preparation.forget_archive(prepared.built.archive_path)
        _check_base(work_of(change), preparation, error)
        raise
    return prepared.built.digest


def _push_built(change: Change, assignment: Assignment, places: Places, progress: Progress) -> str:
    """Have an image built, and push it; or give the one that was built before its tag again."""
    reference, expected = places.located(parse(work_of(change).reference)), change.precondition.digest
    registry = places.registry(reference)
    if assignment.order is None:
        again = reference.with_digest(assignment.digest)
        descriptor = registry.resolve(again)
        if descriptor is None:
            raise RegistryError(
                f"{assignment.digest} is gone",
                where=str(reference),
                hint="run again: it is built" if work_of(change).inputs else "push it there again",
            )
        copy(read_whole(registry, again, descriptor), registry, reference, progress)
        return assignment.digest
    from vddkctl.verify.unpushed import check_unpushed

    order = assignment.order
    with carried_out(assignment, Preparation(places, progress), progress) as image:
        check_unpushed(
            image,
            reference,
            f"build {order.name}",
            progress,
            any_machine=order.spec.allow_platform_mismatch,
        )
        push(registry, reference, image, progress, expected=expected)
        return image.descriptor.digest


def _check_base(work: ImageWork, preparation: Preparation, error: VddkctlError) -> None:
    """After a push that failed: what is known of a base can outlive it. Raises RegistryError when it is gone."""
    spec = _spec(work)
    if isinstance(error, (DeniedError, UnreachableError)) or not isinstance(error, RegistryError):
        return
    with suppress(DeniedError, UnreachableError):
        if not preparation.bases.has(parse(spec.base), work.base_digest):
            raise _gone(spec, work) from None


def _spec(work: ImageWork) -> ImageSpec:
    import json

    try:
        return ImageSpec.model_validate_json(json.dumps(work.spec))
    except ValueError:
        raise PlanFileError(
            f"the plan's part about image {work.name} is not what vddkctl wrote",
            hint="make a new plan with: vddkctl plan",
        ) from None
