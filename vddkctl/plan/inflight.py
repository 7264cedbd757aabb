"""How many disks Forklift moves at the same time, as far as its controller says."""

from __future__ import annotations

from vddkctl.plan.fields import raw_value
from vddkctl.plan.observed import ClusterState

MAX_INFLIGHT = "spec.controller_max_vm_inflight"
_MOST = 10_000


def max_inflight(state: ClusterState) -> tuple[int, str] | None:
    """``controller_max_vm_inflight`` and the address it is from; None where the one controller does not say it."""
    here = [live for live in state.controllers if live.key.namespace == state.namespace]
    value = raw_value(here[0].spec, MAX_INFLIGHT) if len(here) == 1 else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST:
        return None
    return value, here[0].key.address
