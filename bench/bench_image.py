"""From an archive to an image in a layout: time against what the work cannot do without, and memory.

Both sides are whole processes, with the archive in the page cache. ``vddkctl apply`` starts with no cache of its own
and no layout; it judges the archive, builds the image, writes it, and reads it back.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from bench.measure import Used, command, race
from bench.ratio import Ratio
from bench.sites import image_site
from vddkctl.demo.sample import make_archive

_MB = 1_000_000
_MEMORY = 80.0 * _MB
_HUGE = 1_000 * _MB
_APPLY = [sys.executable, "-m", "vddkctl", "apply", "--auto-approve"]
_HASH = 'sha256sum "$1"'
_UNPACK = 'gunzip -c "$1" | sha256sum'
_COPY = 'cp "$1" "$2" && sync "$2"'  # this sync is an fsync of the file, as a layout's blobs have it


def run() -> list[Ratio]:
    """Time for 40 MB; memory for 40 MB and 1 GB, and for the path that packs the layer anew."""
    with tempfile.TemporaryDirectory(prefix="vddkctl-bench-") as name:
        work = Path(name)
        plain = make_archive(work / "plain.tar.gz")
        peaks: list[float] = []

        def ours() -> float:
            used = _apply(work, plain)
            peaks.append(used.peak)
            return used.seconds

        def shell(script: str) -> float:
            return command(["sh", "-c", script, "sh", plain, work / "copy"], cwd=work).seconds

        seconds, hashing, unpacking, copying = race(
            ours, lambda: shell(_HASH), lambda: shell(_UNPACK), lambda: shell(_COPY)
        )
        slower = "gunzip | sha256sum" if unpacking > hashing else "sha256sum"
        return [
            Ratio(
                "apply, 40 MB archive",
                seconds,
                f"1.5 × {slower} + cp, fsync",
                1.5 * max(hashing, unpacking) + copying,
                1.0,
            ),
            _memory("apply, 40 MB archive", max(peaks)),
            _memory("apply, 1 GB archive", _peak(work, _HUGE)),
            _memory("apply, 40 MB packed anew", _peak(work, 40 * _MB, private=True)),
            _memory("apply, 200 MB packed anew", _peak(work, 200 * _MB, private=True)),
        ]


def _peak(work: Path, size: int, *, private: bool = False) -> float:
    archive = make_archive(work / "other.tar.gz", size=size, private=private)
    used = _apply(work, archive)
    archive.unlink()
    return used.peak


def _apply(work: Path, archive: Path) -> Used:
    """Nothing of an earlier run is left when it starts, and nothing of this one when it has ended."""
    site, cache = work / "site", work / "cache"
    image_site(site, archive)
    try:
        return command(_APPLY, cwd=site, env={**os.environ, "XDG_CACHE_HOME": str(cache)})
    finally:
        shutil.rmtree(site)
        shutil.rmtree(cache, ignore_errors=True)


def _memory(what: str, peak: float) -> Ratio:
    return Ratio(f"memory of {what}", peak, "the most allowed", _MEMORY, 1.0, "bytes")
