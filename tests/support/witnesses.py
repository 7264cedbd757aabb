"""Real skopeo and real podman: independent witnesses of what registries hold.

Neither sees what this machine's user has set: each has a home, a storage and settings of its own in a folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.running_registry import RunningRegistry


@dataclass(frozen=True, slots=True)
class At:
    """A name in a registry: ``At(registry, "a/vddk:1")``, or ``"a/vddk@sha256:…"``."""

    registry: RunningRegistry
    name: str
    credentials: str | None = None
    """``name:password``, ``""`` for none, ``None`` for the registry's own user."""

    @property
    def reference(self) -> str:
        """``127.0.0.1:PORT/a/vddk:1``."""
        return f"{self.registry.host}/{self.name}"


class RefusedError(Exception):
    """A witness ended with an error; its text is what it wrote about it."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A program in an environment of its own."""

    program: str
    folder: Path
    environment: Mapping[str, str]

    def __call__(self, *words: str | Path, env: Mapping[str, str] | None = None) -> str:
        """Its standard output.

        :raises RefusedError: it failed.
        """
        done = subprocess.run(
            [self.program, *map(str, words)],
            capture_output=True,
            text=True,
            env={**self.environment, **(env or {})},
            cwd=self.folder,
            check=False,
        )
        if done.returncode:
            raise RefusedError(f"{self.program} {' '.join(map(str, words))}: {done.stderr}")
        return done.stdout

    def _access(self, place: At | str, side: str = "") -> list[str]:
        """The options for a registry; ``side`` is ``src-`` or ``dest-`` where there are two."""
        if isinstance(place, str):
            return []
        registry = place.registry
        own = f"{registry.username}:{registry.password}" if registry.username else ""
        credentials = own if place.credentials is None else place.credentials
        words = [f"--{side}creds={credentials}"] if credentials else []
        if not registry.ca:
            return [*words, f"--{side}tls-verify=false"]
        folder = self.folder / "certificates" / registry.host
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(registry.ca, folder / "ca.crt")
        if registry.client:
            shutil.copy(registry.client.certificate, folder / "client.cert")
            shutil.copy(registry.client.key, folder / "client.key")
        return [*words, f"--{side}cert-dir={folder}"]


class Skopeo(Witness):
    """A place is a name in a registry, or any of skopeo's own: ``oci:/folder:tag``, ``dir:/folder``."""

    def inspect(self, place: At | str) -> dict[str, Any]:
        """``Digest``, ``RepoTags``, ``Labels``, ``Layers``, … of an image."""
        seen: dict[str, Any] = json.loads(self("inspect", *self._access(place), _address(place)))
        return seen

    def config(self, place: At | str) -> dict[str, Any]:
        """The config of an image, as it stands."""
        seen: dict[str, Any] = json.loads(
            self("inspect", "--raw", "--config", *self._access(place), _address(place))
        )
        return seen

    def manifest(self, place: At | str) -> dict[str, Any]:
        """The manifest or index, as it stands."""
        seen: dict[str, Any] = json.loads(self("inspect", "--raw", *self._access(place), _address(place)))
        return seen

    def tags(self, registry: RunningRegistry, repository: str) -> list[str]:
        """As the registry tells."""
        place = At(registry, repository)
        found: list[str] = json.loads(self("list-tags", *self._access(place), _address(place)))["Tags"]
        return found

    def copy(self, source: At | str, target: At | str, *options: str) -> None:
        """``options``: ``--all`` for an index whole, ``--format=v2s2`` for Docker's types, …"""
        access = [*self._access(source, "src-"), *self._access(target, "dest-")]
        self("copy", *options, *access, _address(source), _address(target))

    def delete(self, place: At) -> None:
        """The manifest goes, and with it every tag that leads to it."""
        self("delete", *self._access(place), _address(place))


class Podman(Witness):
    """Builds, pushes and pulls, with a storage that is empty at first. It does not run containers."""

    def build(self, context: Path, name: str, *options: str) -> str:
        """Build the Dockerfile in a folder; its steps run without a container. Returns the image's ID."""
        return self("build", "--quiet", *options, "-t", name, context).strip()

    def push(self, name: str, target: At, *options: str) -> str:
        """``options``: ``--format=v2s2``, … Returns the digest."""
        note = self.folder / "digest"
        self("push", "--digestfile", note, *options, *self._access(target), name, _address(target))
        return note.read_text().strip()

    def pull(self, place: At) -> str:
        """Returns the image's ID: the digest of its config, without the algorithm."""
        return self("pull", "--quiet", *self._access(place), place.reference).strip()

    def create_index(self, name: str, *members: At) -> None:
        """``manifest create`` and ``manifest add``."""
        self("manifest", "create", name)
        for member in members:
            self("manifest", "add", *self._access(member), name, _address(member))

    def push_index(self, name: str, target: At) -> str:
        """``manifest push --all``. Returns the digest."""
        note = self.folder / "digest"
        options = ("--all", "--digestfile", note)
        self("manifest", "push", *options, *self._access(target), name, _address(target))
        return note.read_text().strip()

    @contextmanager
    def files(self, name: str) -> Iterator[Path]:
        """The file system of an image that is in the storage."""
        path = Path(self("image", "mount", name).strip())
        try:
            yield path
        finally:
            self("image", "unmount", name)


def _address(place: At | str) -> str:
    return place if isinstance(place, str) else f"docker://{place.reference}"


@contextmanager
def witnesses(folder: Path, *, driver: str = "vfs") -> Iterator[tuple[Skopeo, Podman]]:
    """Both, in one folder. ``vfs`` works wherever there are files; ``overlay`` is what people use, and quick."""
    home = folder / "home"
    settings = home / ".config" / "containers"
    (settings / "registries.d").mkdir(parents=True)
    for name in ("run", "tmp"):
        (folder / name).mkdir()
    (settings / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    (settings / "registries.conf").write_text(
        'unqualified-search-registries = []\nshort-name-mode = "enforcing"\n'
    )
    (settings / "storage.conf").write_text(
        f'[storage]\ndriver = "{driver}"\nrunroot = "{folder}/run/storage"\ngraphroot = "{folder}/storage"\n'
    )
    (settings / "containers.conf").write_text(
        '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n'
        f'tmp_dir = "{folder}/run/libpod"\nstatic_dir = "{folder}/libpod"\nvolume_path = "{folder}/volumes"\n'
        f'[network]\nnetwork_config_dir = "{folder}/networks"\n'
    )
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(folder / "tmp"),
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "CONTAINERS_CONF": str(settings / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(settings / "storage.conf"),
        "CONTAINERS_REGISTRIES_CONF": str(settings / "registries.conf"),
        "BUILDAH_ISOLATION": "chroot",
    }
    podman = Podman("podman", folder, environment)
    try:
        yield Skopeo("skopeo", folder, environment), podman
    finally:
        if (folder / "storage").exists():
            podman("rmi", "--all", "--force")
            if (folder / "storage" / "overlay").is_mount():
                subprocess.run(["umount", folder / "storage" / "overlay"], check=True)
