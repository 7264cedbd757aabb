"""Images: what has to be built and pushed, and why."""

from __future__ import annotations

from collections.abc import Iterator

from vddkctl.plan.model import (
    Action,
    Change,
    FieldChange,
    ImageWork,
    Origin,
    PlanWarning,
    Precondition,
    Reason,
)
from vddkctl.plan.observed import ObservedImage, PushedImage
from vddkctl.plan.record import Record
from vddkctl.site.model import ImageSpec
from vddkctl.vddk.versions import same_version

DIGEST = "digest"
"""The one field of an image's address: what its tag names."""


def image_address(name: str) -> str:
    """``image.vddk-8``."""
    return f"image.{name}"


def image_change(name: str, spec: ImageSpec, image: ObservedImage, record: Record | None) -> Change | None:
    """The change that makes the tag name what the spec asks for; None when it does already."""
    built, pushed = image.built, image.pushed
    if pushed and pushed.digest == built.digest:
        return None
    address = image_address(name)
    recorded = record.applied.get(address, {}).get(DIGEST) if record else None
    origin = _origin(pushed, built.digest, recorded, record, address)
    field = FieldChange(DIGEST, pushed.digest if pushed else None, built.digest, origin=origin)
    return Change(
        address=address,
        action=Action.REPLACE if pushed else Action.CREATE,
        reason=_reason(image, recorded),
        origin=Origin.SPEC if origin is Origin.SPEC else Origin.DRIFT,
        fields=(field,),
        precondition=Precondition(digest=pushed.digest if pushed else None),
        image=_work(name, spec, image),
    )


def image_warnings(
    name: str, spec: ImageSpec, image: ObservedImage, *, referred: bool
) -> Iterator[PlanWarning]:
    """What a person should know about a declared image."""
    address, archive = image_address(name), image.built.archive
    if image.built.base_floating:
        yield PlanWarning(
            "base-floating",
            address,
            f"the base {spec.base} is named by tag and may change; pin it: {_pinned_base(spec, image)}",
        )
    if archive.name_version and not same_version(archive.name_version, archive.version):
        yield PlanWarning(
            "archive-name-mismatch",
            address,
            f"the archive is named {archive.name_version}, but holds VDDK {archive.version}",
        )
    if referred and spec.repository.startswith("oci:") and not spec.cluster_repository:
        yield PlanWarning(
            "layout-not-pullable",
            address,
            f"no cluster can pull from {spec.repository}, a folder; set images.{name}.clusterRepository to the "
            "registry this layout is carried to",
        )


def _pinned_base(spec: ImageSpec, image: ObservedImage) -> str:
    return f"{spec.base}@{image.built.base_digest}"


def _origin(
    pushed: PushedImage | None, wanted: str, recorded: str | None, record: Record | None, address: str
) -> Origin:
    now = pushed.digest if pushed else None
    if recorded is None or now == recorded or now == _intended(record, address):
        return Origin.SPEC
    return Origin.DRIFT if recorded == wanted else Origin.BOTH


def _intended(record: Record | None, address: str) -> str:
    found = record.intended.get(address, {}).get(DIGEST) if record else None
    return found or "nothing"


def _reason(image: ObservedImage, recorded: str | None) -> Reason:
    pushed, built = image.pushed, image.built
    if pushed is None:
        return Reason.ABSENT
    if recorded and pushed.digest != recorded:
        return Reason.TAG_MOVED
    if pushed.archive_sha256 and pushed.archive_sha256 != built.archive.sha256:
        return Reason.ARCHIVE_CHANGED
    if pushed.base_digest and pushed.base_digest != built.base_digest:
        return Reason.BASE_CHANGED
    return Reason.DIFFERS if pushed.archive_sha256 else Reason.TAG_MOVED


def _work(name: str, spec: ImageSpec, image: ObservedImage) -> ImageWork:
    built = image.built
    return ImageWork(
        name=name,
        reference=f"{spec.repository}:{spec.tag}",
        spec=spec.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        digest=built.digest,
        base_digest=built.base_digest,
        size=built.size,
        layer_digest=built.layer.digest,
        layer_verbatim=built.layer.verbatim,
        archive_sha256=built.archive.sha256,
        archive_size=built.archive.size,
        version=built.archive.version,
        machine=built.archive.machine,
        published=built.archive.published.version if built.archive.published else None,
    )
