"""Container engines: which there are, and the few things that they do for us.

They build, load and save; registries they never see. So an engine needs no login, no certificate and no setting for a
registry without TLS, and a build cannot be published by accident.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from vddkctl.build.engines.process import Program
from vddkctl.errors import BuildError
from vddkctl.oci.platform import Platform

Name = Literal["podman", "docker"]
NAMES: tuple[Name, ...] = ("podman", "docker")
"""In the order in which ``auto`` looks for them."""

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_BUILD: Mapping[Name, tuple[str, ...]] = {
    # Nothing of a build is kept between builds: when it has ended, or was interrupted, nothing is left of it.
    "podman": ("build", "--pull=never", "--layers=false", "--force-rm"),
    "docker": ("build", "--no-cache", "--force-rm"),
}


class Engine(Struct, frozen=True):
    """podman or docker, by the command of that name."""

    name: Name
    program: Program

    def working_in(self, folder: Path) -> Engine:
        """The same, with its temporary files in a folder: interrupted, it leaves some behind."""
        return Engine(
            self.name, Program(self.program.name, {**self.program.environment, "TMPDIR": str(folder)})
        )

    def ready(self) -> str:
        """Its version. Raises BuildError when it does not work, as a docker without its daemon."""
        if self.name == "podman":
            return self.program.run(["info", "--format", "{{.Version.Version}}"], "podman").strip()
        try:
            return self.program.run(["version", "--format", "{{.Server.Version}}"], "docker").strip()
        except BuildError as error:
            error.hint = "start its daemon (systemctl start docker), or say where it is with DOCKER_HOST"
            raise

    def load(self, archive: Path, what: str) -> None:
        """Take in the images of a docker-archive."""
        self.program.run(["load", "--input", str(archive)], what)

    def build(self, recipe: Build, heard: Callable[[str], None]) -> None:
        """Build an image. Raises BuildError with the engine's last lines."""
        words = [*_BUILD[self.name], "--file", str(recipe.dockerfile), "--tag", recipe.name]
        if str(recipe.platform) != native_platform():
            words += ["--platform", str(recipe.platform)]
        for option, pairs in (("--label", recipe.labels), ("--build-arg", recipe.arguments)):
            for key, value in pairs.items():
                words += [option, f"{key}={value}"]
        self.program.run([*words, str(recipe.context)], recipe.what, heard=heard)

    def save(self, name: str, target: Path, what: str) -> None:
        """Write an image as a docker-archive."""
        form = ["--format", "docker-archive"] if self.name == "podman" else []
        self.program.run(["save", *form, "--output", str(target), name], what)

    def identity(self, name: str) -> str:
        """What the engine itself calls an image that it has: ``sha256:<hex>`` of its config. Raises BuildError."""
        found = self.program.run(["image", "inspect", "--format", "{{.Id}}", name], f"look at {name}").strip()
        return found if found.startswith("sha256:") else f"sha256:{found}"

    def remove_of(self, builds: Sequence[str]) -> None:
        """Remove the images that builds in folders of these names have left, when they were killed."""
        if not builds:
            return
        listed = self.program.run(["images", "--format", "{{.Repository}}:{{.Tag}}"], "list images")
        heads = tuple(f"localhost/{name}-" for name in builds)
        self.remove([name for name in listed.splitlines() if name.startswith(heads)])

    def remove(self, names: Sequence[str]) -> None:
        """Remove images, as far as they are there."""
        for name in names:
            try:
                self.program.run(["rmi", "--force", name], name)
            except BuildError:
                continue


class Build(Struct, frozen=True):
    """One build, for one platform. ``what`` names it in errors."""

    what: str
    name: str
    context: Path
    dockerfile: Path
    platform: Platform
    labels: Mapping[str, str]
    arguments: Mapping[str, str]


def native_platform() -> str:
    """The platform of this machine, as in ``linux/amd64``."""
    machine = platform.machine()
    return f"linux/{_MACHINES.get(machine, machine)}"


def engine(name: Name, environment: Mapping[str, str]) -> Engine | None:
    """An engine by its name, if its command is on the path."""
    path = shutil.which(name, path=environment.get("PATH"))
    return Engine(name, Program(path, environment)) if path else None


def chosen(builder: str, environment: Mapping[str, str]) -> Engine | None:
    """The engine that a spec's ``builder`` names; None where ``auto`` finds none. Raises BuildError."""
    if builder == "auto":
        return next(filter(None, (engine(name, environment) for name in NAMES)), None)
    name: Name = "docker" if builder == "docker" else "podman"
    found = engine(name, environment)
    if found is None:
        hint = "install it, or set another builder: auto takes what there is, native needs nothing"
        raise BuildError(f"{name} is not on the path", hint=hint)
    return found
