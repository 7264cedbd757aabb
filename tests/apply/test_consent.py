"""What is agreed on before the first write."""

import pytest

from vddkctl.apply.consent import refuse_conflicts
from vddkctl.errors import ConflictError
from vddkctl.plan.model import Action, Change, FieldChange, Location, Origin, Plan, Precondition


def plan_of(count: int) -> Plan:
    field = FieldChange("spec.settings.vddkInitImage", "a", "b", owner="argocd", conflict=True)
    changes = (
        Change(f"provider.mtv/{number:03}", Action.UPDATE, "differs", Origin.DRIFT, (field,), Precondition())
        for number in range(count)
    )
    location = Location("/site", "mtv")
    return Plan("vddkctl", "site", "sha256:00", location, tuple(changes), (), ())


@pytest.mark.parametrize("count", [1, 20, 21, 500])
def test_a_thousand_conflicts_are_no_thousand_lines(count: int) -> None:
    with pytest.raises(ConflictError) as raised:
        refuse_conflicts(plan_of(count), ())
    lines = [line for line in str(raised.value).splitlines() if "is argocd's" in line]
    assert len(lines) == min(count, 20)
    assert (f"and {count - 20} more: vddkctl plan" in str(raised.value)) == (count > 20)


def test_what_is_satisfied_is_no_conflict() -> None:
    refuse_conflicts(plan_of(2), {"provider.mtv/000", "provider.mtv/001"})
