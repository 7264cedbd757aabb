"""What Forklift's plans say about VDDK: whether the image that a provider uses can be pulled, and works."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from vddkctl.plan.model import PlanWarning
from vddkctl.plan.observed import MigrationPlan, Problem

COMPLAINS = "plan-complains"
"""The code of the warning."""

_BAD = frozenset({"Critical", "Error", "Warn"})
"""What is merely on its way (``ValidatingVDDK``, a pull that has just begun) is advisory."""

_ADVICE: Mapping[str, str] = {
    "VDDKInvalid": "prove the image with: vddkctl image verify REFERENCE",
    "VDDKInitImageUnavailable": "vddkctl explain says which image it is; {namespace} needs a pull secret for it",
    "VDDKInitImageNotReady": "the image cannot be pulled yet: {namespace} needs a pull secret for it",
}
"""By condition (Forklift, ``pkg/controller/plan/validation.go``)."""


def complaint_warnings(plans: Iterable[MigrationPlan]) -> Iterator[PlanWarning]:
    """One warning for each thing that a plan of a provider complains about."""
    for plan in sorted(plans, key=lambda plan: (plan.provider, plan.namespace, plan.name)):
        for problem in plan.problems:
            if problem.category in _BAD or problem.type == "VDDKInitImageNotReady":
                yield PlanWarning(COMPLAINS, plan.provider.address, _told(plan, problem))


def _told(plan: MigrationPlan, problem: Problem) -> str:
    advice = _ADVICE.get(problem.type, "").format(namespace=plan.target_namespace or "its target namespace")
    said = problem.message.strip().rstrip(".")
    text = f"plan {plan.namespace}/{plan.name} complains: {problem.type}{f', {said}' if said else ''}"
    return f"{text}; {advice}" if advice else text
