"""Images that anyone could pull: VMware's terms forbid that, and ``policy.publicRegistry`` says what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from msgspec.structs import replace

from vddkctl.plan.model import DeclaredImage, Plan, PlanWarning
from vddkctl.plan.wire import Wire

Kind = Literal["public-host", "anonymous-pull", "unproven"]


class Exposure(Wire, frozen=True):
    """Why an image is taken to be public. ``message`` says it, and ``advice`` what to do, without a final full stop.

    ``public-host``: everything at that host is public. ``anonymous-pull``: a client without a login was let in.
    ``unproven``: the host is known for public images, and nothing proves that this repository is not one.
    """

    kind: Kind
    repository: str
    message: str
    advice: str


def come_to_name(plan: Plan) -> frozenset[str]:
    """The images, by address, that settings are changed to name."""
    named = " ".join(
        str(field.after) for change in plan.changes if not change.image for field in change.fields
    )
    return frozenset(
        address
        for address, image in plan.images.items()
        if any(text and text in named for text in (image.digest, image.reference, image.pulled))
    )


def at_stake(plan: Plan) -> dict[str, str]:
    """References by address: of the images that a plan pushes, and of those that settings come to name."""
    chosen = {change.address for change in plan.changes} | come_to_name(plan)
    return {address: image.reference for address, image in plan.images.items() if address in chosen}


def pulled(plan: Plan, addresses: Collection[str]) -> dict[str, str]:
    """References by address: of those images that clusters pull from where they are not pushed to."""
    return {
        address: image.pulled
        for address, image in plan.images.items()
        if address in addresses and image.pulled and not _is_pushed_to(image)
    }


def _is_pushed_to(image: DeclaredImage) -> bool:
    repository = image.reference.rpartition(":")[0]
    return image.pulled in {image.reference, f"{repository}@{image.digest}"}


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
