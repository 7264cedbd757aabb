"""After the writes: waiting until the operator has rolled them out and providers are healthy."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable

from msgspec.structs import replace

from vddkctl.apply.result import Result, Status
from vddkctl.apply.writes import key_of
from vddkctl.cluster.base import Cluster
from vddkctl.errors import ClusterError
from vddkctl.plan.complaints import complaint_warnings
from vddkctl.plan.effect import NOT_IN_EFFECT
from vddkctl.plan.model import Plan, PlanWarning
from vddkctl.plan.observed import Unsettled
from vddkctl.plan.order import room
from vddkctl.progress import Progress

TIMEOUT = 300.0
_STEP = 1.0
_CERTAIN = 10.0
"""Seconds after which something bad is believed to stay: a condition of before may stand for a moment."""


def wait(
    addresses: Iterable[str], cluster: Cluster, progress: Progress, timeout: float = TIMEOUT
) -> tuple[Unsettled, ...]:
    """Wait for what was written. What is given back did not arrive in time, or will not by itself.

    ``timeout`` is in seconds.
    """
    keys = [key_of(each) for each in dict.fromkeys(addresses) if room(each) in ("controller", "provider")]
    if not keys:
        return ()
    start = time.monotonic()
    with progress.task("wait for Forklift", None, "seconds") as task:
        while True:
            left = cluster.unsettled(keys)
            waited = time.monotonic() - start
            if not left or waited >= timeout or (waited >= _CERTAIN and all(each.stays for each in left)):
                return left
            time.sleep(min(_STEP, max(0.0, timeout - waited)))
            task.advance(1)


def _is_news(complaint: PlanWarning, done: Collection[str], plan: Plan) -> bool:
    """Whether it is about what the run has changed, or new: the rest was told with the plan."""
    touched = complaint.address in done or any(room(address) == "controller" for address in done)
    return touched or complaint not in plan.warnings


def waited(result: Result, plan: Plan, cluster: Cluster, progress: Progress, timeout: float) -> Result:
    """The result of a run, with what is not in effect, and what Forklift's plans complain about then.

    What was not in effect before the run is waited for as well: an apply is done when all of it is.
    """
    done = [step.address for step in result.steps if step.status in (Status.DONE, Status.SATISFIED)]
    before = [warning.address for warning in plan.warnings if warning.code == NOT_IN_EFFECT]
    try:
        result = replace(result, unsettled=wait((*done, *before), cluster, progress, timeout))
        if not done:
            return result
        complaints = complaint_warnings(cluster.activity().plans)
        return replace(result, warnings=tuple(each for each in complaints if _is_news(each, done, plan)))
    except KeyboardInterrupt:
        return replace(result, interrupted=True)
    except ClusterError as error:
        return replace(
            result, unsettled=(Unsettled("cluster", f"it cannot be told what became of it: {error.what}"),)
        )
