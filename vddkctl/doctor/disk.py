"""Disk space where builds go and where the cache is, and whether that file system keeps links."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from vddkctl.doctor.amount import amount
from vddkctl.doctor.archives import Archives
from vddkctl.doctor.check import Finding, Group, failed, found_wrong, passed, warned
from vddkctl.doctor.engines import podman_storage
from vddkctl.doctor.subject import Subject
from vddkctl.errors import VddkctlError
from vddkctl.prepare.engine_order import room
from vddkctl.site.model import NATIVE, ImageSpec

_GROUP = Group.DISK
_USUAL = 100_000_000
"""Bytes that an archive unpacks to, where none is at hand."""


class _Place(Struct, frozen=True):
    """A folder, whether or not it is there yet, and the bytes that it needs, ``for_what``.

    ``asked``: the spec builds there, so that it has to do.
    """

    name: str
    folder: Path
    needed: int
    for_what: str
    asked: bool
    hint: str


def disk_checks(archives: Archives) -> Iterator[Finding]:
    """For each folder: room, the right to write, links."""
    subject = archives.subject
    built = {name: spec for name, spec in subject.images.items() if spec.builder != NATIVE}
    for name, spec in built.items():
        if spec.build_dir is None:
            continue
        try:
            folder = subject.places.path(spec.build_dir)
        except VddkctlError as error:
            yield found_wrong(_GROUP, f"image.{name} buildDir", error)
            continue
        hint = f"free some, or set images.{name}.buildDir"
        needed, for_what = _needed(archives, [spec])
        yield from _build_place(
            _Place(f"image.{name} buildDir", folder, needed, for_what, asked=True, hint=hint)
        )
    here = [spec for spec in built.values() if spec.build_dir is None]
    needed, for_what = _needed(archives, here)
    hint = "free some, set TMPDIR, or images.NAME.buildDir"
    temporary = _Place("temporary folder", _temporary(subject), needed, for_what, asked=bool(here), hint=hint)
    yield from _build_place(temporary)
    storage = podman_storage(subject)
    if storage is not None:
        needed, for_what = _needed(archives, built.values())
        asked = any(spec.builder != "docker" for spec in built.values())
        hint = "free some: podman image prune; or move it (graphroot in storage.conf)"
        yield _room(_Place("podman storage", storage, needed, for_what, asked=asked, hint=hint))
    yield _cache(archives)


def _needed(archives: Archives, specs: Iterable[ImageSpec]) -> tuple[int, str]:
    """Bytes that the largest of these builds takes; images are built one after the other."""
    sizes = [
        (room(size, len(spec.platforms)), "")
        for spec in specs
        if (size := archives.unpacked_size(spec.archive.path)) is not None
    ]
    if sizes:
        return max(sizes)
    known = archives.unpacked_size()
    return room(known or _USUAL, 1), " for an engine's build" + ("" if known else " of a usual archive")


def _build_place(place: _Place) -> Iterator[Finding]:
    yield _room(place)
    name, bad = f"{place.name} links", failed if place.asked else warned
    folder = _existing(place.folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        return
    reason = _links_lost(folder)
    if reason:
        hint = "build on a file system of Linux: the archive's libraries are chains of links"
        yield bad(_GROUP, name, f"{folder} does not keep symbolic links: {reason}", hint)
    else:
        yield passed(_GROUP, name, f"{folder} keeps symbolic links")


def _room(place: _Place) -> Finding:
    folder, bad = _existing(place.folder), failed if place.asked else warned
    if not folder.is_dir():
        return bad(_GROUP, place.name, f"{folder} is not a folder", "name another one")
    if not os.access(folder, os.W_OK | os.X_OK):
        return bad(
            _GROUP, place.name, f"{folder} cannot be written to", "name another one, or give the right"
        )
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return bad(_GROUP, place.name, f"{folder}: {error.strerror}", "name another one")
    where = str(place.folder) if folder == place.folder else f"{place.folder} (not there yet)"
    what = f"{where}: {amount(free)} free, {amount(place.needed)} needed{place.for_what}"
    if free < place.needed:
        return bad(_GROUP, place.name, what, place.hint)
    return passed(_GROUP, place.name, what)


def _cache(archives: Archives) -> Finding:
    """Nothing there is ever needed, so that nothing there is a failure."""
    hint = "free some, or set XDG_CACHE_HOME; without a cache, archives are read again at each run"
    size = archives.unpacked_size()
    for_what = "" if size else " for a usual archive"
    folder = archives.subject.places.cache
    return _room(_Place("cache", folder, size or _USUAL, for_what, asked=False, hint=hint))


def _temporary(subject: Subject) -> Path:
    named = subject.places.environment.get("TMPDIR")
    return Path(named) if named and Path(named).is_dir() else Path(tempfile.gettempdir())


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    for each in (folder, *folder.parents):
        if each.exists():
            return each
    return Path("/")


def _links_lost(folder: Path) -> str:
    """Why a link that is made there is none; empty when it is. What was made is taken away again."""
    try:
        with tempfile.TemporaryDirectory(prefix=".vddkctl-", dir=folder) as made:
            link = Path(made, "link")
            link.symlink_to("target")
            return "" if link.is_symlink() and str(link.readlink()) == "target" else "it became a file"
    except OSError as error:
        return error.strerror or str(error)
