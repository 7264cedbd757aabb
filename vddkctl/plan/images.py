"""Images: what has to be built and pushed, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from vddkctl.oci.digest import is_digest
from vddkctl.plan.model import (
    Action,
    Change,
    FieldChange,
    FoundImage,
    ImageWork,
    Origin,
    Precondition,
    Reason,
)
from vddkctl.plan.observed import BuiltImage, ObservedBase, ObservedImage, PushedImage
from vddkctl.plan.record import Record
from vddkctl.site.model import ImageSpec

DIGEST = "digest"
REFERENCE = "reference"
"""What the record knows of an image: the tag, and what it was made to name."""
BASE = "base"
BASE_DIGEST = "baseDigest"
INPUTS = "inputs"
"""And what it was made on: the base in the words of the spec, and what these meant then."""


def image_address(name: str) -> str:
    """``image.vddk-8``."""
    return f"image.{name}"


def image_reference(spec: ImageSpec) -> str:
    """``oci:./images/vddk:8.0.1``."""
    return f"{spec.repository}:{spec.tag}"


def stand_in(record: Record | None, name: str) -> str | None:
    """The digest that was last applied for this image, under whichever tag: the tag is no part of it."""
    fields = record.applied.get(image_address(name), {}) if record else {}
    digest = fields.get(DIGEST)
    return digest if isinstance(digest, str) else None


class Made(Struct, frozen=True):
    """What the record knows of an image: ``digests`` that runs made, and the one that they gave to this ``tag``."""

    digests: frozenset[str] = frozenset()
    tag: str | None = None


def made(record: Record | None, name: str, spec: ImageSpec) -> Made:
    """What the record knows of an image. A run that did not end counts: it had made what it intended to push."""
    if record is None:
        return Made()
    address = image_address(name)
    told = (source.get(address, {}).get(DIGEST) for source in (record.applied, record.intended))
    digests = frozenset(str(digest) for digest in told if is_digest(digest))
    return Made(digests, _remembered(record.applied, address, image_reference(spec)))


def last_built(record: Record | None, name: str, spec: ImageSpec, inputs: str) -> str | None:
    """The digest that the last apply gave to the image's tag, if an engine had built that of the same inputs."""
    fields = record.applied.get(image_address(name), {}) if record else {}
    digest = fields.get(DIGEST)
    same = fields.get(INPUTS) == inputs and fields.get(REFERENCE) == image_reference(spec)
    return digest if same and isinstance(digest, str) and is_digest(digest) else None


class LastBase(Struct, frozen=True):
    """What the record tells of an image's base: nothing, if it is not ``known``.

    ``digest`` is what the image was last made on, None where that was another base than the one that is declared now.
    """

    known: bool = False
    digest: str | None = None


def last_base(record: Record | None, name: str, spec: ImageSpec, now: str | None) -> LastBase:
    """The base that an image was last made on.

    ``now`` is what the tag names: a run that did not end may have made that on another base than the last that did.
    """
    address = image_address(name)
    entries = [source.get(address, {}) for source in (record.applied, record.intended)] if record else []
    told = [fields for fields in entries if is_digest(fields.get(BASE_DIGEST))]
    for fields in sorted(told, key=lambda fields: fields.get(DIGEST) != now):
        if _unpinned(fields.get(BASE)) == _unpinned(spec.base):
            return LastBase(known=True, digest=str(fields[BASE_DIGEST]))
    return LastBase(known=bool(told))


def _unpinned(base: object) -> str:
    """The base without its digest: pinned or not, it is the same base."""
    return str(base).partition("@sha256:")[0]


def image_memory(name: str, spec: ImageSpec, image: ObservedImage, record: Record | None) -> dict[str, Any]:
    """What the record says of an image once the tag is as declared."""
    last = record.applied.get(image_address(name), {}) if record else {}
    own = image.base and spec.dockerfile is None  # those of a Dockerfile are not the spec's base
    base = {BASE: spec.base, BASE_DIGEST: image.base.digest} if image.base and own else last
    return {
        REFERENCE: image_reference(spec),
        DIGEST: image.digest,
        **{key: base[key] for key in (BASE, BASE_DIGEST) if key in base},
        **({INPUTS: image.inputs} if image.inputs else {}),
    }


