"""What a person should know of a declared image before saying yes."""

from __future__ import annotations

from collections.abc import Iterator

from vddkctl.oci.platform import parse_platform
from vddkctl.plan.images import image_address
from vddkctl.plan.model import PlanWarning
from vddkctl.plan.observed import BuiltImage, ObservedBase, ObservedImage
from vddkctl.site.model import ImageSpec
from vddkctl.vddk.versions import same_version

NOT_PULLABLE = "layout-not-pullable"


def image_warnings(
    name: str, spec: ImageSpec, image: ObservedImage, *, referred: bool, live: bool
) -> Iterator[PlanWarning]:
    """What a person should know about a declared image; ``referred``: the settings of a (``live``) cluster name it."""
    address = image_address(name)
    if image.base:
        yield from _based(address, spec, image.base)
    if image.built:
        yield from _made(address, spec, image.built)
    if referred and spec.repository.startswith("oci:") and not spec.cluster_repository:
        yield PlanWarning(
            NOT_PULLABLE,
            address,
            f"no cluster can pull from {spec.repository}, a folder{', and apply will refuse' if live else ''}; set "
            f"images.{name}.clusterRepository to the registry this layout is carried to",
        )


def _based(address: str, spec: ImageSpec, base: ObservedBase) -> Iterator[PlanWarning]:
    name = base.name or spec.base
    key = "FROM" if spec.dockerfile else "base:"
    if base.newer:
        yield PlanWarning(
            "base-moved",
            address,
            f"the base {name} names {base.newer} by now, and the image stays on {base.digest}; "
            f"pin the new one ({key} {name}@{base.newer}) or set {address.replace('.', 's.', 1)}.followBase: true",
        )
    elif base.floating and spec.follow_base:
        yield PlanWarning(
            "base-floating",
            address,
            f"the base {name} is followed: when that tag moves, so does the image; to pin it instead: "
            f"{name}@{base.digest}",
        )
    elif base.floating:
        yield PlanWarning(
            "base-floating",
            address,
            f"the base {name} is named by tag and may change; pin it: {name}@{base.digest}",
        )


def _made(address: str, spec: ImageSpec, built: BuiltImage) -> Iterator[PlanWarning]:
    archive = built.archive
    if archive.name_version and not same_version(archive.name_version, archive.version):
        yield PlanWarning(
            "archive-name-mismatch",
            address,
            f"the archive is named {archive.name_version}, but holds VDDK {archive.version}",
        )
    strangers = [p for p in spec.platforms if not parse_platform(p).suits(archive.machine)]
    if strangers:
        yield PlanWarning(
            "platform-mismatch",
            address,
            f"libraries for {archive.machine} in an image for {', '.join(strangers)}: nothing there can run them",
        )
    if any(library.path in _LINKS for library in archive.libraries):
        yield PlanWarning(
            "links-are-copies",
            address,
            "the archive holds copies of libraries where the vendor's has links: it was packed again, as with tar -h",
        )


_LINKS = frozenset({"lib64/libvixDiskLib.so", "lib32/libvixDiskLib.so"})
