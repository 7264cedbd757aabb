"""For all tests of this room: a layout, the vendor's archive, registries and witnesses."""

from pathlib import Path

import pytest

from tests.support.registry_fixtures import own_registry, plain_registry, repository
from tests.support.witness_fixtures import _witnesses, podman, skopeo
from tests.verify.made import Layout, vendor_archive

__all__ = ["_witnesses", "own_registry", "plain_registry", "podman", "repository", "skopeo"]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An empty layout."""
    return Layout(tmp_path)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A small sample of the vendor's archive."""
    return vendor_archive(tmp_path)
