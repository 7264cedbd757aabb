"""What Forklift's plans say about VDDK is told, with what to do about it."""

from __future__ import annotations

import pytest

from vddkctl.plan.complaints import complaint_warnings
from vddkctl.plan.model import PlanWarning
from vddkctl.plan.observed import MigrationPlan, ObjectKey, Problem

PROD = ObjectKey("Provider", "openshift-mtv", "prod")


def seen(*problems: Problem, target: str = "vms") -> list[PlanWarning]:
    return list(complaint_warnings([MigrationPlan("openshift-mtv", "wave-1", target, PROD, problems)]))


@pytest.mark.parametrize(
    ("kind", "category", "advice"),
    [
        ("VDDKInvalid", "Critical", "vddkctl image verify"),
        ("VDDKInitImageUnavailable", "Critical", "vddkctl explain"),
        ("VDDKInitImageNotReady", "Advisory", "vms needs a pull secret"),
    ],
)
def test_a_complaint_is_told_with_advice(kind: str, category: str, advice: str) -> None:
    [warning] = seen(Problem(kind, category, "Forklift's own words."))
    assert (warning.code, warning.address) == ("plan-complains", "provider.openshift-mtv/prod")
    begin = f"plan openshift-mtv/wave-1 complains: {kind}, Forklift's own words; "
    assert warning.message.startswith(begin)
    assert advice in warning.message


def test_one_without_words_and_one_that_is_new_to_us_are_told_as_they_are() -> None:
    [warning] = seen(Problem("VDDKAndOffloadMixedUsage", "Warn", ""))
    assert warning.message == "plan openshift-mtv/wave-1 complains: VDDKAndOffloadMixedUsage"


def test_what_is_on_its_way_is_no_complaint() -> None:
    assert seen(Problem("ValidatingVDDK", "Advisory", "Validating VDDK init image")) == []
    assert seen() == []


def test_a_plan_without_a_target_namespace_has_advice_too() -> None:
    [warning] = seen(Problem("VDDKInitImageNotReady", "Advisory", "back-off"), target="")
    assert "its target namespace needs a pull secret" in warning.message
