"""Forklift's settings in a folder of YAML manifests that is kept in Git."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from vddkctl.atomic import sweep
from vddkctl.cluster.atomic import replace_file
from vddkctl.cluster.base import ObjectChange, StoredSecret, Wanted, WriteOutcome
from vddkctl.cluster.documents import FORKLIFTS, FoundObject, find_objects
from vddkctl.cluster.lock_file import folder_locked, locked
from vddkctl.cluster.manifest_files import (
    Listing,
    ManifestFile,
    is_inside,
    list_manifests,
    read_manifest,
    real_folder,
)
from vddkctl.cluster.objects import state_of, twice, version_of
from vddkctl.cluster.record_file import read_record, set_aside, write_record
from vddkctl.cluster.yaml_edit.data import canonical
from vddkctl.errors import ClusterError, ManifestError
from vddkctl.plan.observed import Activity, ClusterState, Kind, ObjectKey, Unread, Unsettled


class ManifestFolder(Struct, frozen=True):
    """A :class:`~vddkctl.cluster.base.Cluster` of files. ``name`` is what the spec calls the folder.

    Nothing is kept between calls: each reads the folder as it is. Every method raises
    :class:`~vddkctl.errors.ManifestError` with ``file:line:column`` where there is one.
    """

    folder: Path
    name: str
    patience: float = 10.0
    """Seconds to wait while a run of another site writes into the folder."""

    @property
    def tries_for_free(self) -> bool:
        """A rehearsal only reads."""
        return True

    def missing_rights(self, changes: Sequence[ObjectChange]) -> tuple[str, ...]:
        """None that can be told before: files say so when they are written."""
        del changes
        return ()

    def read_secret(self, key: ObjectKey) -> StoredSecret | None:
        """No Secret is kept in a folder that is kept in Git."""
        del key
        return None

    def observe(self, wanted: Wanted) -> ClusterState:
        """Every ForkliftController and Provider in the folder, and what is wanted besides; none is no error.

        Where neither the spec nor the one ForkliftController says it, Forklift lives in ``openshift-mtv``.
        """
        listing = list_manifests(self.folder)
        unread = [
            Unread(link, "a link that leaves the folder of manifests; it is not followed")
            for link in listing.leaving
        ]
        more: dict[Kind, bool] = {
            "StorageMap": wanted.storage_maps,
            "ServiceAccount": bool(wanted.accounts),
        }
        kinds = FORKLIFTS | {kind for kind, looked_for in more.items() if looked_for}
        found = [
            item
            for file in listing.files
            for item in find_objects(file, read_manifest(file), unread, (), kinds)
        ]
        return replace(state_of(found, wanted.namespace, wanted.accounts), unread=tuple(unread))

    def write(self, changes: Sequence[ObjectChange]) -> Iterator[WriteOutcome]:
        """Edit the files of these objects, each file in one step; the other bytes of a file are kept.

        A change that its manifest already has is written without touching the file. Raises LockedError when another
        run, of whichever site, keeps writing into the folder for longer than ``patience``.
        """
        with folder_locked(self.folder, self.patience):
            yield from self._write(changes)

    def rehearse(self, changes: Sequence[ObjectChange]) -> Iterator[WriteOutcome]:
        """Edit the files of these objects in memory alone; documents that do not name one of them are not parsed."""
        return self._write(changes, for_real=False)

    def _write(self, changes: Sequence[ObjectChange], *, for_real: bool = True) -> Iterator[WriteOutcome]:
        names = () if for_real else tuple({change.key.name.encode() for change in changes})
        kinds = frozenset(change.key.kind for change in changes)
        contents = _Contents.read(list_manifests(self.folder), kinds | FORKLIFTS, names)
        by_file: dict[str, list[tuple[ObjectChange, FoundObject]]] = {}
        for change in changes:
            try:
                found = contents.find(change.key)
                if _is_done(change, found):
                    yield WriteOutcome(change.key)
                    continue
                _check_version(change, found)
            except ClusterError as error:
                yield WriteOutcome(change.key, error)
            else:
                by_file.setdefault(found.file.path, []).append((change, found))
        for folder in {os.path.dirname(path) for path in by_file} if for_real else ():  # noqa: PTH120 - texts
            sweep(Path(folder))
        for path, group in by_file.items():
            yield from self._write_file(group, contents.texts[path], for_real=for_real)

    def _write_file(
        self, group: list[tuple[ObjectChange, FoundObject]], data: bytes, *, for_real: bool
    ) -> Iterator[WriteOutcome]:
        from vddkctl.cluster.rewrite import Wanted, rewrite

        file = group[0][1].file
        try:
            self._check_writable(file)
            result = rewrite(data, [Wanted(found, change.edits) for change, found in group])
            if for_real and result.data != data:
                replace_file(Path(file.path), result.data, expected=data)
        except ClusterError as error:
            yield from (WriteOutcome(change.key, error) for change, _ in group)
            return
        for number, (change, _) in enumerate(group):
            yield WriteOutcome(change.key, result.failed.get(number))

    def _check_writable(self, file: ManifestFile) -> None:
        real = os.path.realpath(file.path)
        if not is_inside(real_folder(self.folder), real) or real != file.path:
            raise ManifestError(
                "this file is a link that leaves the folder of manifests; it is not written",
                where=file.shown,
                hint="put the file itself into the folder, or name the folder it is in as `cluster.manifests`",
            )
        mode = os.stat(real).st_mode  # noqa: PTH116
        if not mode & 0o222 or not os.access(real, os.W_OK):
            raise ManifestError("this file is read-only", where=file.shown, hint=f"chmod u+w {file.shown}")

    def activity(self) -> Activity:
        """Nobody acts here."""
        return Activity()

    def unsettled(self, keys: Sequence[ObjectKey]) -> tuple[Unsettled, ...]:
        """Nobody acts on a folder."""
        del keys
        return ()

    def read_record(self, site: str) -> bytes | None:
        """Return ``.vddkctl/SITE.record``, or None."""
        return read_record(self.folder, site)

    def write_record(self, site: str, content: bytes) -> None:
        """Replace ``.vddkctl/SITE.record``."""
        write_record(self.folder, site, content)

    def set_aside_record(self, site: str) -> str:
        """Copy the record to ``.vddkctl/SITE.record.damaged``."""
        return set_aside(self.folder, site)

    def lock(self, site: str, holder: str) -> AbstractContextManager[None]:
        """Hold ``.vddkctl/SITE.lock`` while the block runs; the kernel lets go of it when the process dies."""
        return locked(self.folder, site, holder)

    def check_lock(self) -> None:
        """It is the kernel's, and stays."""

    def amend_record(self, site: str, amended: Callable[[bytes | None], bytes]) -> None:
        """Replace the record by what is made of it."""
        self.write_record(site, amended(self.read_record(site)))


