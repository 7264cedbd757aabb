"""Drift: what someone else changed since the last apply, told apart from what the spec asks for anew."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vddkctl.plan.model import Change, Origin, Plan


@dataclass(frozen=True, slots=True)
class Drift:
    """``changed``: addresses with the fields someone else changed. ``pending``: changes of the spec alone."""

    site: str
    changed: tuple[Change, ...]
    pending: tuple[Change, ...]

    @property
    def fields(self) -> int:
        """How many fields someone else changed."""
        return sum(len(change.fields) for change in self.changed)


def drift_of(plan: Plan) -> Drift:
    """The drift in a plan."""
    return Drift(
        plan.site,
        tuple(
            replace(change, fields=tuple(f for f in change.fields if f.origin is not Origin.SPEC))
            for change in plan.changes
            if change.origin is Origin.DRIFT
        ),
        tuple(change for change in plan.changes if any(f.origin is not Origin.DRIFT for f in change.fields)),
    )
