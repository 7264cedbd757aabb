"""What an image is held against: whatever the command line and the spec say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from vddkctl.oci.image import BaseImage
from vddkctl.oci.platform import Platform
from vddkctl.vddk.archive import ArchiveFacts


class LocalArchive(Struct, frozen=True):
    """The vendor's archive as a file on this machine, inspected."""

    path: Path
    facts: ArchiveFacts


class ExpectedBase(Struct, frozen=True):
    """What the image is to stand on. ``pinned``: named by digest.

    ``read`` reads it for a platform, as it is now or by the digest given; it raises VddkctlError when it cannot.
    """

    name: str
    pinned: bool
    read: Callable[[Platform, str | None], BaseImage]


class Expected(Struct, frozen=True):
    """Nothing in it is needed; each part makes the verification say more.

    ``sha256`` (hexadecimal) is of the vendor's archive: that of ``archive`` where that is here. ``any_machine``: the
    spec allows libraries for another machine than the image's.
    """

    sha256: str | None = None
    archive: LocalArchive | None = None
    platforms: tuple[Platform, ...] = ()
    any_machine: bool = False
    base: ExpectedBase | None = None
