"""What an image in its place tells of itself, for people and as data."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

from vddkctl.oci.descriptor import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Descriptor
from vddkctl.plan.model import FORMAT_VERSION
from vddkctl.registry.inspected import Inspected, InspectedImage
from vddkctl.report.style import PLAIN, Style
from vddkctl.report.words import plural, size
from vddkctl.vddk.versions import vsphere_of
from vddkctl.visible import shown

_KINDS = {
    OCI_MANIFEST: "OCI image",
    OCI_INDEX: "OCI index",
    DOCKER_MANIFEST: "Docker image",
    DOCKER_INDEX: "Docker manifest list",
}


def image_text(found: Inspected, name: str, style: Style = PLAIN, *, labels: bool = False) -> str:
    """One image, or an index and every image in it, with a final line break."""
    lines = [style.paint("bold", shown(name))]
    if found.chosen or (found.images and found.images[0].descriptor.digest == found.descriptor.digest):
        image = found.images[0]
        rows = [("digest", image.descriptor.digest), *_rows(image, labels=labels)]
        if image.descriptor.digest != found.descriptor.digest:
            rows.insert(1, ("out of", f"{found.descriptor.digest}, {_name(found.descriptor)}"))
        return "\n".join([*lines, *_block("  ", rows)]) + "\n"
    lines += _block("  ", _index_rows(found))
    for image in found.images:
        lines += ["", f"  {style.paint('bold', shown(str(image.config.platform)))}"]
        lines += _block("    ", [("digest", image.descriptor.digest), *_rows(image, labels=labels)])
    return "\n".join(lines) + "\n"


def image_json(found: Inspected, name: str) -> dict[str, Any]:
    """The same as data: see the help of ``vddkctl image inspect``. Sizes are in bytes."""
    return {
        "formatVersion": FORMAT_VERSION,
        "reference": name,
        "digest": found.descriptor.digest,
        "mediaType": found.descriptor.media_type,
        "images": [_image_json(image) for image in found.images],
        "others": [other.to_json() for other in found.others],
        "manifest": json.loads(found.content),
    }


def _image_json(image: InspectedImage) -> dict[str, Any]:
    runtime, vendor = image.config.runtime, image.vendor
    base_name, base_digest = image.base
    return {
        "digest": image.descriptor.digest,
        "mediaType": image.descriptor.media_type,
        "platform": str(image.config.platform),
        "size": image.size,
        "created": image.config.extra.get("created"),
        "user": runtime.get("User"),
        "entrypoint": runtime.get("Entrypoint"),
        "cmd": runtime.get("Cmd"),
        "labels": image.labels,
        "base": {"name": base_name, "digest": base_digest},
        "vddk": {
            "version": vendor.version,
            "archiveSha256": vendor.archive_sha256,
            "layer": vendor.layer,
            "verbatim": vendor.verbatim,
        },
        "layers": [
            {**layer.to_json(), "vendor": layer.digest == vendor.layer} for layer in image.manifest.layers
        ],
        "manifest": json.loads(image.content),
        "config": image.config.to_json(),
    }


def _block(indent: str, rows: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> list[str]:
    return [f"{indent}{key:<12}{shown(value)}" for key, value in rows]


def _index_rows(found: Inspected) -> Iterator[tuple[str, str]]:
    yield "digest", found.descriptor.digest
    yield "type", _kind(found.descriptor)
    listed = ", ".join(str(image.config.platform) for image in found.images)
    yield "platforms", listed or "none"
    if found.others:
        yield "besides", plural(len(found.others), "entry that is no image", "entries that are no images")


def _rows(image: InspectedImage, *, labels: bool) -> Iterator[tuple[str, str]]:
    yield "type", _kind(image.descriptor)
    yield "platform", str(image.config.platform)
    yield "size", f"{size(image.size)} in {plural(len(image.manifest.layers), 'layer')}"
    yield from _vendor_rows(image)
    for number, layer in enumerate(image.manifest.layers):
        yield "layers" if number == 0 else "", f"{layer.digest}  {size(layer.size)}{_remark(image, layer)}"
    name, digest = image.base
    if name or digest:
        yield "base", "@".join(filter(None, (name, digest)))
    runtime = image.config.runtime
    yield "user", _words(runtime.get("User")) or "none: root"
    for key in ("Entrypoint", "Cmd"):
        if runtime.get(key):
            yield key.lower(), _words(runtime[key])
    created = image.config.extra.get("created")
    if created:
        yield "created", str(created)
    if labels:
        for number, (key, value) in enumerate(sorted(image.labels.items())):
            yield "labels" if number == 0 else "", f"{key}={value}"


def _vendor_rows(image: InspectedImage) -> Iterator[tuple[str, str]]:
    vendor = image.vendor
    if vendor.archive_sha256 is None:
        yield "VDDK", "it does not say: it was made by another tool"
        return
    vsphere = vsphere_of(vendor.version) if vendor.version else None
    yield (
        "VDDK",
        f"{vendor.version or 'of a version that it does not say'}{f', for vSphere {vsphere}' if vsphere else ''}",
    )
    yield "archive", f"sha256 {vendor.archive_sha256}"


def _remark(image: InspectedImage, layer: Descriptor) -> str:
    vendor = image.vendor
    if layer.digest != vendor.layer:
        return ""
    return "   the vendor's archive itself" if vendor.verbatim else "   the vendor's archive, normalised"


def _words(value: object) -> str:
    """A command as a shell reads it."""
    if isinstance(value, list):
        return shlex.join(str(word) for word in value)
    return str(value) if value else ""


def _kind(descriptor: Descriptor) -> str:
    return f"{_name(descriptor)}, {descriptor.media_type}"


def _name(descriptor: Descriptor) -> str:
    return _KINDS.get(descriptor.media_type, "another type")
