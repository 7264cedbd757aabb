"""What was last applied: the memory that tells someone else's change from a change of the spec.

A record is kept where the settings are (beside the manifests, or in the cluster). It holds no secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import field

from vddkctl.plan.wire import Wire


class Changed(Wire, frozen=True):
    """One field that a run changed: its value until then, and since. ``owner`` is whom it was taken from."""

    before: Any = None
    after: Any = None
    owner: str | None = None


Earlier = Mapping[str, Mapping[str, tuple[Any, ...]] | None]
"""What a record said before a run, of what that run made it say otherwise: address → path → one value, or nothing where
it did not know the field; None where it did not know the address."""

BEGUN = "begun"
"""The result of a run that has not ended, or that was killed."""


class Run(Wire, frozen=True):
    """One past run: when (RFC 3339), who, with what, and what became of each address.

    ``kind`` is apply, rollback or heal; ``back_to`` is the run that a rollback went back to. ``result`` is done,
    partly, failed, interrupted or :data:`BEGUN`; empty for runs of versions that did not say. ``number`` is 0 for runs
    of versions that did not count. ``actions`` say what was to be done with an address, and why (``update differs``).
    ``details`` are the fields by address and path, ``earlier`` what the record knew before; None where that is not
    kept.
    """

    at: str
    by: str
    tool: str
    site_digest: str
    changes: Mapping[str, str] = field(default_factory=dict)
    number: int = 0
    details: Mapping[str, Mapping[str, Changed]] | None = None
    kind: str = "apply"
    back_to: int = 0
    result: str = ""
    actions: Mapping[str, str] = field(default_factory=dict)
    earlier: Earlier | None = None


class Record(Wire, frozen=True):
    """What vddkctl owns, and what it set it to.

    ``applied`` maps an address to its fields (dotted path → value; None: made sure it is unset). Beside an entry of a
    list that was so before it was declared stands a mark, :func:`found_so`: it is not ours to take away.
    ``intended`` is the same for a run that has begun and not ended: a field that has the intended value was
    set by that run, even if the run was killed before it could say so.
    """

    site: str
    applied: Mapping[str, Mapping[str, Any]]
    intended: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()


def found_so(path: str) -> str:
    """The mark beside a path: no field of any object, and always None."""
    return f"found {path}"


def known_addresses(record: Record | None) -> frozenset[str]:
    """What a record knows of: as applied, or as a run intended that has not ended."""
    return frozenset((*record.applied, *record.intended)) if record else frozenset()


def known_parts(record: Record | None, address: str) -> tuple[Mapping[str, Any], ...]:
    """What is known of an address: as applied, and as a run intended that has not ended."""
    return (record.applied.get(address, {}), record.intended.get(address, {})) if record else ()


def as_intended(record: Record | None, address: str, path: str, now: Any) -> bool:
    """Whether a field is as a run that has not ended meant to leave it: ``now`` is its value, None where it is unset.

    What such a run does not know of an address that it changes, it gives back.
    """
    intended = record.intended.get(address) if record else None
    return intended is not None and now == intended.get(path)


def may_be_set(record: Record | None, address: str, path: str) -> bool:
    """Whether a run has set this, or one that was killed may have: known, and not as found."""
    return any(path in part and found_so(path) not in part for part in known_parts(record, address))
