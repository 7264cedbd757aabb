"""Real sites on disk, as small as they can be: archives, a base, manifests and a spec. Made in milliseconds."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vddkctl.apply.execute import Executor
from vddkctl.apply.result import Result, StepResult
from vddkctl.cli.session import Session, open_session
from vddkctl.cluster.base import Cluster
from vddkctl.cluster.folder import ManifestFolder
from vddkctl.demo.base import make_base
from vddkctl.demo.sample import make_archive
from vddkctl.places import Places
from vddkctl.plan.codec import sealed
from vddkctl.plan.drift import Drift, drift_of
from vddkctl.plan.model import Plan
from vddkctl.progress import Silent

SPEC = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {name: frankfurt}
cluster: {manifests: ./gitops}
images:
  vddk-7:
    archive: {path: ./seven.tar.gz}
    repository: oci:./images/seven
    tag: 7.0.3
    base: oci:./base:small
    clusterRepository: registry.example.com/vddk
  vddk-8:
    archive: {path: ./eight.tar.gz}
    repository: oci:./images/eight
    tag: 8.0.1
    base: oci:./base:small
    clusterRepository: registry.example.com/vddk
controller:
  vddkImage: vddk-8
providers:
  prod: {aio: true, buffers: small}
  test: {vddkImage: vddk-7}
  "edge-*": {aio: true}
"""

CONTROLLER = "controller.openshift-mtv/forklift-controller"
PROD, TEST = "provider.openshift-mtv/prod", "provider.openshift-mtv/test"
BERLIN, LYON = "provider.openshift-mtv/edge-berlin", "provider.openshift-mtv/edge-lyon"
SEVEN, EIGHT = "image.vddk-7", "image.vddk-8"
ALL = (SEVEN, EIGHT, CONTROLLER, BERLIN, LYON, PROD, TEST)
"""Every address of the site, in the order in which they are done."""

NOW = "2026-11-20T10:00:00Z"


def provider(name: str, *settings: str) -> str:
    lines = "".join(f"    {line}\n" for line in settings)
    return f"""\
apiVersion: forklift.konveyor.io/v1beta1
kind: Provider
metadata: {{name: {name}, namespace: openshift-mtv}}
spec:
  type: vsphere
  url: https://{name}.example.com/sdk
  settings:
    sdkEndpoint: vcenter
{lines}"""


FILES = {
    "forklift.yaml": """\
apiVersion: forklift.konveyor.io/v1beta1
kind: ForkliftController
metadata: {name: forklift-controller, namespace: openshift-mtv}
spec:
  vddk_image: quay.io/old/vddk:7.0.3  # by hand
""",
    "prod.yaml": provider("prod"),
    "test.yaml": provider("test", "vddkInitImage: quay.io/old/vddk:test"),
    "edge.yaml": "---\n".join([provider("edge-berlin"), provider("edge-lyon")]),
}


@dataclass(frozen=True)
class SiteOnDisk:
    """A site in ``root``. What it does in-process is what the commands do, with a clock that stands."""

    root: Path

    @property
    def spec(self) -> Path:
        return self.root / "site.yaml"

    @property
    def gitops(self) -> Path:
        return self.root / "gitops"

    @property
    def folder(self) -> ManifestFolder:
        return ManifestFolder(self.gitops, "./gitops")

    def change(self, name: str, old: str, new: str) -> None:
        """Another hand edits a file."""
        path = self.root / name
        text = path.read_text()
        assert old in text, f"{old!r} is not in {name}:\n{text}"
        path.write_text(text.replace(old, new))

    def session(self) -> Session:
        return open_session(str(self.spec), Silent())

    def plan(self, *targets: str) -> Plan:
        return self.session().plan(targets)

    def executor(
        self,
        cluster: Cluster | None = None,
        told: Callable[[StepResult], None] = lambda step: None,
        places: Places | None = None,
    ) -> Executor:
        return Executor(
            places or Places(self.root), cluster or self.folder, Silent(), "ann@here", lambda: NOW, told
        )

    def apply(self, plan: Plan | None = None) -> Result:
        return self.executor().run(plan or self.plan())

    def drift(self) -> Drift:
        return drift_of(self.plan())

    @property
    def record(self) -> dict[str, Any]:
        """What the record says; without its checksum, so that it may be edited and written back."""
        data: dict[str, Any] = json.loads((self.gitops / ".vddkctl" / "frankfurt.record").read_bytes())
        del data["checksum"]
        return data

    def edit_record(self, old: str, new: str) -> None:
        """The record with another text in it, as if it had been written so."""
        text = json.dumps(self.record)
        assert old in text
        self.put_record(json.loads(text.replace(old, new)))

    def put_record(self, data: dict[str, Any]) -> None:
        """Another record, as if it had been written so."""
        (self.gitops / ".vddkctl" / "frankfurt.record").write_bytes(sealed(data))

    def tree(self) -> dict[str, bytes]:
        """Every file below ``root`` and what is in it, but for locks: those only say who was last here."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and not path.name.endswith(".lock")
        }

    def leftovers(self) -> list[str]:
        """Temporary files that someone forgot."""
        return [name for name in self.tree() if ".tmp" in name or "/.vddkctl-" in name or "/.site" in name]


def make_site(root: Path, spec: str = SPEC) -> SiteOnDisk:
    """A new site, to which nothing was applied yet."""
    root.mkdir(parents=True, exist_ok=True)
    make_archive(root / "eight.tar.gz", version="8.0.1", size=40_000)
    make_archive(root / "seven.tar.gz", version="7.0.3", size=40_000)
    make_static_base(root)
    (root / "gitops").mkdir()
    for name, text in FILES.items():
        (root / "gitops" / name).write_text(text)
    (root / "site.yaml").write_text(spec)
    return SiteOnDisk(root)


def make_static_base(root: Path) -> None:
    """A base in the layout ``base``, with the tag ``small``."""
    (root / "busybox").write_bytes(_static_program())
    make_base(root / "base", "small", root / "busybox")


def _static_program() -> bytes:
    """Nothing but the headers of an ELF program for x86-64 that asks for no loader."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return header + struct.pack("<II48x", 1, 5)
