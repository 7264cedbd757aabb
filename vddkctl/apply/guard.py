"""The licence guard of an apply: before its first write, and after each push."""

from __future__ import annotations

from vddkctl.errors import PlanError, RegistryError
from vddkctl.exposure import exposure, exposures, pulled_exposures
from vddkctl.oci.reference import parse
from vddkctl.places import Places
from vddkctl.plan.exposed import Exposure, at_stake, pulled
from vddkctl.plan.model import Change, Plan
from vddkctl.plan.record import Record


def refuse_public(plan: Plan, record: Record | None, places: Places) -> None:
    """Raise PlanError when the plan is about an image that anyone can pull, and that is denied."""
    if plan.public_registry != "deny":
        return
    asked = {**_unsettled(plan, record), **at_stake(plan)}
    found = {**pulled_exposures(places, pulled(plan, asked)), **exposures(places, asked)}
    if found:
        public = "; ".join(f"{address}: {each.message}" for address, each in found.items())
        advice = dict.fromkeys(each.advice for each in found.values())
        raise PlanError(
            f"nothing was written, since VDDK's licence forbids public images: {public}",
            hint="\n  ".join(advice),
        )


def _unsettled(plan: Plan, record: Record | None) -> dict[str, str]:
    """Images that a run began to push and did not end well: perhaps since anyone could pull them."""
    intended = record.intended if record else {}
    return {a: plan.images[a].reference for a in plan.unchanged if a in plan.images and a in intended}


def public_since(change: Change, digest: str, plan: Plan, places: Places) -> Exposure | None:
    """How anyone can pull an image that was just pushed; None when nobody can, or when that is allowed.

    Asked by digest, of what is there now. Raises RegistryError when it cannot be told.
    """
    work = change.image
    if work is None or plan.public_registry == "allow":
        return None
    try:
        return exposure(places, parse(work.reference).with_digest(digest))
    except RegistryError as error:
        raise RegistryError(
            f"it is pushed, and whether anyone can pull it cannot be told: {error.what}",
            where=error.where,
            hint=error.hint,
        ) from None
