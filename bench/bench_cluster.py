"""``vddkctl plan`` and ``apply`` on a live cluster of many providers, against kubectl on the same objects.

All are whole processes, on one API server. The yardsticks are ``kubectl diff`` and ``kubectl apply``, both
``--server-side``, of manifests with the same settings as wished.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.clusters import LiveGround, live_ground
from bench.measure import Used, race
from bench.ratio import Ratio

COUNT = 1_000
MANY = 10_000
_MEMORY = 400e6
_PENDING, _DIFFERENT = 2, 1  # exit codes, the second is kubectl's
_OBJECTS = ("--server-side", "-f", "objects.yaml")
_SETTING = "useVddkAioOptimization"


def run() -> list[Ratio]:
    """A thousand that all change; then ten times as many."""
    with (
        tempfile.TemporaryDirectory(prefix="vddkctl-bench-") as name,
        live_ground(Path(name), COUNT) as here,
    ):
        few, diff = race(lambda: _plan(here).seconds, lambda: _diff(here), rounds=3)
        apply, theirs = race(
            lambda: _changing(here, lambda: here.vddkctl("apply", "--auto-approve", "--no-wait")),
            lambda: _changing(here, lambda: here.kubectl("apply", *_OBJECTS)),
        )
        here.renew(COUNT)
        here.create(range(COUNT, MANY))
        plans = [_plan(here) for _ in range(2)]
    many, peak = min(used.seconds for used in plans), max(used.peak for used in plans)
    return [
        Ratio("plan, 1,000 live, all change", few, "kubectl diff --server-side / 3", diff / 3, 1.0),
        Ratio("apply, 1,000 live, all change", apply, "kubectl apply --server-side / 2", theirs / 2, 1.0),
        Ratio("plan, 10,000 live, memory", peak, "the most allowed", _MEMORY, 1.0, "bytes"),
        Ratio(
            "plan, 10,000 live, each",
            many / MANY,
            "each of 1,000",
            few / COUNT,
            1.0,
        ),
    ]


def _plan(here: LiveGround) -> Used:
    return here.vddkctl("plan", "--detailed-exitcode", code=_PENDING)


def _diff(here: LiveGround) -> float:
    return here.kubectl("diff", *_OBJECTS, code=_DIFFERENT).seconds


def _changing(here: LiveGround, apply: Callable[[], Used]) -> float:
    """What changing all of them takes; it is looked at whether they were changed."""
    here.renew(COUNT)
    used = apply()
    if not all(_SETTING in settings for settings in here.settings()):
        raise RuntimeError("apply has left a provider as it was")
    return used.seconds
