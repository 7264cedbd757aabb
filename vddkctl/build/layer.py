"""The layer an archive becomes: the archive itself where it is fit, else a normalised copy."""

from __future__ import annotations

from pathlib import Path

from vddkctl.build.archive.blob import FileBlob
from vddkctl.build.archive.identity import identify
from vddkctl.build.archive.refusal import changed
from vddkctl.build.cache import LayerCache
from vddkctl.oci.descriptor import BlobSource
from vddkctl.progress import Progress
from vddkctl.vddk.archive import ArchiveFacts, LayerFacts


def layer_of(
    path: Path, facts: ArchiveFacts, cache: LayerCache | None, progress: Progress
) -> tuple[LayerFacts, BlobSource]:
    """The layer for an inspected archive: verbatim where nothing stands against it, else normalised.

    Raises ArchiveError when the file is no longer the one that was inspected.
    """
    if not facts.verbatim:
        from vddkctl.build.normalise import normalise

        layer = normalise(path, facts, cache, progress)
        return layer.facts, layer.source
    identity = identify(path)
    if identity.size != facts.size:
        raise changed(str(path))
    return LayerFacts(f"sha256:{facts.sha256}", facts.diff_id, facts.size, True), FileBlob(path, identity)
