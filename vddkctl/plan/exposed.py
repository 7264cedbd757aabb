"""Images that anyone could pull: VMware's terms forbid that, and ``policy.publicRegistry`` says what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from vddkctl.plan import fields
from vddkctl.plan.model import Plan, PlanWarning
from vddkctl.plan.wire import Wire

Kind = Literal["public-host", "anonymous-pull", "unproven"]


@dataclass(frozen=True)
class Exposure(Wire):
    """Why an image is taken to be public. ``message`` says it, and ``advice`` what to do, without a final full stop.

    ``public-host``: everything at that host is public. ``anonymous-pull``: a client without a login was let in.
    ``unproven``: the host is known for public images, and nothing proves that this repository is not one.
    """

    kind: Kind
    repository: str
    message: str
    advice: str


def at_stake(plan: Plan) -> dict[str, str]:
    """References by address: of the images that a plan pushes, and of those that settings come to name."""
    changing = {change.address for change in plan.changes}
    named = " ".join(
        str(field.after) for change in plan.changes if not change.image for field in change.fields
    )
    return {
        address: image.reference
        for address, image in plan.images.items()
        if address in changing or image.digest in named or image.reference in named
    }


def pulled(plan: Plan) -> dict[str, str]:
    """References by address: of the images that settings come to name where they are not pushed to."""
    named = (
        (address, str(field.after))
        for change in plan.changes
        for field in change.fields
        if field.path in fields.IMAGE_FIELDS and field.after
        for address in change.depends_on
    )
    return {
        address: after
        for address, after in named
        if address in plan.images and not _is_pushed_to(plan.images[address].reference, after)
    }


def _is_pushed_to(reference: str, after: str) -> bool:
    return after == reference or after.partition("@")[0] == reference.rpartition(":")[0]


def warned(plan: Plan, exposures: Mapping[str, Exposure]) -> Plan:
    """The plan, with a warning for each image that anyone could pull."""
    warnings = (
        PlanWarning("public-registry", address, f"{each.message}; {_consequence(plan, each)}")
        for address, each in sorted(exposures.items())
    )
    return replace(plan, warnings=(*plan.warnings, *warnings))


def _consequence(plan: Plan, exposure: Exposure) -> str:
    if plan.public_registry == "deny":
        return f"VDDK's licence forbids that, and apply will refuse: {exposure.advice}"
    return f"VDDK's licence forbids that (policy.publicRegistry is {plan.public_registry})"
