"""What benches of registries share: a real one, a base in it, and sites that push to it."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.measure import VDDKCTL, Used, command
from bench.sites import registry_site
from tests.support.registries import serve_plain
from tests.support.running_registry import RunningRegistry
from vddkctl.demo.base import find_busybox, make_base
from vddkctl.oci.reference import parse
from vddkctl.places import Places
from vddkctl.progress import Silent
from vddkctl.registry.copy import copy
from vddkctl.registry.found import found
from vddkctl.registry.whole import read_whole

MB = 1_000_000


@dataclass(frozen=True)
class Ground:
    """A registry with a base, and a folder to work in."""

    work: Path
    registry: RunningRegistry

    @property
    def base(self) -> str:
        """The base's reference: busybox, by tag."""
        return f"{self.registry.host}/base/busybox:1"

    def repository(self) -> str:
        """One that nothing is in yet."""
        return f"{self.registry.host}/{uuid.uuid4().hex}/vddk"

    @contextmanager
    def site(self, archive: Path) -> Iterator[Path]:
        """A site whose repository and caches are new."""
        folder = self.work / "site"
        registry_site(folder, archive, self.repository(), self.base)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)

    def vddkctl(self, site: Path, *words: str) -> Used:
        """Run a command in a site."""
        return command([VDDKCTL, *words], cwd=site, env={**os.environ, "XDG_CACHE_HOME": str(site / "cache")})


@contextmanager
def ground(work: Path) -> Iterator[Ground]:
    """A new registry below ``work``. What programs remember of others is of no use there."""
    folder = work / uuid.uuid4().hex
    with serve_plain(folder / "registry") as registry:
        ground = Ground(folder, registry)
        _push_base(folder, ground.base)
        yield ground
    shutil.rmtree(folder)


def _push_base(folder: Path, base: str) -> None:
    busybox = find_busybox()
    if busybox is None:
        raise RuntimeError("install busybox-static")
    make_base(folder / "base", "1", busybox)
    places, source, target = Places(folder), parse("oci:base:1"), parse(base)
    layout = places.registry(source)
    whole = read_whole(layout, source, found(layout, source))
    copy(whole, places.registry(target), target, Silent())
