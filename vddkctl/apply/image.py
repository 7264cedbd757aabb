"""One image of a plan: made again from its inputs, checked against the plan, pushed, read back."""

from __future__ import annotations

from vddkctl.errors import PlanError
from vddkctl.oci.reference import parse
from vddkctl.places import Places
from vddkctl.plan.model import Change
from vddkctl.prepare import Preparation
from vddkctl.progress import Progress
from vddkctl.registry.push import push
from vddkctl.site.model import ImageSpec


def push_image(change: Change, places: Places, progress: Progress) -> None:
    """Push the image of this change.

    Raises :class:`~vddkctl.errors.PlanError` when the inputs do not give the digest of the plan, and the errors of
    the archive, the base and the registry. The tag moves last.
    """
    work = change.image
    assert work
    spec = ImageSpec.model_validate_json(_json(work.spec))
    prepared = Preparation(places, progress).image(work.name, spec)
    if prepared.built.digest != work.digest:
        raise PlanError(
            f"the image would be {prepared.built.digest}, and the plan says {work.digest}: "
            "the archive or the base changed since the plan was made",
            where=work.reference,
            hint="make a new plan with: vddkctl plan",
        )
    reference = places.located(parse(work.reference))
    push(places.registry(reference), reference, prepared.image, progress)


def _json(spec: object) -> str:
    import json

    return json.dumps(spec)
