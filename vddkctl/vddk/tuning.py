"""Which buffers fit the disks that are to be moved, and what memory that takes.

The guide's table goes by the size of a disk: small under 50 GB, medium to 200, large to 500, xlarge above. Buffers are
set by provider, so one size has to do for all of its disks: that of the disks which hold most of the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from vddkctl.vddk.buffers import LIMIT, PRESETS, UNIT, Buffers

GB = 1_000_000_000
BOUNDS: Mapping[str, int] = MappingProxyType({"small": 50 * GB, "medium": 200 * GB, "large": 500 * GB})
"""Bytes up to which a preset is meant; xlarge is above."""

CONCURRENT = 20
"""Disks of a provider that Forklift moves at the same time, unless ``controller_max_vm_inflight`` says otherwise."""


class Disk(Struct, frozen=True):
    """One disk of a virtual machine, in bytes. ``provider`` is empty where nobody said which.

    ``server`` is the vCenter that a table names in its place.
    """

    provider: str
    vm: str
    size: int
    server: str = ""


class Advice(Struct, frozen=True):
    """What to set for a provider. ``counts`` are its disks by preset, ``preset`` the one that fits most of the data.

    ``within`` is the largest preset that keeps to the vendor's 16 MiB a session.
    """

    provider: str
    disks: int
    machines: int
    total: int
    largest: int
    counts: Mapping[str, int]
    preset: str
    within: str
    concurrent: int

    @property
    def buffers(self) -> Buffers:
        """Those of the preset."""
        return PRESETS[self.preset]

    @property
    def memory(self) -> int:
        """Bytes of all sessions together, one for each disk that is moved at the same time."""
        return self.buffers.memory * min(self.concurrent, self.disks)


def preset_for(size: int) -> str:
    """The guide's preset for a disk of so many bytes."""
    return next((name for name, bound in BOUNDS.items() if size < bound), "xlarge")


def advise(disks: Iterable[Disk], concurrent: int) -> list[Advice]:
    """Advice for each provider, by name; for each vCenter where only that is known."""
    by_provider: dict[str, list[Disk]] = {}
    for disk in disks:
        by_provider.setdefault(disk.provider or disk.server, []).append(disk)
    return [_advice(name, found, concurrent) for name, found in sorted(by_provider.items())]


def _advice(provider: str, disks: Sequence[Disk], concurrent: int) -> Advice:
    counts = dict.fromkeys(PRESETS, 0)
    for disk in disks:
        counts[preset_for(disk.size)] += 1
    return Advice(
        provider,
        disks=len(disks),
        machines=len({disk.vm for disk in disks}),
        total=sum(disk.size for disk in disks),
        largest=max(disk.size for disk in disks),
        counts=counts,
        preset=preset_for(_half_of_the_data(disks)),
        within=max((name for name, each in PRESETS.items() if each.memory <= LIMIT), key=_memory),
        concurrent=concurrent,
    )


def _half_of_the_data(disks: Sequence[Disk]) -> int:
    """The size of the disk in the middle, each counted by its bytes: half of the data is on disks at least as large."""
    ordered = sorted(disk.size for disk in disks)
    left = sum(ordered) / 2
    for size in ordered:
        left -= size
        if left <= 0:
            return size
    return ordered[-1]


def _memory(preset: str) -> int:
    return PRESETS[preset].memory


def formula(buffers: Buffers, disks: int) -> str:
    """``256 × 64 KiB × 16 × 20 disks``: how the memory comes about."""
    return f"{buffers.size_in_64k} × {UNIT // 1024} KiB × {buffers.count} × {disks} disk{'' if disks == 1 else 's'}"
