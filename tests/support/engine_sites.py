"""Sites whose images an engine builds."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import Completed
from tests.support.engines import podman_environment
from tests.support.registry_sites import RegistrySite
from tests.support.witnesses import At, Podman
from vddkctl.demo.base import find_busybox, make_base

TREE = "vmware-vix-disklib-distrib"


class EngineSite:
    """A site whose image an engine builds, in the storage of this test's podman."""

    def __init__(self, site: RegistrySite, podman: Podman) -> None:
        self.site, self.podman = site, podman
        self.environment: dict[str, str] = podman_environment(podman)
        self.build_with("podman")

    def build_with(self, builder: str, *more: str) -> None:
        """Have the spec name another builder, and more keys of the image."""
        text = re.sub(r"    builder: .*\n", "", self.spec.read_text())
        lines = "".join(f"    {line}\n" for line in (f"builder: {builder}", *more))
        self.spec.write_text(text.replace("controller: ", f"{lines}controller: ", 1))

    def tag(self, tag: str) -> None:
        """Give the image another tag."""
        self.spec.write_text(re.sub(r"    tag: .*\n", f"    tag: {tag}\n", self.spec.read_text()))

    def with_dockerfile(self, *lines: str) -> None:
        """A Dockerfile of one's own, on the site's base."""
        self.dockerfile.write_text("\n".join([f"FROM {self.site.base.reference}", *lines]) + "\n")
        text = self.spec.read_text()
        self.spec.write_text(re.sub(r"    base: .*\n", "    dockerfile: ./own.dockerfile\n", text))

    def on_busybox(self) -> None:
        """Have the base be a real busybox, so that steps can run in it."""
        busybox = find_busybox()
        assert busybox, "install busybox-static"
        make_base(self.site.root / "shell", "base", busybox)
        self.site.skopeo.copy(f"oci:{self.site.root}/shell:base", self.site.base)

    @property
    def spec(self) -> Path:
        return self.site.root / "site.yaml"

    @property
    def dockerfile(self) -> Path:
        return self.site.root / "own.dockerfile"

    def run(self, *words: str, **more: str) -> Completed:
        return self.site.run(*words, **{**self.environment, **more})

    def apply(self, **more: str) -> str:
        done = self.run("apply", "--auto-approve", **more)
        assert done.code == 0, done.out + done.err
        return done.out

    def files(self, reference: At) -> dict[str, tuple[str, str]]:
        """The tree of libraries in a pushed image: path → kind, and contents or target."""
        image = self.podman.pull(reference)
        found: dict[str, tuple[str, str]] = {}
        with self.podman.files(image) as root:
            for path in sorted((root / TREE).rglob("*")):
                name = str(path.relative_to(root))
                if path.is_symlink():
                    found[name] = ("link", str(path.readlink()))
                elif path.is_file():
                    found[name] = ("file", f"{path.stat().st_mode & 0o777:o} {hash(path.read_bytes())}")
        self.podman("rmi", "--all", "--force")
        return found
