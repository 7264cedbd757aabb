"""What a run came to, in the one form that all files are written from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from vddkctl.apply.result import Result, Status
from vddkctl.plan.drift import Drift
from vddkctl.plan.model import Change, FieldChange, Origin, Plan, PlanWarning
from vddkctl.report.change_text import field_name, values
from vddkctl.report.words import short

Kind = Literal["plan", "apply", "drift"]
STATES = (
    "drift",
    "gone",
    "public",
    "expired",
    "failed",
    "skipped",
    "pending",
    "done",
    "satisfied",
    "ignored",
    "unchanged",
)
"""What can have come of an address, what matters most first."""
BAD = frozenset({"drift", "gone", "public", "expired", "failed", "skipped"})
"""States that somebody has to look at."""


class FieldRow(Struct, frozen=True):
    """One field: how it goes from one value to another, in lines, and who set what is there."""

    name: str
    lines: tuple[str, ...]
    by: str = ""


class Row(Struct, frozen=True):
    """One address. ``state`` is what came of it, ``note`` why or what to do."""

    address: str
    state: str
    action: str = ""
    reason: str = ""
    fields: tuple[FieldRow, ...] = ()
    note: str = ""


Levels = tuple[tuple[str, str, bool], ...]
"""(level, value, wins), the strongest first."""


class ChainRow(Struct, frozen=True):
    """The precedence chain of a provider. ``then`` is what an apply makes of it, where that is something else."""

    address: str
    levels: Levels
    then: Levels = ()


class Outcome(Struct, frozen=True):
    """A whole run. ``at`` is RFC 3339, ``seconds`` since the epoch; ``data`` is what ``--output json`` prints.

    ``error`` is why the run failed; without rows nothing is known then.
    """

    kind: Kind
    site: str
    place: str
    at: str
    seconds: int
    tool: str
    headline: str
    rows: tuple[Row, ...]
    warnings: tuple[PlanWarning, ...]
    chains: tuple[ChainRow, ...]
    data: Mapping[str, Any]
    error: str = ""

    @property
    def well(self) -> bool:
        """Whether nobody has to look at anything."""
        return not self.error and not any(row.state in BAD for row in self.rows)

    def count(self, *states: str) -> int:
        """How many addresses are in these states."""
        return sum(row.state in states for row in self.rows)


def plan_rows(plan: Plan) -> tuple[Row, ...]:
    """What would change, and what is as declared."""
    return (
        *(_row(change, _state(change), plan.tags) for change in plan.changes),
        *_unchanged(plan.unchanged),
    )


def drift_rows(drift: Drift, plan: Plan) -> tuple[Row, ...]:
    """What somebody else changed; then what is pending, ignored, and well."""
    seen = {change.address for change in (*drift.changed, *drift.pending)}
    return (
        *(_row(change, "drift", plan.tags, back=True) for change in drift.changed),
        *(Row(address, "gone", note="it was there at the last apply") for address in drift.gone),
        *(
            Row(address, "public", note=f"{each.message}; {each.advice}")
            for address, each in drift.exposed.items()
        ),
        *(
            Row(
                f"ignore {ignore.address}",
                "expired",
                note=f"{ignore.where}: ended on {ignore.until}: {ignore.reason}",
            )
            for ignore in drift.expired
        ),
        *(_row(change, "pending", plan.tags) for change in drift.pending),
        *(
            Row(each.address, "ignored", note=f"{field_name(each.path)}: {each.why}")
            for each in drift.ignored
        ),
        *(row for row in _unchanged(plan.unchanged) if row.address not in seen),
    )


def apply_rows(plan: Plan, result: Result) -> tuple[Row, ...]:
    """What was done, and what became of the rest."""
    ends = {step.address: step for step in result.steps}
    rows = []
    for change in plan.changes:
        step = ends.get(change.address)
        state = step.status.value if step else Status.SKIPPED.value
        note = (step.error or step.warning or "") if step else ""
        row = _row(change, state, plan.tags)
        rows.append(Row(row.address, state, row.action, row.reason, row.fields, note))
    rows += [Row(each.address, "failed", note=each.what) for each in result.unsettled]
    return (*rows, *_unchanged(plan.unchanged))


def _unchanged(addresses: Iterable[str]) -> Iterable[Row]:
    return (Row(address, "unchanged") for address in addresses)


def _state(change: Change) -> str:
    return "drift" if change.origin is Origin.DRIFT else "pending"


def _row(change: Change, state: str, tags: Mapping[str, str], *, back: bool = False) -> Row:
    fields = tuple(_field(field, tags, back=back) for field in change.fields)
    return Row(change.address, state, change.action.value, change.reason, fields)


def _back(field: FieldChange, tags: Mapping[str, str]) -> Sequence[str]:
    """From what it should be to what it is; where the spec has moved on, from what was applied, and to where."""
    if field.origin is not Origin.BOTH:
        return values(field, field.after, field.before, tags)
    anew = (f"pending: {line}" for line in values(field, field.applied, field.after, tags))
    return [*values(field, field.applied, field.before, tags), *anew]


def _field(field: FieldChange, tags: Mapping[str, str], *, back: bool) -> FieldRow:
    lines = _back(field, tags) if back else values(field, field.before, field.after, tags)
    by = " ".join(
        filter(
            None,
            (
                field.owner and f"by {field.owner}",
                field.since and f"on {field.since}",
                field.where and f"at {field.where}",
            ),
        )
    )
    name = "tag" if field.path == "digest" else field_name(field.path)
    return FieldRow(name, tuple(map(short, lines)), by)
