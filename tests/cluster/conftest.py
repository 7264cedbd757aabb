"""A folder of manifests to try things on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vddkctl.cluster.base import FieldEdit, ObjectChange, Wanted
from vddkctl.cluster.folder import ManifestFolder
from vddkctl.plan.observed import ClusterState, LiveObject


@dataclass(frozen=True)
class Place:
    """A folder with shortcuts: files in, edits, files out."""

    path: Path

    @property
    def cluster(self) -> ManifestFolder:
        return ManifestFolder(self.path, "./gitops")

    def put(self, text: str | bytes, name: str = "p.yaml") -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def names(self) -> list[str]:
        """What is in the folder, but for the tool's own."""
        return sorted(entry.name for entry in self.path.iterdir() if entry.name != ".vddkctl")

    def state(self) -> ClusterState:
        return self.cluster.observe(Wanted())

    def change(self, name: str, edits: dict[str, Any]) -> ObjectChange:
        """Edits by dotted path of the object with this name, as it is now."""
        live = self.live(name)
        fields = tuple(FieldEdit(tuple(path.split(".")), value) for path, value in edits.items())
        return ObjectChange(live.key, fields, live.resource_version)

    def live(self, name: str) -> LiveObject:
        state = self.state()
        return next(item for item in (*state.controllers, *state.providers) if item.key.name == name)

    def edit(self, name: str, edits: dict[str, Any]) -> Exception | None:
        (outcome,) = self.cluster.write([self.change(name, edits)])
        return outcome.error


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "gitops"
    folder.mkdir()
    return Place(folder)
