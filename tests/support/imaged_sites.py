"""A site in a live cluster whose images are in a real registry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.live_sites import LiveSite
from tests.support.running_registry import RunningRegistry
from tests.support.sites import make_static_base
from vddkctl.demo.sample import make_archive
from vddkctl.plan.codec import decode_record, encode_record
from vddkctl.plan.record import Record

ONE = "providers:\n  prod: {aio: true, buffers: small}\n"
"""What the first run sets, besides the image."""
TWO = """\
controller: {vddkImage: vddk-8}
providers:
  prod: {aio: true, buffers: medium, vddkImage: vddk-8}
  test: {vddkImage: inherit}
  "edge-*": {aio: true}
"""
"""What the second one sets."""
SIDE = ("controller", "prod", "test", "edge-berlin", "plain")


@dataclass(frozen=True)
class ImagedSite:
    """A live site, and the registry that its one image is in."""

    live: LiveSite
    registry: RunningRegistry
    repository: str

    def write(
        self, parts: str, *, archive: str = "eight", tag: str = "8.0.1", name: str = "site.yaml"
    ) -> None:
        """Write the spec: what it says of settings, and what its image is made of."""
        image = (
            "images:\n  vddk-8:\n"
            f"    archive: {{path: ./{archive}.tar.gz}}\n"
            f"    repository: {self.registry.host}/{self.repository}\n"
            f"    tag: {tag}\n    base: oci:./base:small\n"
            "policy: {publicRegistry: allow}\n"
        )
        self.live.write(image + parts)
        if name != "site.yaml":
            (self.live.root / "site.yaml").rename(self.live.root / name)

    def apply(self, *words: str) -> None:
        """Apply, and be sure of it."""
        ended = self.live.apply("--no-wait", *words)
        assert ended.code == 0, ended.out + ended.err

    @property
    def tags(self) -> dict[str, str]:
        """What the tags of the image's repository name, as the registry's storage has it."""
        return self.registry.tags(self.repository)

    def forget(self, digest: str) -> None:
        """The registry's garbage collector has taken a manifest."""
        kept = self.registry.root / "docker/registry/v2/repositories" / self.repository
        (kept / "_manifests/revisions/sha256" / digest.partition(":")[2] / "link").unlink()

    def specs(self) -> dict[str, Any]:
        """The specs of all objects."""
        controller = self.live.get("forkliftcontrollers", "forklift-controller")["spec"]
        providers = {name: self.live.get("providers", name)["spec"] for name in SIDE[1:]}
        return {"controller": controller, **providers}

    def record(self) -> Record:
        """What the record says."""
        return record_of(self.live)


def record_of(site: LiveSite) -> Record:
    """What a site's record says."""
    found = site.get("configmaps", f"vddkctl-{site.namespace}", group="/api/v1")
    return decode_record(found["data"]["record"].encode(), "record")


def put_record(site: LiveSite, content: Record | str) -> None:
    """Another record, as if vddkctl had written it; or whatever text is in its place."""
    text = content if isinstance(content, str) else encode_record(content).decode()
    path = site.path("configmaps", f"vddkctl-{site.namespace}", group="/api/v1")
    status, answer = site.server.request(
        "PATCH", path, {"data": {"record": text}}, kind="application/merge-patch+json"
    )
    assert status == 200, answer


def make_imaged_site(live: LiveSite, registry: RunningRegistry, repository: str) -> ImagedSite:
    """Nothing was applied to it yet; somebody has given the controller and ``prod`` an image by hand."""
    root: Path = live.root
    make_archive(root / "eight.tar.gz", version="8.0.1", size=40_000)
    make_archive(root / "seven.tar.gz", version="7.0.3", size=40_000)
    make_static_base(root)
    live.patch("forkliftcontrollers", "forklift-controller", {"spec": {"vddk_image": "quay.io/old/vddk:1"}})
    live.patch("providers", "prod", {"spec": {"settings": {"vddkInitImage": "quay.io/old/vddk:prod"}}})
    return ImagedSite(live, registry, repository)
