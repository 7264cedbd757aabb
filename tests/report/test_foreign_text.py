"""Names and values of manifests are other people's: none of them steers the terminal they are shown on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests.support.worlds import World, live
from vddkctl.plan.drift import drift_of
from vddkctl.plan.explain import Explanation
from vddkctl.plan.observed import FieldOwner
from vddkctl.report.drift_text import drift_text
from vddkctl.report.explain_text import explain_text
from vddkctl.report.plan_text import plan_text
from vddkctl.vddk.precedence import chain

EVIL = "x\x1b[2J\u202ey"
SHOWN = r"x\x1b[2J\u202ey"
SETTINGS = {"vddkInitImage": EVIL, "vddkConfig": f"{EVIL}=1\r\nb=2\n", "useVddkAioOptimization": [EVIL]}
SPEC = 'providers: {a: {aio: true, vddkImage: "quay.io/new/vddk:8", buffers: small}}\n'


def _planned() -> tuple[str, str]:
    found = live("Provider", "a", {"type": "vsphere", "settings": SETTINGS})
    found = replace(found, owners={path: FieldOwner(EVIL, None, f"{EVIL}.yaml:1") for path in found.owners})
    ours = dict.fromkeys((f"spec.settings.{name}" for name in SETTINGS), "ours")
    plan = World(providers=(found,)).applied({"provider.openshift-mtv/a": ours}).plan(SPEC)
    return plan_text(plan), drift_text(drift_of(plan), plan.tags)


def _explained() -> str:
    levels = chain((EVIL, EVIL), (EVIL, EVIL), EVIL)
    return explain_text([Explanation(f"provider.a/{EVIL}", levels, levels)], {})


@pytest.mark.parametrize(
    ("report", "times"),
    [(lambda: _planned()[0], 4), (lambda: _planned()[1], 5), (_explained, 7)],
    ids=["plan", "drift", "explain"],
)
def test_what_would_steer_a_terminal_is_written_out(report: Callable[[], str], times: int) -> None:
    text = report()
    assert text.count(SHOWN) >= times
    assert not set(text) & {"\x1b", "\u202e", "\r"}
