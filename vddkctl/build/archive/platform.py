"""Whether an archive's libraries are made for a platform."""

from __future__ import annotations

from vddkctl.errors import ArchiveError
from vddkctl.vddk.archive import ArchiveFacts

_MACHINES = {
    "linux/amd64": "x86_64",
    "linux/386": "i386",
    "linux/arm64": "aarch64",
    "linux/arm64/v8": "aarch64",
    "linux/ppc64le": "ppc64le",
    "linux/s390x": "s390x",
    "linux/riscv64": "riscv64",
}


def check_platform(facts: ArchiveFacts, platform: str, allow: bool) -> None:
    """Raise ArchiveError when the libraries are for another machine than ``platform``, unless ``allow``."""
    if allow or _MACHINES.get(platform) == facts.machine:
        return
    raise ArchiveError(
        f"the libraries are for {facts.machine}, the image is to be for {platform}",
        hint="CDI and Forklift run VDDK on x86-64 only: use linux/amd64, "
        "or set allowPlatformMismatch: true if you know better",
    )
