"""Pushing to a registry: speed against curl, memory, and the requests of a plan without changes."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bench.measure import race
from bench.ratio import Ratio
from bench.registries import MB, Ground, ground
from vddkctl.demo.sample import make_archive
from vddkctl.oci.descriptor import OCI_LAYER, Blob, Descriptor
from vddkctl.oci.reference import parse
from vddkctl.places import Places
from vddkctl.progress import Silent

_UPLOAD = 200 * MB
_HUGE = 1_000 * MB
_MEMORY = 90.0 * MB
_REQUESTS = 2


def run() -> list[Ratio]:
    """Each in one registry of Debian's, on this machine."""
    with tempfile.TemporaryDirectory(prefix="vddkctl-bench-") as name, ground(Path(name)) as here:
        return [_upload(here), _memory(here), _requests(here)]


def _upload(here: Ground) -> Ratio:
    file = here.work / "bytes"
    file.write_bytes(os.urandom(_UPLOAD))
    with file.open("rb") as stream:
        digest = f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
    ours, curl = race(lambda: _put(here, file, digest), lambda: _curl(here, file, digest))
    file.unlink()
    return Ratio("upload, 200 MB", ours, "curl -T / 0.8", curl / 0.8, 1.0)


def _memory(here: Ground) -> Ratio:
    archive = make_archive(here.work / "huge.tar.gz", size=_HUGE)
    with here.site(archive) as site:
        used = here.vddkctl(site, "apply", "--auto-approve")
    archive.unlink()
    what = "memory of build and push, 1 GB archive"
    return Ratio(what, used.peak, "the most allowed", _MEMORY, 1.0, "bytes")


def _requests(here: Ground) -> Ratio:
    """The base is named by tag, so that it is asked for as well."""
    with here.site(make_archive(here.work / "small.tar.gz", size=400_000)) as site:
        here.vddkctl(site, "apply", "--auto-approve")
        before = _settled(here)
        here.vddkctl(site, "plan", "--detailed-exitcode")
        count = _settled(here) - before
    return Ratio("requests of a plan without changes", count, "the most allowed", _REQUESTS, 1.0, "requests")


def _settled(here: Ground) -> int:
    """Requests so far: the registry's log is written a moment after an answer."""
    count = -1
    while count != (now := len(here.registry.requests())):
        count = now
        time.sleep(0.3)
    return count


def _put(here: Ground, file: Path, digest: str) -> float:
    reference = parse(f"{here.repository()}:1")
    registry = Places(here.work).registry(reference)
    blob = Blob(Descriptor(OCI_LAYER, digest, file.stat().st_size), _File(file))
    start = time.perf_counter()
    registry.put_blob(reference, blob, Silent())
    return time.perf_counter() - start


def _curl(here: Ground, file: Path, digest: str) -> float:
    """The two requests of an upload, with curl's own start."""
    path = here.repository().partition("/")[2]
    url = f"{here.registry.url}/v2/{path}/blobs/uploads/"
    start = time.perf_counter()
    words = ["curl", "-sSi", "-X", "POST", url]
    begun = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    found = re.search(r"(?im)^location: (\S+)", begun)
    if found is None:
        raise RuntimeError(f"no upload was begun: {begun}")
    target = f"{here.registry.url}{found[1].removeprefix(here.registry.url)}&digest={digest}"
    kind = "Content-Type: application/octet-stream"
    subprocess.run(["curl", "-sSf", "-T", str(file), "-H", kind, target], check=True)
    return time.perf_counter() - start


@dataclass(frozen=True)
class _File:
    path: Path

    def open(self) -> BinaryIO:
        return self.path.open("rb", buffering=0)
