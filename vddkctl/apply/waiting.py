"""After the writes: waiting until the operator has rolled them out and providers are healthy."""

from __future__ import annotations

import time

from msgspec.structs import replace

from vddkctl.apply.result import Result, Status
from vddkctl.apply.writes import key_of
from vddkctl.cluster.base import Cluster, Unsettled
from vddkctl.errors import ClusterError
from vddkctl.plan.order import room
from vddkctl.progress import Progress

TIMEOUT = 300.0
_STEP = 1.0
_CERTAIN = 10.0
"""Seconds after which something bad is believed to stay: a condition of before may stand for a moment."""


def wait(
    result: Result, cluster: Cluster, progress: Progress, timeout: float = TIMEOUT
) -> tuple[Unsettled, ...]:
    """Wait for what a run has written. What is given back did not arrive in time, or will not by itself.

    ``timeout`` is in seconds.
    """
    done = [step.address for step in result.steps if step.status in (Status.DONE, Status.SATISFIED)]
    keys = [key_of(address) for address in done if room(address) in ("controller", "provider")]
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


def waited(result: Result, cluster: Cluster, progress: Progress, timeout: float) -> Result:
    """The result of a run, with what is not in effect."""
    try:
        return replace(result, unsettled=wait(result, cluster, progress, timeout))
    except KeyboardInterrupt:
        return replace(result, interrupted=True)
    except ClusterError as error:
        return replace(
            result, unsettled=(Unsettled("cluster", f"it cannot be told what became of it: {error.what}"),)
        )
