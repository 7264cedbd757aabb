"""The layer of an archive that is no layer as it stands: a copy with everything accidental removed.

A normalised layer depends on what the files hold, what they are called, which can be executed and how they are
linked, and on nothing else: entries are sorted and belong to root, modes are 0755 or 0644, and every time is 0
(also the library's own: whoever packs an archive again changes it, and the layer should stay the same).
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from vddkctl.build.archive.blob import HeldBlob
from vddkctl.build.archive.identity import identify
from vddkctl.build.archive.plain import plain_stream
from vddkctl.build.archive.refusal import changed, refused
from vddkctl.build.cache import LayerCache, NewLayer
from vddkctl.build.kept import KeptLayer
from vddkctl.build.segments import LEVEL, Segment, SegmentFile
from vddkctl.build.unpacked import UnpackedEntry, unpacked
from vddkctl.oci.descriptor import BlobSource
from vddkctl.progress import Progress
from vddkctl.vddk.archive import ArchiveFacts, LayerFacts

NORMAL_FORMAT = 1
"""Raise it whenever the bytes of normalised layers change: kept ones are then made again."""


class NormalisedLayer(Struct, frozen=True):
    """A layer and where its bytes are."""

    facts: LayerFacts
    source: BlobSource


def normalise(
    path: Path, facts: ArchiveFacts, cache: LayerCache | None, progress: Progress
) -> NormalisedLayer:
    """A normalised layer, from ``cache`` where it is kept. The same contents give the same bytes on any machine.

    The archive is read once; compressed pieces go to a temporary file, are put in order in a second one, and
    nothing is unpacked. Raises ArchiveError when the file is no longer the one that was inspected, or the disk
    is full.
    """
    key = _key(facts)
    kept = cache.get(key) if cache else None
    if cache and kept:
        layer, file = kept

        def again() -> BlobSource:
            cache.forget(key)
            made = _made(path, facts, cache, key, progress)
            if made.facts != layer:
                raise refused(
                    str(path), f"its layer is {made.facts.digest}, not {layer.digest}", hint="run again"
                )
            return made.source

        with file:
            return NormalisedLayer(layer, KeptLayer(layer.digest, HeldBlob(file), again))
    return _made(path, facts, cache, key, progress)


def _made(
    path: Path, facts: ArchiveFacts, cache: LayerCache | None, key: str, progress: Progress
) -> NormalisedLayer:
    """Make the layer in the cache's folder; where there is no room, where temporary files go."""
    if cache:
        with suppress(OSError), cache.writing() as new:
            return _make(path, facts, new, key, progress)
    try:
        with NewLayer.nameless() as new:
            return _make(path, facts, new, key, progress)
    except OSError as error:
        hint = "make room there, or set XDG_CACHE_HOME and TMPDIR to a place with room"
        what = f"its layer cannot be written: {error.strerror}"
        raise refused(str(path), what, hint=hint) from error


def _make(path: Path, facts: ArchiveFacts, new: NewLayer, key: str, progress: Progress) -> NormalisedLayer:
    identity = identify(path)
    with new.beside() as scratch:
        segments = SegmentFile(scratch)
        with (
            progress.task(f"normalise {path.name}", identity.size) as task,
            plain_stream(path, identity, task) as stream,
        ):
            entries = unpacked(stream, str(path), segments)
        if stream.sha256 != facts.sha256:
            raise changed(str(path))
        layer = _write(entries, segments, new)
    source = HeldBlob(new.file)
    new.keep(key, layer)
    return NormalisedLayer(layer, source)


def _write(entries: list[UnpackedEntry[Segment]], segments: SegmentFile, new: NewLayer) -> LayerFacts:
    digest, diff_id, size = hashlib.sha256(), hashlib.sha256(), 0
    for packed, plain in _members(entries, segments):
        new.file.write(packed)
        digest.update(packed)
        diff_id.update(plain)
        size += len(packed)
    new.file.flush()
    return LayerFacts(f"sha256:{digest.hexdigest()}", f"sha256:{diff_id.hexdigest()}", size, False)


def _members(entries: list[UnpackedEntry[Segment]], segments: SegmentFile) -> Iterator[tuple[bytes, bytes]]:
    """The layer's gzip members in order, each with its plain bytes."""
    import deflate
    from isal import igzip_lib

    headers = bytearray()
    for entry in entries:
        headers += _header(entry)
        if entry.contents:
            yield bytes(deflate.gzip_compress(headers, LEVEL)), bytes(headers)
            headers.clear()
        for segment in entry.contents:
            packed = segments.read(segment)
            yield packed, igzip_lib.decompress(packed, flag=igzip_lib.DECOMP_GZIP)
    headers += bytes(2 * tarfile.BLOCKSIZE)
    yield bytes(deflate.gzip_compress(headers, LEVEL)), bytes(headers)


_TYPES = {
    "file": tarfile.REGTYPE,
    "folder": tarfile.DIRTYPE,
    "symlink": tarfile.SYMTYPE,
    "hardlink": tarfile.LNKTYPE,
}
_MODES = {"file": 0o644, "folder": 0o755, "symlink": 0o777, "hardlink": 0o644}


def _header(entry: UnpackedEntry[Segment]) -> bytes:
    """A ustar header; a pax one in front of it where a name does not fit (POSIX.1-2017, pax)."""
    info = tarfile.TarInfo(f"{entry.path}/" if entry.kind == "folder" else entry.path)
    info.type = _TYPES[entry.kind]
    info.mode = 0o755 if entry.executable else _MODES[entry.kind]
    info.size = entry.size
    info.linkname = entry.link
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _key(facts: ArchiveFacts) -> str:
    import deflate

    return f"{facts.sha256}-{NORMAL_FORMAT}-deflate{deflate.__version__}"