class _Contents(Struct, frozen=True):
    """The folder as it is right before writing. A file that cannot be read only spoils what is in it."""

    listing: Listing
    texts: dict[str, bytes] = field(default_factory=dict)
    objects: dict[tuple[str, str | None, str], list[FoundObject]] = field(default_factory=dict)
    broken: list[ManifestError] = field(default_factory=list)

    @classmethod
    def read(cls, listing: Listing, kinds: frozenset[Kind], speaking_of: Sequence[bytes] = ()) -> _Contents:
        contents = cls(listing)
        for file in listing.files:
            try:
                data = read_manifest(file)
                found = list(find_objects(file, data, None, speaking_of, kinds))
            except ManifestError as error:
                contents.broken.append(error)
                continue
            if found:
                contents.texts[file.path] = data
            for item in found:
                contents.objects.setdefault((item.kind, item.namespace, item.name), []).append(item)
        return contents

    def find(self, key: ObjectKey) -> FoundObject:
        """Return an object by its namespace, else the one whose manifest leaves the namespace out."""
        found = self.objects.get((key.kind, key.namespace, key.name))
        found = found or self.objects.get((key.kind, None, key.name), [])
        if len(found) > 1:
            raise twice(key, found)
        if found:
            return found[0]
        if self.broken:
            raise self.broken[0]
        hint = "plan again: vddkctl plan"
        if self.listing.leaving:
            links = ", ".join(self.listing.leaving)
            hint = f"these links leave the folder, and are not followed: {links}"
        raise ManifestError(f"{key.address} is not in the folder any more", hint=hint)


def _is_done(change: ObjectChange, found: FoundObject) -> bool:
    from vddkctl.cluster.entry_edits import edits_of
    from vddkctl.cluster.yaml_edit.field import with_edit

    wanted = found.data
    for edit in edits_of(change.edits, found.data, found.item, found.place):
        wanted = with_edit(wanted, edit)
    return canonical(wanted) == canonical(found.data)


def _check_version(change: ObjectChange, found: FoundObject) -> None:
    if version_of(found.data) != change.resource_version:
        raise ManifestError(
            f"{change.key.address} was changed since the plan was made",
            where=found.place,
            hint="plan again: vddkctl plan",
        )
