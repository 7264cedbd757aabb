"""Container engines: which there are, and the few things that they do for us.

They build, load and save; registries they never see. So an engine needs no login, no certificate and no setting for a
registry without TLS, and a build cannot be published by accident.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from msgspec import Struct

from vddkctl.build.engines.mark import MARK
from vddkctl.build.engines.process import Program
from vddkctl.errors import BuildError
from vddkctl.oci.platform import Platform

Name = Literal["podman", "docker"]
NAMES: tuple[Name, ...] = ("podman", "docker")
"""In the order in which ``auto`` looks for them."""

_BUILD: Mapping[Name, tuple[str, ...]] = {
    # Nothing of a build is kept between builds: when it has ended, or was interrupted, nothing is left of it.
    "podman": ("build", "--pull=never", "--layers=false", "--force-rm"),
    "docker": ("build", "--no-cache", "--force-rm"),
}

_READY: Mapping[Name, tuple[str, ...]] = {
    "podman": ("info", "--format", "{{.Version.Version}}"),
    "docker": ("version", "--format", "{{.Server.Version}}"),
}
_NOT_READY: Mapping[Name, str] = {
    "podman": "see what podman info says; or set another builder: docker, or native where there is no Dockerfile",
    "docker": "start its daemon (systemctl start docker), or say where it is with DOCKER_HOST",
}
_STORAGE: Mapping[Name, tuple[str, ...]] = {
    "podman": ("info", "--format", "{{.Store.GraphRoot}}"),
    "docker": ("info", "--format", "{{.DockerRootDir}}"),
}
_DAEMON = ("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
_IMAGES = (
    ("images", "--all", "--quiet", "--no-trunc"),
    # Containers on it are of the build as well. Without --no-prune, what the user has left untagged below goes too.
    ("rmi", "--force", "--no-prune"),
)
_REMOVING: Mapping[Name, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]] = {
    "podman": (_IMAGES,),
    "docker": ((("ps", "--all", "--quiet", "--no-trunc"), ("rm", "--force", "--volumes")), _IMAGES),
}
"""How what has a label is listed, and how each is removed."""
_ROUNDS = 20


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
        try:
            return self.program.run(_READY[self.name], self.name).strip()
        except BuildError as error:
            error.hint = _NOT_READY[self.name]
            raise

    def works(self) -> bool:
        """Whether it would do what it is asked for."""
        try:
            self.ready()
        except BuildError:
            return False
        return True

    def storage(self) -> Path | None:
        """Where it keeps images; None where that is not on this machine, or it does not say."""
        with suppress(BuildError):
            host = self.program.environment.get("CONTAINER_HOST", "unix:")
            if self.name == "docker":
                host = self.program.run(_DAEMON, self.name).strip()
            path = Path(self.program.run(_STORAGE[self.name], self.name).strip())
            if host.startswith("unix:") and path.is_absolute() and path.exists():
                return path
        return None

    def check_folder(self, folder: Path, what: str) -> None:
        """Raise BuildError for a folder that it cannot take files from: podman reads a colon as the end of a path."""
        if self.name == "podman" and ":" in str(folder):
            raise BuildError(
                "podman takes no folder with a colon in its path",
                where=f"{what}: {folder}",
                hint="set buildDir, or TMPDIR, to another one",
            )

    def load(self, archive: Path, what: str) -> None:
        """Take in the images of a docker-archive."""
        self.check_folder(archive.parent, what)
        self.program.run(["load", "--input", str(archive)], what)

    def build(self, recipe: Build, heard: Callable[[str], None]) -> None:
        """Build an image. Raises BuildError with the engine's last lines."""
        words = [*_BUILD[self.name], "--file", str(recipe.dockerfile), "--tag", recipe.name]
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
        """Remove all that is there of builds: their images, finished or not, and the containers of their steps.

        A daemon may still be about to put down what it was doing when the build was interrupted. One that has gone
        meanwhile is no error: the build has told of that.
        """
        for build in builds:
            with suppress(BuildError):
                for _ in range(_ROUNDS):
                    if not self._removed_of(f"label={MARK}={build}"):
                        break

    def _removed_of(self, found_by: str) -> bool:
        """Whether there was anything to remove."""
        there = False
        for listed, remove in _REMOVING[self.name]:
            # One by one: some can only go when others that stand on them have gone, in the next round.
            for each in dict.fromkeys(self.program.run([*listed, "--filter", found_by], "list").split()):
                there = True
                with suppress(BuildError):
                    self.program.run([*remove, each], each)
        return there


class Build(Struct, frozen=True):
    """One build, for one platform. ``what`` names it in errors."""

    what: str
    name: str
    context: Path
    dockerfile: Path
    platform: Platform
    labels: Mapping[str, str]
    arguments: Mapping[str, str]


def engine(name: Name, environment: Mapping[str, str]) -> Engine | None:
    """An engine by its name, if its command is on the path."""
    path = shutil.which(name, path=environment.get("PATH"))
    return Engine(name, Program(path, environment)) if path else None


def chosen(builder: str, environment: Mapping[str, str]) -> Engine | None:
    """The engine that a spec's ``builder`` names; None where ``auto`` finds none. Raises BuildError.

    Of several, ``auto`` takes the first that works.
    """
    if builder == "auto":
        there = [each for name in NAMES if (each := engine(name, environment))]
        working = (each for each in there if each.works()) if len(there) > 1 else iter(there)
        return next(working, there[0] if there else None)
    name: Name = "docker" if builder == "docker" else "podman"
    found = engine(name, environment)
    if found is None:
        hint = "install it, or set another builder: auto takes what there is, native needs nothing"
        raise BuildError(f"{name} is not on the path", hint=hint)
    return found
