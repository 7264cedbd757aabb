"""An engine's own storage as a place for one image: what ``podman build`` fills when nothing is pushed."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from vddkctl.build.engines.engine import Engine
from vddkctl.build.engines.workspace import workspace
from vddkctl.errors import BuildError, RegistryError
from vddkctl.oci.descriptor import Blob, Descriptor
from vddkctl.oci.manifest import Manifest, parse
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress, Task, say
from vddkctl.registry.base import UNCHECKED, AbsentError, Unchecked
from vddkctl.registry.export.docker_archive import write_docker_archive
from vddkctl.registry.whole import Whole


class EngineStorage:
    """A :class:`~vddkctl.registry.base.Registry` of the one image ``name``; the engine gets it when its tag moves.

    Until then nothing of it is copied: its parts are known by where they are. What the engine had under that name
    before is not looked into. ``folder`` is for a file on the way, ``needed`` says how much room that takes.
    """

    def __init__(
        self,
        engine: Engine,
        name: Reference,
        folder: Path | None,
        needed: Callable[[], int],
        progress: Progress,
    ) -> None:
        self._engine, self._name, self._progress = engine, name, progress
        self._folder, self._needed = folder, needed
        self._blobs: dict[str, Blob] = {}
        self._manifests: dict[str, bytes] = {}
        self._tagged: Descriptor | None = None
        self._lock = Lock()

    def before(self) -> str | None:
        """What the engine has under that name already, by its own word for it; None for nothing."""
        with suppress(BuildError):
            return self._engine.identity(str(self._name))
        return None

    def identity(self) -> str:
        """What the engine calls the image that it was given. Raises BuildError."""
        return self._engine.identity(str(self._name))

    def resolve(self, reference: Reference) -> Descriptor | None:
        """The image that was put here."""
        del reference
        return self._tagged

    def manifest(self, reference: Reference, digest: str) -> bytes:
        """A manifest that was put here."""
        if digest not in self._manifests:
            raise AbsentError("there is no such manifest", where=f"{reference}")
        return self._manifests[digest]

    def tags(self, reference: Reference) -> tuple[str, ...]:
        """The one name."""
        del reference
        return (self._name.tag,) if self._tagged and self._name.tag else ()

    def open_blob(self, reference: Reference, descriptor: Descriptor) -> BinaryIO:
        """A part of the image, from where it is."""
        del reference
        return self._blobs[descriptor.digest].source.open()

    def has_blob(self, reference: Reference, descriptor: Descriptor) -> bool:
        """Whether it was put here."""
        del reference
        return descriptor.digest in self._blobs

    def has_manifest(self, reference: Reference, descriptor: Descriptor) -> bool:
        """Whether it was put here."""
        del reference
        return descriptor.digest in self._manifests

    def put_blob(self, reference: Reference, blob: Blob, progress: Progress) -> None:
        """Remember where it is."""
        del reference, progress
        with self._lock:
            self._blobs[blob.descriptor.digest] = blob

    def put_manifest(
        self,
        reference: Reference,
        descriptor: Descriptor,
        content: bytes,
        *,
        expected: str | Unchecked | None = UNCHECKED,
    ) -> None:
        """Remember it; with its tag, give the image to the engine. Raises BuildError."""
        del expected
        self._manifests[descriptor.digest] = content
        if reference.tag is not None:
            self._hand_over(descriptor, content)
            self._tagged = descriptor

    def _hand_over(self, descriptor: Descriptor, content: bytes) -> None:
        manifest = parse(content, str(self._name))
        if not isinstance(manifest, Manifest):
            raise RegistryError("an engine's storage takes one platform under a name", where=str(self._name))
        parts = (manifest.config, *manifest.layers)
        whole = Whole(descriptor, content, tuple(self._blobs[part.digest] for part in parts), ())
        with workspace(self._folder, self._needed(), str(self._name)) as folder:
            file = folder / "image.tar"
            handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                write_docker_archive(whole, self._name, handle, self._progress)
            finally:
                os.close(handle)
            self._engine.load(file, f"load {self._name}")


class Local:
    """Progress of work that pushes nothing, whatever it is called elsewhere."""

    def __init__(self, progress: Progress, engine: str) -> None:
        self._progress, self._engine = progress, engine

    def task(self, label: str, total: int | None, unit: str = "bytes") -> AbstractContextManager[Task]:
        """Hand on a task."""
        head, push, name = label.partition("push ")
        return self._progress.task(
            f"find the parts of {name} for {self._engine}" if push and not head else label, total, unit
        )

    def say(self, line: str) -> None:
        """Hand on a line."""
        say(self._progress, line)
