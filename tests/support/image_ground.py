"""Where single images are built: an archive, manifests, a base in a registry, podman's storage, and no spec."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.conftest import Completed, Vddkctl
from tests.support.engines import podman_environment
from tests.support.registry_sites import RegistrySite, make_registry_site
from tests.support.running_registry import RunningRegistry
from tests.support.witnesses import Podman, Skopeo


@dataclass
class Ground:
    """A folder with an archive, manifests and a base in the registry; no spec."""

    site: RegistrySite
    podman: Podman

    @property
    def tag(self) -> str:
        return f"{self.site.host}/{self.site.repository}/vddk:8.0.1"

    def build(self, *words: str, base: str | None = "", **environment: str) -> Completed:
        base = self.site.base.reference if base == "" else base
        more = ("--base", base) if base else ()
        env = {**podman_environment(self.podman), **environment}
        return self.site.run("image", "build", "--tar", "eight.tar.gz", *more, *words, **env)


def make_ground(
    root: Path,
    registry: RunningRegistry,
    repository: str,
    vddkctl: Vddkctl,
    skopeo: Skopeo,
    podman: Podman,
) -> Ground:
    """The ground, with nothing built yet."""
    site = make_registry_site(root, registry, repository, vddkctl, skopeo)
    (site.root / "site.yaml").unlink()
    return Ground(site, podman)
