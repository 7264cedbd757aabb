"""Whether the vendor's archive is in an image: by the layer's digest, by a published checksum, or file by file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct

from vddkctl.progress import Progress
from vddkctl.vddk.archive import ROOT
from vddkctl.vddk.published import published
from vddkctl.verify.check import Check, failed, passed, warned
from vddkctl.verify.contents import Contents, archive_contents, differences, image_contents
from vddkctl.verify.documents import Pulled
from vddkctl.verify.expected import Expected, LocalArchive
from vddkctl.verify.layer import Layer, is_below
from vddkctl.verify.overlay import Placed
from vddkctl.visible import some

_BUILD_AGAIN = "build the image again from the vendor's archive, and push it"
_LOOK = "look at the layers that could not be read"
_COMPARE = "give the archive itself to compare its files: --archive FILE"
_GIVE = "give the archive to compare with, --archive FILE, or its checksum, --sha256 HEX"


class ArchiveAtHand:
    """The archive on this machine; what is in it is read when it is first asked for, and once."""

    def __init__(self, archive: LocalArchive, progress: Progress) -> None:
        self._archive = archive
        self._progress = progress

    @cached_property
    def contents(self) -> Contents:
        """File by file. Raises ArchiveError when it was changed meanwhile."""
        return archive_contents(self._archive.path, self._archive.facts.sha256, self._progress)


class Evidence(Struct, frozen=True):
    """All there is to judge by. ``placed`` is what the image has below the root folder, of whichever layer.

    ``layers`` are those that could be read, ``whole`` says whether that is all of them.
    """

    image: Pulled
    layers: tuple[Layer, ...]
    whole: bool
    placed: tuple[Placed, ...]
    expected: Expected
    at_hand: ArchiveAtHand | None

    @property
    def wanted(self) -> Layer | None:
        """The layer that is the expected archive itself."""
        digest = f"sha256:{self.expected.sha256}"
        return next((layer for layer in self.layers if layer.descriptor.digest == digest), None)

    @property
    def vendors(self) -> Layer | None:
        """The uppermost layer whose checksum the vendor has published."""
        return next((layer for layer in reversed(self.layers) if published(layer.md5)), None)

    @property
    def holders(self) -> list[Layer]:
        """The layers that put files below the root folder, lowest first."""
        return [layer for layer in self.layers if layer.holds_vddk]

    def differences(self, at_hand: ArchiveAtHand) -> list[str]:
        """In what the image differs from the archive. Its files must have been hashed."""
        return differences(at_hand.contents, image_contents(self.placed))


def archive_checks(evidence: Evidence) -> Iterator[Check]:
    """Whether the archive is in the image, and whether other layers have changed it. Raises ArchiveError."""
    subject = evidence.image.name
    if not evidence.holders:
        what = f"no layer {'' if evidence.whole else 'that could be read '}has files below /{ROOT}"
        yield failed("archive", subject, what, "build the image from the vendor's archive, and push it")
        return
    verbatim = evidence.wanted if evidence.expected.sha256 else evidence.vendors
    if verbatim:
        yield passed(
            "archive",
            subject,
            f"layer {verbatim.descriptor.short} is the vendor's archive itself{_mark(verbatim)}",
        )
        yield from _undisturbed(evidence, verbatim)
    else:
        yield _other_packing(evidence)
        yield from _overlaid(evidence)


def _mark(layer: Layer) -> str:
    known = published(layer.md5)
    return f": its MD5 is published for VDDK {known.version} ({known.source})" if known else ""


def _other_packing(evidence: Evidence) -> Check:
    subject, expected = evidence.image.name, evidence.expected
    if evidence.at_hand:
        found = evidence.differences(evidence.at_hand)
        if found:
            what = f"its files are not those of the archive: {some(found)}"
            return failed("archive", subject, what, _BUILD_AGAIN)
        count = len(evidence.at_hand.contents)
        return passed(
            "archive", subject, f"another packing of the archive: all {count} files and links are the same"
        )
    vendors = evidence.vendors
    if expected.sha256 and vendors:
        what = f"layer {vendors.descriptor.short} is another archive than the expected one{_mark(vendors)}"
        return failed("archive", subject, what, _BUILD_AGAIN)
    return _claimed(evidence)


def _claimed(evidence: Evidence) -> Check:
    """What is left where nothing proves anything: what the image says of itself."""
    subject, wanted = evidence.image.name, evidence.expected.sha256
    claim, _ = evidence.image.claims
    holders = ", ".join(layer.descriptor.short for layer in evidence.holders)
    if wanted is None:
        said = f", and says that it was made of the archive sha256:{claim}" if claim else ""
        what = f"not proven: it has VDDK in {holders}, of no checksum that the vendor has published{said}"
        return warned("archive", subject, what, _GIVE)
    if claim is not None and claim != wanted:
        what = f"it says that it was made of another archive, sha256:{claim}; expected is sha256:{wanted}"
        return failed("archive", subject, what, _BUILD_AGAIN)
    said = ", and only says that it was made of it" if claim else ""
    what = f"not proven: no layer is the archive sha256:{wanted}; it has another packing in {holders}{said}"
    return failed("archive", subject, what, _COMPARE)


def _undisturbed(evidence: Evidence, vendors: Layer) -> Iterator[Check]:
    """Whether what the archive's layer put there is what the image has, all of it and nothing else."""
    subject, digest = evidence.image.name, vendors.descriptor.digest
    now = {each.path: each for each in evidence.placed if each.item.found.entry.kind != "folder"}
    own = {item.found.path for item in vendors.items if _is_file(item.found.path, item.found.entry.kind)}
    gone = sorted(own - now.keys())
    others = {path: each.layer for path, each in now.items() if each.layer != digest}
    replaced, added = sorted(own & others.keys()), sorted(others.keys() - own)
    if not (gone or replaced or added) and not evidence.whole:
        yield warned(
            "changes", subject, "what the other layers change cannot be told: not all could be read", _LOOK
        )
    elif not (gone or replaced or added):
        yield passed("changes", subject, f"no other layer changes anything below /{ROOT}")
    elif evidence.at_hand and not evidence.differences(evidence.at_hand):
        layers = some(sorted({f"{layer[:15]}…" for layer in others.values()}))
        yield passed("changes", subject, f"{layers} repeats files of the archive, and changes none")
    else:
        parts = (("takes away", gone), ("replaces", replaced), ("adds", added))
        told = [f"{verb} {some(_short(paths))}" for verb, paths in parts if paths]
        layers = some(sorted({f"{layer[:15]}…" for layer in others.values()})) or "a later layer"
        what = f"another layer changes what the archive put there: {layers} {', '.join(told)}"
        yield failed(
            "changes", subject, what, "build the image so that nothing but the archive's layer touches it"
        )


def _overlaid(evidence: Evidence) -> Iterator[Check]:
    """For layers that nothing is known of: what one of them put there, and another replaced or took away."""
    if evidence.at_hand or len(evidence.layers) < 2:
        return  # compared as a whole, or nothing to compare
    now = {each.path: each.layer for each in evidence.placed}
    lost = sorted(
        {
            item.found.path
            for layer in evidence.holders
            for item in layer.items
            if _is_file(item.found.path, item.found.entry.kind)
            and now.get(item.found.path) != layer.descriptor.digest
        }
    )
    subject = evidence.image.name
    if lost:
        what = f"layers change what others put there: {some(_short(lost))}"
        yield warned("changes", subject, what, _COMPARE)
    else:
        yield passed("changes", subject, f"no layer changes what another put below /{ROOT}")


def _is_file(path: str, kind: str) -> bool:
    return is_below(path) and kind != "folder" and not path.rpartition("/")[2].startswith(".wh.")


def _short(paths: list[str]) -> list[str]:
    return [path.removeprefix(f"{ROOT}/") for path in paths]
