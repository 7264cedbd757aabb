"""Independent witnesses for one test; podman's storage is empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.witnesses import Podman, Skopeo, witnesses


@pytest.fixture
def _witnesses(tmp_path: Path) -> Iterator[tuple[Skopeo, Podman]]:
    with witnesses(tmp_path / "witnesses") as both:
        yield both


@pytest.fixture
def skopeo(_witnesses: tuple[Skopeo, Podman]) -> Skopeo:
    return _witnesses[0]


@pytest.fixture
def podman(_witnesses: tuple[Skopeo, Podman]) -> Podman:
    return _witnesses[1]
