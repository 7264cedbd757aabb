"""Writes entries of lists: service accounts and storage maps."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from vddkctl.cluster.base import ObjectChange
from vddkctl.cluster.live.api import JSON_PATCH, MANAGER, Api
from vddkctl.cluster.live.entries import bound, offload_patch, pull_secret_patch
from vddkctl.cluster.live.kinds import ACCOUNTS, STORAGE_MAPS
from vddkctl.cluster.live.raw import Account, RawObject
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.errors import ClusterError
from vddkctl.plan.fields import raw_value

_TRIES = 5
_MOVED = frozenset({409, 422})
"""A JSON patch whose test fails is 422 to some servers, and 409 to others."""


class EntryWriter(Struct, frozen=True):
    """Reads a list, patches the entries that change, and begins again when somebody else was faster."""

    api: Api
    dry_run: bool = False

    def write(self, change: ObjectChange) -> None:
        """Make one change. Raises ClusterError."""
        resource = ACCOUNTS if change.key.kind == "ServiceAccount" else STORAGE_MAPS
        path = resource.path(change.key.namespace, change.key.name)
        query = {"fieldManager": MANAGER, **({"dryRun": "All"} if self.dry_run else {})}
        last: Any = None
        for _ in range(_TRIES):
            try:
                patch = self._patch(change, path)
                if patch and patch != last:
                    last = patch
                    self.api.send("PATCH", path, query, patch, JSON_PATCH)
                    return
            except RefusedError as refused:
                if refused.code == 404:
                    raise _gone(change) from None
                if refused.code not in _MOVED or last is None:
                    raise ClusterError(refused.what, where=change.key.address, hint=refused.hint) from None
                failed = refused
            else:
                if not patch:
                    return
                # The same patch was refused a moment ago, so it is not that the list has moved.
                raise ClusterError(failed.what, where=change.key.address, hint=failed.hint)
        raise ClusterError("it changes all the time", where=change.key.address, hint="run again")

    def _patch(self, change: ObjectChange, path: str) -> list[dict[str, Any]]:
        if change.key.kind == "ServiceAccount":
            account = self.api.get(path, of=Account)
            names = [str(entry.get("name", "")) for entry in account.image_pull_secrets]
            return bound(account.metadata.resource_version, pull_secret_patch(change.edits, names))
        raw = self.api.get(path, of=RawObject)
        _check_unchanged(change, raw)
        return bound(raw.metadata.resource_version, offload_patch(change.edits, raw.spec, change.key.address))


def _check_unchanged(change: ObjectChange, raw: RawObject) -> None:
    """What somebody else has put into an entry since the plan was made is not overwritten."""
    for edit, before in zip(change.edits, change.before, strict=False):
        if raw_value(raw.spec, edit.path[0]) not in (before, edit.value):
            raise ClusterError(
                f"{edit.path[0]} was changed since the plan was made",
                where=change.key.address,
                hint="plan again: vddkctl plan",
            )


def _gone(change: ObjectChange) -> ClusterError:
    return ClusterError("it is gone", where=change.key.address, hint="plan again: vddkctl plan")
