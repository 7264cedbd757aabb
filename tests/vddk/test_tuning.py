"""Which buffers fit which disks."""

from __future__ import annotations

import pytest

from vddkctl.vddk.tuning import GB, Disk, advise, formula, preset_for


@pytest.mark.parametrize(
    ("size", "preset"),
    [
        (0, "small"),
        (50, "medium"),
        (49, "small"),
        (199, "medium"),
        (200, "large"),
        (499, "large"),
        (500, "xlarge"),
    ],
)
def test_presets_by_size(size: int, preset: str) -> None:
    assert preset_for(size * GB) == preset


def disks(*sizes: int, provider: str = "p") -> list[Disk]:
    return [Disk(provider, f"vm{number}", size * GB) for number, size in enumerate(sizes)]


def test_the_preset_is_that_of_the_disks_with_most_of_the_data() -> None:
    (many_small,) = advise(disks(*[40] * 30, 600), 20)
    assert (many_small.preset, many_small.counts) == (
        "small",
        {"small": 30, "medium": 0, "large": 0, "xlarge": 1},
    )
    (one_large,) = advise(disks(40, 40, 600), 20)
    assert one_large.preset == "xlarge"


def test_memory_is_that_of_the_disks_at_the_same_time() -> None:
    (few,) = advise(disks(300, 300), 20)
    assert few.memory == 256 * 65536 * 16 * 2
    (many,) = advise(disks(*[300] * 50), 20)
    assert many.memory == 256 * 65536 * 16 * 20
    assert many.within == "small"
    assert formula(many.buffers, 20) == "256 × 64 KiB × 16 × 20 disks"


def test_each_provider_for_itself() -> None:
    found = advise([*disks(10), *disks(700, provider="a")], 5)
    assert [(each.provider, each.preset) for each in found] == [("a", "xlarge"), ("p", "small")]
