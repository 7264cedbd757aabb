"""From an archive to an image in a registry: against podman, against curl, and memory.

The registry is Debian's docker-registry on this machine, the same for both sides. Each side is whole processes, as a
person runs them, with the archive in the page cache; what is in the registry and in the stores is as the line says.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bench.measure import Used, command, race
from bench.ratio import Ratio
from bench.sites import registry_site
from tests.support.registries import serve_plain
from tests.support.running_registry import RunningRegistry
from tests.support.witnesses import At, Podman, witnesses
from vddkctl.demo.base import find_busybox
from vddkctl.demo.sample import make_archive
from vddkctl.oci.descriptor import OCI_LAYER, Blob, Descriptor
from vddkctl.oci.reference import parse
from vddkctl.places import Places
from vddkctl.progress import Silent

_MB = 1_000_000
_MEMORY = 90.0 * _MB
_VDDKCTL = (sys.executable, "-m", "vddkctl")
_BASE = "base/busybox"
_ROUNDS = 3

_BASE_DOCKERFILE = """\
FROM scratch
COPY busybox /bin/busybox
COPY busybox /bin/sh
COPY busybox /bin/mkdir
COPY busybox /bin/cp
COPY opt /opt
"""

_DOCKERFILE = """\
FROM {base}
USER 1001
COPY vmware-vix-disklib-distrib /vmware-vix-disklib-distrib
RUN mkdir -p /opt
ENTRYPOINT ["cp", "-r", "/vmware-vix-disklib-distrib", "/opt"]
"""


def run() -> list[Ratio]:
    """Fresh, nothing changed, upload alone, memory of 1 GB, and the requests of a plan without changes."""
    with tempfile.TemporaryDirectory(prefix="vddkctl-bench-") as name:
        work = Path(name)
        (work / "podman").mkdir()
        with (
            serve_plain(work / "registry") as registry,
            witnesses(work / "podman", driver="overlay") as (_, podman),
        ):
            bench = _Bench(work, registry, make_archive(work / "archive.tar.gz"), podman)
            bench.push_base()
            return [*bench.against_podman(), bench.upload(), bench.memory(), bench.requests()]


@dataclass(frozen=True)
class _Bench:
    work: Path
    registry: RunningRegistry
    archive: Path
    podman: Podman

    def push_base(self) -> None:
        """A base with what the usual Dockerfile needs of one, made by podman."""
        context = self.work / "base"
        (context / "opt").mkdir(parents=True)
        busybox = find_busybox()
        if busybox is None:
            raise RuntimeError("install busybox-static")
        shutil.copy(busybox, context / "busybox")
        (context / "Dockerfile").write_text(_BASE_DOCKERFILE)
        self.podman.build(context, "localhost/base:1")
        self.podman.push("localhost/base:1", At(self.registry, f"{_BASE}:1"))

    def against_podman(self) -> list[Ratio]:
        mine, theirs = zip(*((self._ours(), self._podmans()) for _ in range(_ROUNDS)), strict=True)
        fresh, same = map(min, zip(*mine, strict=True))
        podman_fresh, podman_same = map(min, zip(*theirs, strict=True))
        return [
            Ratio(
                "build and push, 40 MB archive",
                fresh,
                "1/6 of tar + podman build + push",
                podman_fresh / 6,
                1.0,
            ),
            Ratio("the same when nothing changed", same, "1/5 of the same", podman_same / 5, 1.0),
        ]

    def _ours(self) -> tuple[float, float]:
        """Seconds of an apply to an empty repository without any cache, and of the same again."""
        with self._site() as site:
            first = self._vddkctl(site, "apply", "--auto-approve").seconds
            return first, self._vddkctl(site, "apply", "--auto-approve").seconds

    def _podmans(self) -> tuple[float, float]:
        """Seconds of tar, build and push with an empty store, and of the same again."""
        self.podman("rmi", "--all", "--force")
        target = At(self.registry, f"{uuid.uuid4().hex}/vddk:1")
        return self._podman(target), self._podman(target)

    def _podman(self, target: At) -> float:
        context = self.work / "context"
        context.mkdir()
        (context / "Dockerfile").write_text(_DOCKERFILE.format(base=f"{self.registry.host}/{_BASE}:1"))
        start = time.perf_counter()
        subprocess.run(["tar", "xzf", self.archive, "-C", context], check=True)
        self.podman.build(context, "localhost/vddk:1", "--tls-verify=false")
        self.podman.push("localhost/vddk:1", target)
        seconds = time.perf_counter() - start
        shutil.rmtree(context)
        return seconds

    def upload(self) -> Ratio:
        size = 200 * _MB
        file = self.work / "bytes"
        file.write_bytes(os.urandom(size))
        digest = hashlib.file_digest(file.open("rb"), "sha256").hexdigest()
        ours, curl = race(lambda: self._put(file, digest), lambda: self._curl(file, digest))
        file.unlink()
        return Ratio("upload, 200 MB", ours, "curl -T / 0.8", curl / 0.8, 1.0)

    def memory(self) -> Ratio:
        archive = make_archive(self.work / "huge.tar.gz", size=1_000 * _MB)
        with self._site(archive) as site:
            used = self._vddkctl(site, "apply", "--auto-approve")
        archive.unlink()
        return Ratio(
            "memory of build and push, 1 GB archive", used.peak, "the most allowed", _MEMORY, 1.0, "bytes"
        )

    def requests(self) -> Ratio:
        with self._site() as site:
            self._vddkctl(site, "apply", "--auto-approve")
            before = self._settled()
            self._vddkctl(site, "plan", "--detailed-exitcode")
            count = self._settled() - before
        return Ratio("requests of a plan without changes", count, "the most allowed", 2, 1.0, "requests")

    def _settled(self) -> int:
        """Requests so far: the log is written a moment after an answer."""
        count = -1
        while count != len(self.registry.requests()):
            count = len(self.registry.requests())
            time.sleep(0.3)
        return count

    def _vddkctl(self, site: Path, *words: str) -> Used:
        return command(
            [*_VDDKCTL, *words], cwd=site, env={**os.environ, "XDG_CACHE_HOME": str(site / "cache")}
        )

    @contextmanager
    def _site(self, archive: Path | None = None) -> Iterator[Path]:
        """A site whose repository and caches are new."""
        site = self.work / "site"
        repository = f"{self.registry.host}/{uuid.uuid4().hex}/vddk"
        registry_site(site, archive or self.archive, repository, f"{self.registry.host}/{_BASE}:1")
        try:
            yield site
        finally:
            shutil.rmtree(site)

    def _put(self, file: Path, digest: str) -> float:
        reference = parse(f"{self.registry.host}/{uuid.uuid4().hex}/ours:1")
        registry = Places(self.work).registry(reference)
        start = time.perf_counter()
        registry.put_blob(
            reference,
            Blob(Descriptor(OCI_LAYER, f"sha256:{digest}", file.stat().st_size), _File(file)),
            Silent(),
        )
        return time.perf_counter() - start

    def _curl(self, file: Path, digest: str) -> float:
        """The two requests of an upload; the interpreter that starts them is not counted, their own start is."""
        url = f"{self.registry.url}/v2/{uuid.uuid4().hex}/curl/blobs/uploads/"
        start = time.perf_counter()
        begun = subprocess.run(
            ["curl", "-sSi", "-X", "POST", url], check=True, capture_output=True, text=True
        ).stdout
        found = re.search(r"(?im)^location: (\S+)", begun)
        assert found, begun
        target = f"{self.registry.url}{found[1].removeprefix(self.registry.url)}&digest=sha256:{digest}"
        kind = "Content-Type: application/octet-stream"
        subprocess.run(["curl", "-sSf", "-T", str(file), "-H", kind, target], check=True)
        return time.perf_counter() - start


@dataclass(frozen=True)
class _File:
    path: Path

    def open(self) -> BinaryIO:
        return self.path.open("rb", buffering=0)
