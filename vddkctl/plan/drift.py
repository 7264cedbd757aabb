"""Drift: what someone else changed since the last apply, told apart from what the spec asks for anew."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from vddkctl.plan.exposed import Exposure
from vddkctl.plan.model import Change, Origin, Plan


class Ignore(Struct, frozen=True):
    """What the spec lets others change.

    ``until`` is the last day, as in ``2026-12-31``; ``where`` is its place in the spec.
    """

    address: str
    fields: tuple[str, ...]
    reason: str
    until: str
    where: str = ""


class Ignored(Struct, frozen=True):
    """A field that was changed, and why that is not told."""

    address: str
    path: str
    why: str


class Drift(Struct, frozen=True):
    """``changed``: addresses with the fields someone else changed. ``pending``: what the spec asks for anew.

    ``gone``: objects that something was applied to, and that someone else has removed. ``exposed``: images that anyone
    can pull, which the spec denies, by address. ``ignored`` is what was changed, and need not be told; ``expired`` are
    ignores whose day is over, ``idle`` those that ignore nothing.
    """

    site: str
    changed: tuple[Change, ...]
    pending: tuple[Change, ...]
    gone: tuple[str, ...] = ()
    exposed: Mapping[str, Exposure] = field(default_factory=dict)
    ignored: tuple[Ignored, ...] = ()
    expired: tuple[Ignore, ...] = ()
    idle: tuple[Ignore, ...] = ()

    @property
    def found(self) -> bool:
        """Whether there is any."""
        return bool(self.changed or self.gone or self.exposed or self.expired)

    @property
    def fields(self) -> int:
        """How many fields someone else changed."""
        return sum(len(change.fields) for change in self.changed)


def drift_of(plan: Plan, exposed: Mapping[str, Exposure] | None = None) -> Drift:
    """The drift in a plan. A field that is both stands on both sides; of what is gone no field is told."""
    return Drift(plan.site, _with(plan, Origin.DRIFT), _with(plan, Origin.SPEC), plan.gone, exposed or {})


def _with(plan: Plan, origin: Origin) -> tuple[Change, ...]:
    parts = (
        replace(change, fields=tuple(f for f in change.fields if f.origin in (origin, Origin.BOTH)))
        for change in plan.changes
        if change.address not in plan.gone
    )
    return tuple(part for part in parts if part.fields)
