"""The vendor's archives: there, readable, whole, and the ones that are meant."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from threading import Lock

from msgspec import Struct, field

from vddkctl.doctor.amount import amount
from vddkctl.doctor.check import Finding, Group, Status, found_wrong, passed, warned
from vddkctl.doctor.subject import Subject
from vddkctl.errors import VddkctlError
from vddkctl.places import Places
from vddkctl.prepare import Preparation
from vddkctl.progress import Progress
from vddkctl.threads import start
from vddkctl.vddk.archive import ArchiveFacts

_GROUP = Group.ARCHIVE


class WantedArchive(Struct, frozen=True):
    """An archive by its path, as it is written; ``typed`` on the command line, else in the spec."""

    path: str
    sha256: str | None = None
    platforms: tuple[str, ...] = ()
    typed: bool = False


class Archives(Struct, frozen=True, eq=False):
    """Reads each archive once, however many checks want to know of it."""

    subject: Subject
    progress: Progress
    _lock: Lock = field(default_factory=Lock)
    _read: dict[WantedArchive, Future[ArchiveFacts]] = field(default_factory=dict)

    def all(self) -> tuple[WantedArchive, ...]:
        """Those of the spec, and those of the command line."""
        declared = (
            WantedArchive(
                spec.archive.path,
                spec.archive.sha256,
                () if spec.allow_platform_mismatch else spec.platforms,
            )
            for spec in self.subject.images.values()
        )
        typed = (WantedArchive(path, typed=True) for path in self.subject.archives)
        return tuple(dict.fromkeys((*declared, *typed)))

    def facts(self, wanted: WantedArchive) -> ArchiveFacts:
        """What is in it. Raises VddkctlError."""
        with self._lock:
            if wanted not in self._read:
                self._read[wanted] = start(self._inspect, wanted)
        return self._read[wanted].result()

    def unpacked_size(self, path: str | None = None) -> int | None:
        """Bytes that the largest of them unpacks to, or the one at ``path``; None where it cannot be read."""
        sizes = []
        for wanted in self.all():
            if path not in (None, wanted.path):
                continue
            try:
                sizes.append(self.facts(wanted).unpacked_size)
            except VddkctlError:  # told by its own check
                continue
        return max(sizes, default=None)

    def _inspect(self, wanted: WantedArchive) -> ArchiveFacts:
        places = self.subject.places
        if wanted.typed:
            places = Places(self.subject.here, places.environment)
        return Preparation(places, self.progress).archive(wanted.path, wanted.sha256, *wanted.platforms)


def archive_checks(archives: Archives, wanted: WantedArchive) -> Iterator[Finding]:
    """What is in the archive, its links, and whether it is the vendor's."""
    try:
        facts = archives.facts(wanted)
    except VddkctlError as error:
        yield _unusable(archives, wanted, error)
        return
    form = "a layer as it stands" if facts.verbatim else "to be repacked as a layer"
    what = (
        f"VDDK {facts.version} for {facts.machine}, {amount(facts.size)}, {amount(facts.unpacked_size)} unpacked, "
        f"{facts.entries} entries, {form}"
    )
    yield passed(_GROUP, wanted.path, what)
    broken = [f"{chain.folder}/{chain.names[0]}" for chain in facts.links if chain.broken]
    if broken:
        hint = "download it anew; was it repacked on another system?"
        yield warned(_GROUP, f"{wanted.path} links", f"they lead nowhere: {', '.join(broken)}", hint)
    yield _checksum(wanted, facts)


def _unusable(archives: Archives, wanted: WantedArchive, error: VddkctlError) -> Finding:
    """A missing archive that is declared by its checksum is only missed where the image has to be made."""
    try:
        there = archives.subject.places.path(wanted.path).exists()
    except (VddkctlError, OSError):
        there = wanted.sha256 is None
    if not there and wanted.sha256 and not wanted.typed:
        hint = "plan and drift work by its declared sha256; to build and push, put the archive there"
        return warned(_GROUP, wanted.path, "it is not on this machine", hint)
    return found_wrong(_GROUP, wanted.path, error, "download it from the vendor's portal", Status.FAIL)


def _checksum(wanted: WantedArchive, facts: ArchiveFacts) -> Finding:
    name = f"{wanted.path} checksum"
    declared = "the declared sha256, and " if wanted.sha256 else ""
    if facts.published:
        published = f"the vendor's published one for VDDK {facts.published.version}"
        return passed(_GROUP, name, f"{declared}{published}")
    if wanted.sha256:
        return passed(_GROUP, name, "the declared sha256; it is not among the published checksums known here")
    hint = f"compare it with the vendor's page, then declare it: archive.sha256: {facts.sha256}"
    return warned(_GROUP, name, "it is not among the published checksums known here", hint)
