"""What a layer in its place unpacks to."""

from __future__ import annotations

from collections.abc import Generator

from vddkctl.errors import ImageError
from vddkctl.oci.descriptor import BlobSource, Descriptor
from vddkctl.progress import Progress


def diff_id_of(source: BlobSource, layer: Descriptor, progress: Progress) -> str:
    """The digest of the plain bytes of a layer that is the vendor's archive. It is read whole, as a stream.

    Raises RegistryError, ImageError when the bytes are others than ``layer`` says, and ArchiveError when they are
    not whole gzip.
    """
    from vddkctl.build.archive.inflate import Inflater
    from vddkctl.build.archive.plain import PlainStream

    with (
        progress.task(f"read {layer.short}", layer.size) as task,
        PlainStream(_bytes(source), Inflater(layer.short), task).running() as stream,
    ):
        for _ in stream:
            pass
    if (f"sha256:{stream.sha256}", stream.size) != (layer.digest, layer.size):
        raise ImageError(f"the bytes of {layer.digest} are of sha256:{stream.sha256}")
    return stream.diff_id


def _bytes(source: BlobSource) -> Generator[bytes, None, None]:
    from vddkctl.build.archive.plain import READ

    with source.open() as stream:
        while data := stream.read(READ):
            yield data
