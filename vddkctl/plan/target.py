"""A part of a plan: ``--target`` and ``--exclude``, globs over addresses.

A target brings what it depends on; an exclusion takes away what depends on it. The rest of the plan is as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from vddkctl.errors import UsageError
from vddkctl.plan.model import Plan


def narrowed(plan: Plan, targets: Sequence[str], excludes: Sequence[str]) -> Plan:
    """The plan for some addresses. Raises :class:`~vddkctl.errors.UsageError` for a glob that matches none."""
    if not targets and not excludes:
        return plan
    addresses = [*(change.address for change in plan.changes), *plan.unchanged, *plan.gone]
    for option, globs in (("--target", targets), ("--exclude", excludes)):
        for glob in globs:
            if not any(fnmatchcase(address, glob) for address in addresses):
                raise UsageError(
                    f"{option} {glob} matches no address",
                    hint="addresses: " + (", ".join(sorted(addresses)[:10]) or "none") + _more(addresses),
                )
    kept = {a for a in addresses if _any(a, targets)} if targets else set(addresses)
    _add_needed(plan, kept)
    kept -= {a for a in addresses if _any(a, excludes)}
    _drop_dependents(plan, kept)
    return replace(
        plan,
        changes=tuple(change for change in plan.changes if change.address in kept),
        unchanged=tuple(a for a in plan.unchanged if a in kept),
        warnings=tuple(w for w in plan.warnings if w.address in kept),
        managed={a: fields for a, fields in plan.managed.items() if a in kept},
        disowned=tuple(a for a in plan.disowned if a in kept),
        gone=tuple(a for a in plan.gone if a in kept),
    )


def _any(address: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(address, glob) for glob in globs)


def _add_needed(plan: Plan, kept: set[str]) -> None:
    for change in reversed(plan.changes):
        if change.address in kept:
            kept.update(change.depends_on)


def _drop_dependents(plan: Plan, kept: set[str]) -> None:
    for change in plan.changes:
        if change.address in kept and not set(change.depends_on) <= kept:
            kept.remove(change.address)


def _more(addresses: list[str]) -> str:
    return f" and {len(addresses) - 10} more" if len(addresses) > 10 else ""
