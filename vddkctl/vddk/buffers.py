"""The buffers of an NFC AIO session: the guide's presets, and the limit the vendor states."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

UNIT = 64 * 1024
"""Bytes in one unit of a buffer's size."""

LIMIT = 16 * 1024 * 1024
"""Bytes a session: above it, opening a disk fails (VDDK 7.0.3 release notes)."""


class Buffers(Struct, frozen=True):
    """``size_in_64k`` units of 64 KiB, ``count`` times. 0 leaves that choice to the library."""

    size_in_64k: int
    count: int

    @property
    def memory(self) -> int:
        """Bytes a session takes. 0 when one of the two is left to the library."""
        return self.size_in_64k * UNIT * self.count

    @property
    def over_limit(self) -> bool:
        """Whether the vendor's notes say that opening a disk fails with these."""
        return self.memory > LIMIT


PRESETS: Mapping[str, Buffers] = MappingProxyType(
    {
        "small": Buffers(64, 4),  # virtual machines below 50 GB
        "medium": Buffers(128, 8),  # 50 to 200 GB
        "large": Buffers(256, 16),  # 200 to 500 GB
        "xlarge": Buffers(512, 32),  # above 500 GB
    }
)


def preset_of(buffers: Buffers) -> str | None:
    """The name of the preset that these are, if they are one."""
    return next((name for name, preset in PRESETS.items() if preset == buffers), None)
