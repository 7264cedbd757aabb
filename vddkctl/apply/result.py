"""What became of a plan."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from vddkctl.plan.model import Action, PlanWarning
from vddkctl.plan.observed import Unsettled


class Status(StrEnum):
    """The end of one change."""

    DONE = "done"
    SATISFIED = "satisfied"
    """Someone else had already made exactly this change; nothing was written."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not tried: something it depends on failed, or the run was interrupted."""


class StepResult(Struct, frozen=True):
    """One change's end. ``error`` says why it failed or was skipped, ``warning`` what to know though it was done.

    ``digest`` is that of an image which was pushed, or was there.
    """

    address: str
    action: Action
    status: Status
    error: str | None = None
    warning: str | None = None
    digest: str | None = None


class Result(Struct, frozen=True):
    """The whole run. ``record_error``: the changes stand, but could not be recorded. ``unsettled`` is not in effect.

    ``kind`` and ``back_to`` are the plan's.
    ``warnings`` are what Forklift's plans complain about, after all.
    """

    site: str
    steps: tuple[StepResult, ...]
    interrupted: bool = False
    record_error: str | None = None
    unsettled: tuple[Unsettled, ...] = ()
    kind: str = "apply"
    back_to: int = 0
    warnings: tuple[PlanWarning, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 all done, 1 none done or not in effect, 4 some done, 130 interrupted."""
        if self.interrupted:
            return 130
        bad = [step for step in self.steps if step.status in (Status.FAILED, Status.SKIPPED)]
        if bad:
            return 4 if len(bad) < len(self.steps) else 1
        if self.record_error:
            return 4
        return 1 if self.unsettled else 0
