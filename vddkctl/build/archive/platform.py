"""Whether an archive's libraries are made for a platform."""

from __future__ import annotations

from vddkctl.errors import ArchiveError
from vddkctl.oci.platform import parse_platform
from vddkctl.vddk.archive import ArchiveFacts


def check_platform(facts: ArchiveFacts, platform: str, allow: bool, where: str = "") -> None:
    """Raise ArchiveError when the libraries are for another machine than ``platform``, unless ``allow``.

    ``where`` is the archive's path. Raises ImageError for what is not a platform at all.
    """
    wanted = parse_platform(platform)
    if allow or (wanted.os == "linux" and wanted.suits(facts.machine)):
        return
    raise ArchiveError(
        f"the libraries are for {facts.machine}, the image is to be for {wanted}",
        where=where,
        hint="CDI and Forklift run VDDK on x86-64 only: use linux/amd64, "
        "or set allowPlatformMismatch: true if you know better",
    )
