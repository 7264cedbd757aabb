"""A part of a plan: ``--target`` and ``--exclude``, globs over addresses.

A target brings what it depends on; an exclusion takes away what depends on it, and says so. The rest of the plan is as
it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from vddkctl.errors import UsageError
from vddkctl.plan.lost import CODES
from vddkctl.plan.model import Plan, PlanWarning
from vddkctl.plan.unseen import NOT_SEEN


class Selection(Struct, frozen=True):
    """What the options say. The first two empty: everything. ``taken``: whose fields are taken from other managers."""

    targets: Sequence[str] = ()
    excludes: Sequence[str] = ()
    taken: Sequence[str] = ()

    def names(self, address: str) -> bool:
        """Whether the options themselves let this address in, whatever depends on what."""
        return (not self.targets or _any(address, self.targets)) and not _any(address, self.excludes)

    def takes(self, address: str) -> bool:
        """Whether fields of this address are taken from other managers."""
        return _any(address, self.taken)

    def options(self) -> Iterator[tuple[str, str]]:
        """Each glob with the option it was given by."""
        yield from (("--target", glob) for glob in self.targets)
        yield from (("--exclude", glob) for glob in self.excludes)


def narrowed(plan: Plan, selection: Selection) -> Plan:
    """The plan for some addresses.

    Raises :class:`~vddkctl.errors.UsageError` for a glob that matches none, and when nothing is left.
    """
    if not selection.targets and not selection.excludes:
        return plan
    unseen = (each.address for each in plan.warnings if each.code == NOT_SEEN)
    addresses = [*(change.address for change in plan.changes), *plan.unchanged, *plan.gone, *unseen]
    _check_globs(selection, addresses)
    kept = {a for a in addresses if not selection.targets or _any(a, selection.targets)}
    _add_needed(plan, kept)
    kept -= {a for a in addresses if _any(a, selection.excludes)}
    left_out = tuple(_left_out(plan, kept))
    kept -= {warning.address for warning in left_out}
    if not kept:
        raise UsageError(
            "--target and --exclude leave nothing to look at",
            hint="; ".join(f"{w.address} {w.message}" for w in left_out) or _known(addresses),
        )
    return replace(
        plan,
        changes=tuple(change for change in plan.changes if change.address in kept),
        unchanged=tuple(a for a in plan.unchanged if a in kept),
        warnings=(*(w for w in plan.warnings if w.address in kept or w.code in CODES), *left_out),
        managed={a: fields for a, fields in plan.managed.items() if a in kept},
        disowned=tuple(a for a in plan.disowned if a in kept),
        gone=tuple(a for a in plan.gone if a in kept),
    )


def check_taken(plan: Plan, selection: Selection) -> None:
    """Raise UsageError for a glob of ``--take`` that matches no address: a slip of the pen would take nothing.

    One whose addresses are as declared is none: a run that is repeated finds nothing left to take.
    """
    addresses = [*(change.address for change in plan.changes), *plan.unchanged, *plan.gone]
    for glob in selection.taken:
        if not any(fnmatchcase(address, glob) for address in addresses):
            raise UsageError(f"--take {glob} matches no address", hint=_known(addresses))


def _check_globs(selection: Selection, addresses: list[str]) -> None:
    for option, glob in selection.options():
        if not any(fnmatchcase(address, glob) for address in addresses):
            raise UsageError(f"{option} {glob} matches no address", hint=_known(addresses))


def _any(address: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(address, glob) for glob in globs)


def _add_needed(plan: Plan, kept: set[str]) -> None:
    for change in reversed(plan.changes):
        if change.address in kept:
            kept.update(change.depends_on)


def _left_out(plan: Plan, kept: set[str]) -> Iterator[PlanWarning]:
    """Changes that need one that is left out: in the order of the plan, so that each needs an earlier one."""
    still = set(kept)
    for change in plan.changes:
        needed = [address for address in change.depends_on if address not in still]
        if change.address in still and needed:
            still.remove(change.address)
            message = f"is left out: it needs {', '.join(needed)}, which is excluded"
            yield PlanWarning("left-out", change.address, message)


def _known(addresses: list[str]) -> str:
    rest = f" and {len(addresses) - 10} more" if len(addresses) > 10 else ""
    return "addresses: " + (", ".join(sorted(addresses)[:10]) or "none") + rest
