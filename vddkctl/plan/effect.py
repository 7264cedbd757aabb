"""What is as declared, and not in effect: told until it is, whoever has applied it, and waited for by an apply."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from vddkctl.plan.model import PlanWarning
from vddkctl.plan.observed import Observed, Unsettled
from vddkctl.plan.order import room
from vddkctl.plan.record import Record

NOT_IN_EFFECT = "not-in-effect"
"""It is on its way, or the last run has brought it about, just now: an apply waits for it."""
NOT_HEALTHY = "not-healthy"
"""It is not well for reasons of its own: told, and nothing more."""


def effect_warnings(
    observed: Observed, declared: Collection[str], changing: Collection[str]
) -> Iterator[PlanWarning]:
    """One warning for each thing, of what is declared or what the last run has changed, and does not change now."""
    last = last_done(observed.record)
    concerned = {*declared, *last} - set(changing)
    if observed.long_after:  # a provider that is not well by now is so for reasons of its own
        last = frozenset(address for address in last if room(address) != "provider")
    for each in observed.cluster.unsettled:
        if each.address in concerned:
            yield PlanWarning(_code(each, last), each.address, each.what)


def _code(unsettled: Unsettled, last: Collection[str]) -> str:
    return NOT_HEALTHY if unsettled.stays and unsettled.address not in last else NOT_IN_EFFECT


def last_done(record: Record | None) -> frozenset[str]:
    """The addresses that the last run has changed."""
    changes = record.runs[-1].changes if record and record.runs else {}
    return frozenset(address for address, status in changes.items() if status == "done")
