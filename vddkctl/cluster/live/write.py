"""One change, written by server-side apply: only its fields become ours, and nobody is stepped on unseen."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from vddkctl.cluster.base import ObjectChange, WriteOutcome
from vddkctl.cluster.live.api import APPLY, JSON_PATCH, MANAGER, Api
from vddkctl.cluster.live.body import at, configuration, left, removal
from vddkctl.cluster.live.entry_writer import EntryWriter
from vddkctl.cluster.live.kinds import BY_KIND
from vddkctl.cluster.live.objects import live_object
from vddkctl.cluster.live.raw import RawObject
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.decoding import decoded
from vddkctl.errors import ClusterError, ConflictError, VddkctlError
from vddkctl.plan.observed import LiveObject
from vddkctl.threads import each, start

_AT_ONCE = 16
"""Requests that are on their way at the same time."""
_TRIES = 5
"""How often a change is made again because the object was changed meanwhile, elsewhere than in our fields."""
_CONFLICT, _INVALID = 409, 422


class Writer(Struct, frozen=True):
    """Writes changes; for a ``dry_run`` the server runs schemas and webhooks, and stores nothing."""

    api: Api
    dry_run: bool = False

    def write_all(self, changes: Sequence[ObjectChange]) -> Iterator[WriteOutcome]:
        """Make changes, several at the same time; outcomes come as they are known."""
        done: queue.SimpleQueue[WriteOutcome] = queue.SimpleQueue()

        def one(change: ObjectChange) -> None:
            error: Exception | None = None
            try:
                self.write(change)
            except VddkctlError as failed:
                error = failed
            except Exception as failed:  # a thread's own mistake must not leave its reader waiting
                error = ClusterError(f"{type(failed).__name__}: {failed}", where=change.key.address)
            done.put(WriteOutcome(change.key, error))

        start(each, one, changes, _AT_ONCE)
        for _ in changes:
            yield done.get()

    def write(self, change: ObjectChange) -> None:
        """Make one change. Raises ClusterError; ConflictError for a field that is another manager's."""
        if change.key.kind in ("ServiceAccount", "StorageMap"):
            return EntryWriter(self.api, dry_run=self.dry_run).write(change)
        now = self._nothing(change) if change.creates else change.live or self._read(change)
        for last in (*(False,) * (_TRIES - 1), True):
            _check_fields(change, now)
            try:
                return self._applied(change, now)
            except RefusedError as failure:
                if failure.code != _CONFLICT or failure.status.causes or last:
                    raise _told(failure, change) from None
            now = _same(change, now, self._read(change))
        raise AssertionError

    def _nothing(self, change: ObjectChange) -> LiveObject:
        """The object that is not there yet. Raises ClusterError when it is: it is somebody's."""
        try:
            self.api.get(self._path(change), of=RawObject)
        except RefusedError as refused:
            if refused.code == 404:
                return LiveObject(change.key, {}, "")
            raise
        raise ClusterError(
            "it is there since the plan was made", where=change.key.address, hint="plan again: vddkctl plan"
        )

    def _read(self, change: ObjectChange) -> LiveObject:
        try:
            found = live_object(change.key.kind, self.api.get(self._path(change), of=RawObject))
            return _as_shared(found, change.live)
        except RefusedError as failure:
            if failure.code == 404:
                raise ClusterError(
                    "it is gone", where=change.key.address, hint="plan again: vddkctl plan"
                ) from None
            raise

    def _applied(self, change: ObjectChange, now: LiveObject) -> None:
        try:
            after = self._sent(change, configuration(change, now), APPLY, force=change.take)
        except RefusedError as refused:
            # Servers of before make null of a map whose last field is given up, and then refuse that.
            if refused.code != _INVALID or any(edit.value is not None for edit in change.edits):
                raise
            return self._removed(change, left(change, now.spec), now)
        _check_kept(change, after)
        return self._removed(change, left(change, after.spec), now)

    def _removed(self, change: ObjectChange, paths: tuple[tuple[str, ...], ...], now: LiveObject) -> None:
        """Remove what an apply cannot: fields of others, too."""
        _check_takeable(change, paths, now)
        if paths:
            self._sent(change, removal(change, paths, now.spec), JSON_PATCH)

    def _sent(self, change: ObjectChange, body: Any, kind: str, *, force: bool = False) -> RawObject:
        query = {"fieldManager": MANAGER}
        if kind == APPLY:
            query["force"] = str(force).lower()
        if self.dry_run:
            query["dryRun"] = "All"
        return decoded(self.api.send("PATCH", self._path(change), query, body, kind), RawObject)

    @staticmethod
    def _path(change: ObjectChange) -> str:
        return BY_KIND[change.key.kind].path(change.key.namespace, change.key.name)


def _same(change: ObjectChange, before: LiveObject, now: LiveObject) -> LiveObject:
    """An object that was read again. Raises ClusterError for another one of the same name."""
    if before.uid and now.uid != before.uid:
        raise ClusterError(
            "it was deleted, and made anew", where=change.key.address, hint="plan again: vddkctl plan"
        )
    return now


def _as_shared(found: LiveObject, before: LiveObject | None) -> LiveObject:
    """An object that was read again: which fields are another site's is known from before."""
    if before is None:
        return found
    theirs = found.owned & before.other_sites
    return replace(found, owned=found.owned - theirs, other_sites=theirs)


def _check_fields(change: ObjectChange, now: LiveObject) -> None:
    """What somebody else has changed since the plan was made is not overwritten; a change that is there already is."""
    for edit, before in zip(change.edits, change.before, strict=False):  # a Secret's values have none
        value = at({"spec": now.spec}, edit.path)
        if value not in (before, edit.value):
            raise ClusterError(
                f"{'.'.join(edit.path)} was changed since the plan was made",
                where=change.key.address,
                hint="plan again: vddkctl plan",
            )


def _check_kept(change: ObjectChange, after: RawObject) -> None:
    """A definition that does not know a field drops it without a word."""
    for edit in change.edits:
        if edit.value is not None and edit.path[0] == "spec" and at({"spec": after.spec}, edit.path) is None:
            raise _unknown_field(change, ".".join(edit.path))


def _check_takeable(change: ObjectChange, paths: tuple[tuple[str, ...], ...], now: LiveObject) -> None:
    """What another manager owns, too, is removed only where it is to be taken."""
    owned = {".".join(path): now.owners.get(".".join(path)) for path in paths}
    theirs = {path: owner.manager for path, owner in owned.items() if owner and owner.manager}
    if theirs and not change.take:
        raise _conflict(change, f"{', '.join(theirs)} of {', '.join(sorted(set(theirs.values())))}")


def _told(failure: RefusedError, change: ObjectChange) -> ClusterError:
    if failure.code == _CONFLICT and failure.status.causes:
        fields = (f"{cause.field.lstrip('.')} ({cause.message})" for cause in failure.status.causes)
        return _conflict(change, "; ".join(fields))
    if "not declared in schema" in failure.what or "unknown field" in failure.what:
        return _unknown_field(change, failure.what)
    return ClusterError(failure.what, where=change.key.address, hint=failure.hint)


def _conflict(change: ObjectChange, fields: str) -> ConflictError:
    return ConflictError(
        f"another manager owns {fields}",
        where=change.key.address,
        hint=f"take it with --take {change.key.address}, or always with policy.conflicts: take",
    )


def _unknown_field(change: ObjectChange, what: str) -> ClusterError:
    return ClusterError(
        f"this cluster's definition of {change.key.kind} does not know the field: {what}",
        where=change.key.address,
        hint="Forklift is too old for it (vddk_image came in April 2025): update the operator",
    )
