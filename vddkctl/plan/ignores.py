"""What of a drift need not be told: the spec says so, with a reason and a last day, or trusts the one who wrote."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase

from msgspec.structs import replace

from vddkctl.plan.drift import Drift, Ignore, Ignored
from vddkctl.plan.images import DIGEST
from vddkctl.plan.model import Change, FieldChange, PlanWarning
from vddkctl.plan.record import Record
from vddkctl.site.source import LoadedSite


def ignores_of(loaded: LoadedSite) -> tuple[Ignore, ...]:
    """The spec's ignores, with their places in it."""
    return tuple(_ignores(loaded))


def judged_on(today: str, record: Record | None) -> str:
    """The day that ignores are judged on: never before the last run: a clock set back revives none."""
    return max(today, record.runs[-1].at[:10]) if record and record.runs else today


def told(drift: Drift, loaded: LoadedSite, today: str, part: Collection[str] | None = None) -> Drift:
    """The drift without what is ignored. ``today`` is a date such as ``2026-12-31``.

    An ignore counts on its last day, too. One that is over ignores nothing, and is an alarm of its own; one that
    ignores nothing is idle. Where only a ``part`` of the addresses is looked at, ignores of others are no matter, and
    none is idle: the rest may need it.
    """
    every = ignores_of(loaded)
    expired = tuple(ignore for ignore in every if ignore.until < today and _concerns(ignore, part))
    judge = _Judge(
        [ignore for ignore in every if ignore.until >= today], loaded.site.drift.managed_fields_managers
    )
    changed = tuple(filter(None, map(judge.kept, drift.changed)))
    gone = tuple(address for address in drift.gone if not judge.ignored(address))
    idle = tuple(ignore for ignore in judge.valid if ignore not in judge.used) if part is None else ()
    return replace(drift, changed=changed, gone=gone, ignored=tuple(judge.why), expired=expired, idle=idle)


def idle_warnings(drift: Drift) -> Iterator[PlanWarning]:
    """That an ignore has nothing to ignore, and can be taken out of the spec."""
    for ignore in drift.idle:
        message = f"nothing is ignored by this ignore of {ignore.address}; take it out"
        yield PlanWarning("ignore-unused", ignore.where, message)


def _concerns(ignore: Ignore, part: Collection[str] | None) -> bool:
    return part is None or any(fnmatchcase(address, ignore.address) for address in part)


class _Judge:
    def __init__(self, valid: Sequence[Ignore], writers: Sequence[str]) -> None:
        self.valid, self._writers = valid, writers
        self.used: set[Ignore] = set()
        self.why: list[Ignored] = []

    def kept(self, change: Change) -> Change | None:
        """The change with the fields that are to be told; None when none is."""
        fields = tuple(field for field in change.fields if not self.ignored(change.address, field))
        return replace(change, fields=fields) if fields else None

    def ignored(self, address: str, field: FieldChange | None = None) -> bool:
        """Whether a field, or the loss of a whole object, is ignored; then it is remembered why."""
        path = field.path if field else ""
        matching = [ignore for ignore in self.valid if _matches(ignore, address, path)]
        self.used.update(matching)
        if matching:
            why = f"{matching[0].reason} (until {matching[0].until})"
        elif field and field.owner and any(fnmatchcase(field.owner, writer) for writer in self._writers):
            why = f"{field.owner} may write it"
        else:
            return False
        self.why.append(Ignored(address, path, why))
        return True


def _matches(ignore: Ignore, address: str, path: str) -> bool:
    if not fnmatchcase(address, ignore.address):
        return False
    names = {path, path.rpartition(".")[2], "tag" if path == DIGEST else ""} - {""}
    return not ignore.fields or any(fnmatchcase(name, glob) for name in names for glob in ignore.fields)


def _ignores(loaded: LoadedSite) -> Iterator[Ignore]:
    for number, said in enumerate(loaded.site.drift.ignore):
        position = loaded.source.value("drift", "ignore", number)
        where = f"{loaded.source.name}:{position.line}:{position.column}"
        yield Ignore(said.address, said.fields, said.reason, said.until, where)
