"""One image of a plan: made again from its inputs, compared with the plan, pushed, read back."""

from __future__ import annotations

from contextlib import suppress

from vddkctl.errors import DeniedError, PlanFileError, RegistryError, UnreachableError, VddkctlError
from vddkctl.oci.reference import parse
from vddkctl.places import Places
from vddkctl.plan.model import Change, ImageWork
from vddkctl.prepare import Preparation, Prepared
from vddkctl.prepare.bases import Bases, Ground
from vddkctl.prepare.preparation import platforms_of
from vddkctl.progress import Progress
from vddkctl.registry.push import push
from vddkctl.site.model import ImageSpec


def work_of(change: Change) -> ImageWork:
    """What a change of an image says of it."""
    assert change.image
    return change.image


def prepare_image(change: Change, preparation: Preparation) -> tuple[Prepared | None, str]:
    """The image, made from its inputs as they are now; or None, and which input moved since the plan was made.

    Raises the errors of the archive, the base and the registry.
    """
    work = work_of(change)
    spec = _spec(work)
    archive = preparation.archive(spec.archive.path)
    if archive.sha256 != work.archive_sha256:
        return (
            None,
            f"the archive {spec.archive.path} was sha256:{work.archive_sha256}, now sha256:{archive.sha256}",
        )
    material = preparation.material(spec)
    prepared = preparation.prepared(spec, material, _base(spec, work, preparation.bases))
    built = prepared.built
    if built.digest != work.digest:  # by another version of vddkctl, perhaps
        return None, f"the image of the plan is {work.digest}, and this vddkctl makes {built.digest}"
    return prepared, ""


def _base(spec: ImageSpec, work: ImageWork, bases: Bases) -> Ground:
    """The very base of the plan, whatever the base's tag names by now."""
    return bases.at(parse(spec.base), work.base_digest, platforms_of(spec), _gone(spec, work))


def _gone(spec: ImageSpec, work: ImageWork) -> RegistryError:
    return RegistryError(
        f"the base of the plan is gone: {work.base_digest}",
        where=spec.base,
        hint="bring it back, or make a new plan with: vddkctl plan",
    )


def push_image(change: Change, prepared: Prepared | VddkctlError, places: Places, progress: Progress) -> None:
    """Push the image of this change; the tag moves last. Raises RegistryError, or the error of its making."""
    if isinstance(prepared, VddkctlError):
        raise prepared
    reference = places.located(parse(work_of(change).reference))
    try:
        expected = change.precondition.digest
        push(places.registry(reference), reference, prepared.image, progress, expected=expected)
    except VddkctlError as error:
        preparation = Preparation(places, progress)
        # Perhaps the archive changed, and nothing but its bytes shows it: they are to be read again.
        preparation.forget_archive(prepared.built.archive_path)
        _check_base(work_of(change), preparation, error)
        raise


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