def image_change(name: str, spec: ImageSpec, image: ObservedImage, record: Record | None) -> Change | None:
    """The change that makes the tag name what the spec asks for, whole; None when it does already."""
    pushed = image.pushed
    if pushed and pushed.digest == image.digest and not pushed.incomplete:
        return None
    address, reference = image_address(name), image_reference(spec)
    recorded = _remembered(record.applied if record else {}, address, reference)
    intended = _remembered(record.intended if record else {}, address, reference)
    now = pushed.digest if pushed else None
    origin = _origin(now, image, recorded, intended)
    last = recorded if origin is Origin.BOTH else None
    field = FieldChange(DIGEST, now, image.digest, origin=origin, applied=last)
    return Change(
        address=address,
        action=Action.REPLACE if pushed else Action.CREATE,
        reason=_reason(image, recorded, spec),
        origin=Origin.SPEC if origin is Origin.SPEC else Origin.DRIFT,
        fields=(field,),
        precondition=Precondition(digest=now),
        image=_work(name, spec, image.built) if image.built else None,
        found=_found(pushed) if pushed and pushed.digest != image.digest else None,
    )


def _remembered(fields: Mapping[str, Mapping[str, Any]], address: str, reference: str) -> str | None:
    """The digest that this very tag was made to name; another tag's says nothing of this one."""
    found = fields.get(address, {})
    return found.get(DIGEST) if found.get(REFERENCE) == reference else None


def _origin(now: str | None, image: ObservedImage, recorded: str | None, intended: str | None) -> Origin:
    if recorded is None or (now is not None and now == intended):
        return Origin.SPEC
    if now == recorded:
        return Origin.DRIFT if image.pushed and image.pushed.incomplete else Origin.SPEC
    return Origin.DRIFT if recorded == image.digest else Origin.BOTH


def _reason(image: ObservedImage, recorded: str | None, spec: ImageSpec) -> Reason:
    pushed, base = image.pushed, image.base
    archive = image.built.archive.sha256 if image.built else spec.archive.sha256
    if pushed is None:
        return Reason.ABSENT
    if recorded and pushed.digest != recorded:
        return Reason.TAG_MOVED
    if pushed.incomplete and pushed.digest == image.digest:
        return Reason.INCOMPLETE
    if archive and pushed.archive_sha256 and pushed.archive_sha256 != archive:
        return Reason.ARCHIVE_CHANGED
    if base and base_changed(pushed, spec, base):
        return Reason.BASE_CHANGED
    if not pushed.archive_sha256:
        return Reason.TAG_MOVED
    return Reason.INPUTS_CHANGED if image.inputs else Reason.DIFFERS


def base_changed(pushed: PushedImage, spec: ImageSpec, base: ObservedBase) -> bool:
    """Whether an image says that it stands on another base. An index names its base otherwise than an image does."""
    comparable = pushed.index == (len(set(spec.platforms)) > 1)
    return comparable and pushed.base_digest not in {None, base.digest}


def _found(pushed: PushedImage) -> FoundImage:
    return FoundImage(pushed.version, pushed.archive_sha256, pushed.base_digest, pushed.created)


def _work(name: str, spec: ImageSpec, built: BuiltImage) -> ImageWork:
    engine = built.engine
    return ImageWork(
        name=name,
        reference=image_reference(spec),
        spec=spec.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        digest=built.digest,
        base_digest=built.base_digest,
        size=built.size,
        layer_digest=built.layer.digest if built.layer else "",
        layer_verbatim=built.layer.verbatim if built.layer else False,
        archive_sha256=built.archive.sha256,
        archive_size=built.archive.size,
        version=built.archive.version,
        machine=built.archive.machine,
        published=built.archive.published.version if built.archive.published else None,
        builder=engine.engine if engine else "native",
        inputs=engine.inputs if engine else None,
        bases=engine.bases if engine else {},
        restores=engine.restores if engine else False,
    )
