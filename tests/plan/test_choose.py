"""Whose pods a word means."""

from __future__ import annotations

import pytest

from vddkctl.errors import PlanError
from vddkctl.plan.choose import Meant, chosen, meaning
from vddkctl.plan.observed import ObjectKey
from vddkctl.plan.workload import PlanOf, VddkPod

PROD = ObjectKey("Provider", "mtv", "prod")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("prod", Meant("provider", None, "prod")),
        ("mtv/prod", Meant("provider", "mtv", "prod")),
        ("provider/prod", Meant("provider", None, "prod")),
        ("provider.mtv/prod", Meant("provider", "mtv", "prod")),
        ("plan/wave-1", Meant("plan", None, "wave-1")),
        ("plan/mtv/wave-1", Meant("plan", "mtv", "wave-1")),
        ("plan.mtv/wave-1", Meant("plan", "mtv", "wave-1")),
    ],
)
def test_a_word_is_taken_apart(text: str, meant: Meant) -> None:
    assert meaning(text) == meant


def test_a_plan_of_forklifts_own_namespace_comes_first_and_two_others_are_asked_about() -> None:
    plans = tuple(PlanOf(where, "wave", where, PROD, "vms") for where in ("a", "b", "mtv"))
    pods = tuple(
        VddkPod("vms", f"of-{where}", where, "Running", (), f"{where}/wave") for where in ("a", "b", "mtv")
    )

    def named(text: str, home: str = "mtv") -> list[str]:
        return [pod.name for pod in chosen(text, home, [PROD], plans).pods(pods)]

    assert named("plan/wave") == ["of-mtv"]
    assert named("plan/b/wave") == ["of-b"]
    with pytest.raises(PlanError, match="several plans are named wave") as caught:
        named("plan/wave", "elsewhere")
    assert caught.value.hint == "say which: plan/a/wave, plan/b/wave, plan/mtv/wave"


def test_what_is_not_there_is_told_with_what_is() -> None:
    with pytest.raises(PlanError, match="no vSphere provider porod") as caught:
        chosen("porod", "mtv", [PROD], [])
    assert caught.value.hint == "there are: provider/mtv/prod"
    with pytest.raises(PlanError, match="no plan wave"):
        chosen("plan/wave", "mtv", [PROD], [])
