"""An image whose archive is not on this machine: whether the tag names the one that is declared.

What an image says of itself proves nothing, since whoever can push can say anything. So either the record knows its
digest, or its layer is the archive with the declared checksum as it stands, and is read once.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from vddkctl.errors import ArchiveError, ImageError, VddkctlError
from vddkctl.observe.tagged import Tagged
from vddkctl.observe.unpacked import diff_id_of
from vddkctl.oci.annotations import origin_of
from vddkctl.oci.digest import check_digest
from vddkctl.oci.manifest import Index, parse
from vddkctl.plan.images import Made, base_changed
from vddkctl.plan.model import Reason
from vddkctl.plan.observed import ObservedBase
from vddkctl.prepare.material import Material, Said
from vddkctl.progress import Progress
from vddkctl.site.model import ImageSpec
from vddkctl.vddk.archive import LayerFacts


class Difference(Struct, frozen=True):
    """Why the tag does not name what the spec asks for. Without a ``reason`` it may, and nothing proves it."""

    reason: Reason | None
    text: str

    def error(self, missing: VddkctlError, sha256: str) -> ArchiveError:
        """For a plan: the image has to be made, and cannot be."""
        need = f"the image has to be made ({self.reason})" if self.reason else "it is needed"
        return ArchiveError(
            f"{missing.what}, and {need}: {self.text}",
            where=missing.where,
            hint=f"bring the archive with sha256:{sha256} here",
        )


def proven_material(tagged: Tagged, sha256: str, made: Made, progress: Progress) -> Material | Difference:
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
    known = tagged.found.digest in made.digests
    if made.tag and not known:
        text = f"the tag names {tagged.found.digest}, and {made.tag} was last applied"
        return Difference(Reason.TAG_MOVED, text)
    try:
        return _material(tagged, sha256, progress, known=known)
    except (ImageError, ArchiveError, ValueError, IndexError) as error:
        return Difference(Reason.DIFFERS, f"what the tag names cannot be understood: {error}")


def difference(tagged: Tagged, spec: ImageSpec, wanted: str, base: ObservedBase) -> Difference | None:
    """Why the tag does not name the image ``wanted``, on this base; None when it does, whole."""
    pushed = tagged.pushed(wanted)
    if pushed is None:
        return Difference(Reason.ABSENT, "the tag is not there")
    if pushed.digest == wanted:
        text = "a part of what the tag names is missing"
        return Difference(Reason.INCOMPLETE, text) if pushed.incomplete else None
    if base_changed(pushed, spec, base):
        text = f"the tag names an image on the base {pushed.base_digest}, it should be {base.digest}"
        return Difference(Reason.BASE_CHANGED, text)
    return Difference(Reason.DIFFERS, f"the tag names {pushed.digest}, it should name {wanted}")


def _material(tagged: Tagged, sha256: str, progress: Progress, *, known: bool) -> Material | Difference:
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
    verbatim = layer.digest == f"sha256:{sha256}"
    if not (known or verbatim):
        text = f"the record does not know {tagged.found.digest}, and only its annotations say what archive it holds"
        return Difference(None, text)
    diff_id = check_digest(read_config(registry, reference, document).diff_ids[-1])
    if origin.version is None or origin.created is None:
        raise ImageError("it does not say its version and date")
    released = int(datetime.fromisoformat(origin.created).timestamp())
    source = RegistryBlob(registry, reference, layer)
    if not known and diff_id_of(source, layer, progress) != diff_id:
        raise ImageError(f"its layer does not unpack to {diff_id}")
    facts = LayerFacts(layer.digest, diff_id, layer.size, verbatim)
    return Material(Said(sha256, origin.version, released), facts, source)
