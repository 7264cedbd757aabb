"""A small site whose image and base are in a registry."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import Completed, Vddkctl
from tests.support.running_registry import RunningRegistry
from tests.support.sites import SiteOnDisk, make_site
from tests.support.witnesses import At, Skopeo
from vddkctl.demo.base import make_base

SPEC = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {{name: frankfurt}}
cluster: {{manifests: ./gitops}}
images:
  vddk-8:
    archive: {{path: ./eight.tar.gz}}
    repository: {host}/{repository}/vddk
    tag: 8.0.1
    base: {host}/{repository}/base:small
controller: {{vddkImage: vddk-8}}
providers:
  prod: {{aio: true, buffers: small}}
policy: {{publicRegistry: {policy}}}
"""


@dataclass(frozen=True)
class RegistrySite:
    """A site, the registry that its spec names, and the command line in its folder."""

    disk: SiteOnDisk
    registry: RunningRegistry
    host: str
    repository: str
    vddkctl: Vddkctl
    skopeo: Skopeo

    @property
    def root(self) -> Path:
        return self.disk.root

    @property
    def image(self) -> At:
        """Where the image is to be."""
        return At(self.registry, f"{self.repository}/vddk:8.0.1")

    @property
    def base(self) -> At:
        return At(self.registry, f"{self.repository}/base:small")

    @property
    def digest(self) -> str | None:
        """What the image's tag names, as the registry's storage has it."""
        return self.registry.tags(f"{self.repository}/vddk").get("8.0.1")

    @property
    def base_digest(self) -> str:
        return self.registry.tags(f"{self.repository}/base")["small"]

    def run(self, *words: str, **environment: str) -> Completed:
        env = {"REGISTRY_AUTH_FILE": str(self.root / "auth.json"), **environment}
        return self.vddkctl(*words, cwd=self.root, env=env)

    def apply(self) -> Completed:
        """Apply, and be sure of it."""
        done = self.run("apply", "--auto-approve")
        assert done.code == 0, done.out + done.err
        return done

    def plan(self, *words: str) -> dict[str, Any]:
        """The plan as data."""
        done = self.run("plan", "--output", "json", *words)
        assert done.code == 0, done.err
        data: dict[str, Any] = json.loads(done.out)
        return data

    def warnings(self) -> dict[str, str]:
        """The plan's warnings: code → message."""
        return {each["code"]: each["message"] for each in self.plan()["warnings"]}

    def move_base(self) -> str:
        """Another hand pushes a newer base under the same tag. Returns its digest."""
        program = self.root / "busybox"
        program.write_bytes(program.read_bytes() + bytes(4))
        make_base(self.root / "newer", "small", program)
        self.skopeo.copy(f"oci:{self.root}/newer:small", self.base)
        return self.base_digest

    def change(self, old: str, new: str) -> None:
        """Edit the spec."""
        self.disk.change("site.yaml", old, new)

    def plain(self, text: str) -> str:
        """Without what differs between runs."""
        named = text.replace(self.host, "registry:5000").replace(self.repository, "test")
        return re.sub(r"sha256:[0-9a-f]{8,64}", "sha256:<digest>", named)


def make_registry_site(
    root: Path,
    registry: RunningRegistry,
    repository: str,
    vddkctl: Vddkctl,
    skopeo: Skopeo,
    *,
    policy: str = "warn",
    host: str = "",
) -> RegistrySite:
    """A site to which nothing was applied yet; its base is in the registry. ``host`` is a proxy's, where one is between."""
    host = host or registry.host
    disk = make_site(root, SPEC.format(host=host, repository=repository, policy=policy))
    site = RegistrySite(disk, registry, host, repository, vddkctl, skopeo)
    login = {"auth": base64.b64encode(f"{registry.username}:{registry.password}".encode()).decode()}
    auths = {host: login} if registry.username else {}
    (root / "auth.json").write_text(json.dumps({"auths": auths}))
    skopeo.copy(f"oci:{root}/base:small", site.base)
    return site
