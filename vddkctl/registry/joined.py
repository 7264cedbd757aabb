"""An index over images that are somewhere already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from vddkctl.errors import ImageError
from vddkctl.oci.descriptor import OCI_INDEX, Descriptor
from vddkctl.oci.digest import digest_of
from vddkctl.oci.document import encode
from vddkctl.oci.platform import Platform
from vddkctl.oci.reference import Reference
from vddkctl.registry.base import Registry
from vddkctl.registry.inspected import inspect_image
from vddkctl.registry.whole import Whole, read_whole


class Member(Struct, frozen=True):
    """One image of an index. ``platform`` is what its config says, ``origin`` where it was found, as people call it."""

    platform: Platform
    whole: Whole
    origin: str
    annotations: Mapping[str, str]


def members(
    registry: Registry, reference: Reference, descriptor: Descriptor, origin: str
) -> tuple[Member, ...]:
    """The images that a reference leads to: one, or all those of an index. Raises RegistryError and ImageError."""
    return tuple(
        Member(
            image.config.platform,
            read_whole(registry, reference, image.descriptor),
            origin,
            image.manifest.annotations,
        )
        for image in inspect_image(registry, reference, descriptor).images
    )


def join(found: Iterable[Member]) -> tuple[Whole, tuple[Member, ...]]:
    """An index of these images, and its images in its order, by platform: the same images give the same bytes.

    What all of them say of themselves, the index says too. Raises ImageError for two images of one platform.
    """
    chosen: list[Member] = []
    for member in found:
        other = next((other for other in chosen if _same(member.platform, other.platform)), None)
        if other is None:
            chosen.append(member)
        elif other.whole.descriptor.digest != member.whole.descriptor.digest:
            raise ImageError(
                f"two images are for {member.platform}: {_called(other)} and {_called(member)}",
                hint="an index has one for each platform; leave one of them out",
            )
    if not chosen:
        raise ImageError("there is no image to put into the index")
    ordered = tuple(sorted(chosen, key=lambda member: member.platform))
    children = tuple(_listed(member) for member in ordered)
    data = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [child.descriptor.to_json() for child in children],
        "annotations": _common([member.annotations for member in ordered]),
    }
    content = encode({key: value for key, value in data.items() if value})
    descriptor = Descriptor(OCI_INDEX, digest_of(content), len(content))
    return Whole(descriptor, content, (), children), ordered


def _listed(member: Member) -> Whole:
    """The image with the descriptor that an index has of it."""
    plain = replace(member.whole.descriptor, platform=member.platform.to_json(), annotations={})
    return replace(member.whole, descriptor=plain)


def _common(annotations: list[Mapping[str, str]]) -> dict[str, str]:
    first, *rest = annotations
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in rest)}


def _same(one: Platform, other: Platform) -> bool:
    return one.runs(other) and other.runs(one)


def _called(member: Member) -> str:
    return f"{member.origin} ({member.whole.descriptor.short})"
