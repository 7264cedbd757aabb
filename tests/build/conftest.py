"""Archives for the tests of this room: small ones of the vendor's shape, changed as a test needs it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from vddkctl.demo.archive_writer import Item, write_archive
from vddkctl.demo.sample import sample_items, sample_name

Change = Callable[[list[Item]], list[Item]]


@pytest.fixture
def archive(tmp_path: Path) -> Callable[[Change | None], Path]:
    """Write a small sample, changed by a function from entries to entries."""

    def write(change: Change | None = None) -> Path:
        items = sample_items(size=20_000)
        return write_archive(tmp_path / sample_name(), change(items) if change else items)

    return write
