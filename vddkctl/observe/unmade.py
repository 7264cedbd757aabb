"""An image whose archive is not on this machine: the declared checksum tells whether the tag names it already."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vddkctl.errors import ArchiveError, ImageError, VddkctlError
from vddkctl.observe.tagged import Tagged
from vddkctl.oci.annotations import LAYER_VERBATIM, origin_of
from vddkctl.oci.digest import check_digest
from vddkctl.oci.manifest import Index, parse
from vddkctl.plan.model import Reason
from vddkctl.plan.observed import ObservedBase
from vddkctl.prepare.material import Material, Said
from vddkctl.vddk.archive import LayerFacts


@dataclass(frozen=True, slots=True)
class Difference:
    """Why the tag does not name what the spec asks for."""

    reason: Reason
    text: str

    def error(self, missing: VddkctlError, sha256: str) -> ArchiveError:
        """For a plan: the image has to be made, and cannot be."""
        return ArchiveError(
            f"{missing.what}, and the image has to be made ({self.reason}): {self.text}",
            where=missing.where,
            hint=f"bring the archive with sha256:{sha256} here",
        )


def said_material(tagged: Tagged, sha256: str) -> Material | Difference:
    """The layer of the image that the tag names, if that holds the archive with this checksum (hexadecimal).

    Raises RegistryError.
    """
    if tagged.found is None:
        return Difference(Reason.ABSENT, "the tag is not there")
    archive = tagged.origin.archive_sha256
    if archive is None:
        text = f"the tag names {tagged.found.digest}, which does not say what archive it holds"
        return Difference(Reason.TAG_MOVED, text)
    if archive != sha256:
        text = f"the tag names an image of the archive sha256:{archive}, declared is sha256:{sha256}"
        return Difference(Reason.ARCHIVE_CHANGED, text)
    try:
        return _material(tagged, sha256)
    except (ImageError, ValueError, IndexError) as error:
        return Difference(Reason.DIFFERS, f"what the tag names cannot be understood: {error}")


def difference(tagged: Tagged, wanted: str, base: ObservedBase) -> Difference | None:
    """Why the tag does not name the image ``wanted``, on this base; None when it does, whole."""
    pushed = tagged.pushed(wanted)
    if pushed is None:
        return Difference(Reason.ABSENT, "the tag is not there")
    if pushed.digest == wanted:
        text = "a part of what the tag names is missing"
        return Difference(Reason.INCOMPLETE, text) if pushed.incomplete else None
    if pushed.base_digest and pushed.base_digest != base.digest:
        text = f"the tag names an image on the base {pushed.base_digest}, it should be {base.digest}"
        return Difference(Reason.BASE_CHANGED, text)
    return Difference(Reason.DIFFERS, f"the tag names {pushed.digest}, it should name {wanted}")


def _material(tagged: Tagged, sha256: str) -> Material:
    from vddkctl.registry.blob import RegistryBlob
    from vddkctl.registry.read import read_config

    assert tagged.found
    registry, reference = tagged.registry, tagged.reference
    content = registry.manifest(reference, tagged.found.digest)
    document = parse(content)
    if isinstance(document, Index):  # every platform has the same layer
        content = registry.manifest(reference, document.manifests[0].digest)
        document = parse(content)
    if isinstance(document, Index):
        raise ImageError("it is an index of indexes")
    origin, layer = origin_of(content), document.layers[-1]
    verbatim = document.annotations.get(LAYER_VERBATIM) == "true"
    if verbatim and layer.digest != f"sha256:{sha256}":
        raise ImageError(f"it says that its layer is the archive itself, and the layer is {layer.digest}")
    diff_id = check_digest(read_config(registry, reference, document).diff_ids[-1])
    if origin.version is None or origin.created is None:
        raise ImageError("it does not say its version and date")
    released = int(datetime.fromisoformat(origin.created).timestamp())
    facts = LayerFacts(layer.digest, diff_id, layer.size, verbatim)
    source = RegistryBlob(registry, reference, layer)
    return Material(Said(sha256, origin.version, released), facts, source)
