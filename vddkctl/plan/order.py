"""In which order changes can be done: images, what lets a cluster pull them, the controller, the providers."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from vddkctl.plan import fields
from vddkctl.plan.model import Change

ROOMS = ("image", "secret", "serviceaccount", "controller", "provider", "storagemap")

STAY_GONE = frozenset({"serviceaccount", "controller", "provider", "storagemap"})
"""Objects that were there before us: one that is gone is told as such, and no rollback makes it again."""


def ordered(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Sort by room and address, and state each dependency on another change."""
    rest = sorted(changes, key=lambda change: (ROOMS.index(room(change.address)), change.address))
    present = {change.address for change in rest}
    controllers = sorted(a for a in present if room(a) == "controller")
    return tuple(
        replace(
            change,
            depends_on=tuple(
                [address for address in change.depends_on if address in present]
                + (controllers if _falls_back_to_controller(change) else [])
            ),
        )
        for change in rest
    )


def room(address: str) -> str:
    """``image`` of ``image.vddk-8``."""
    return address.partition(".")[0]


def _falls_back_to_controller(change: Change) -> bool:
    """A provider that gives up its own image uses the controller's: that one has to be right first."""
    return room(change.address) == "provider" and any(
        field.path == fields.PROVIDER_IMAGE and field.after is None for field in change.fields
    )
