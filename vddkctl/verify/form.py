"""What form a layer's bytes have: told by the bytes themselves, as runtimes do, and compared with its type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from types import MappingProxyType

from vddkctl.build.archive.bounds import Limits
from vddkctl.build.archive.inflate import Inflater
from vddkctl.build.archive.refusal import refused
from vddkctl.errors import ArchiveError
from vddkctl.oci.descriptor import (
    DOCKER_LAYER,
    DOCKER_LAYER_GZIP,
    DOCKER_LAYER_ZSTD,
    OCI_LAYER,
    OCI_LAYER_GZIP,
    OCI_LAYER_ZSTD,
)

GZIP, PLAIN = "gzip", "a plain tar"

FORMS: Mapping[str, str] = MappingProxyType(
    {
        OCI_LAYER: PLAIN,
        DOCKER_LAYER: PLAIN,
        OCI_LAYER_GZIP: GZIP,
        DOCKER_LAYER_GZIP: GZIP,
        OCI_LAYER_ZSTD: "zstd",
        DOCKER_LAYER_ZSTD: "zstd",
    }
)
"""What a layer of each type is to be."""

UNREADABLE = "cannot be looked into: it is compressed with zstd, which vddkctl does not read"
READABLE = (
    "push the image with gzip layers, as with: podman push --compression-format gzip --force-compression"
)

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878, 3.1.1


class Budget:
    """What all layers together may unpack to. Both methods raise ArchiveError when that is too much."""

    def __init__(self, label: str, limits: Limits) -> None:
        self._label = label
        self._limits = limits
        self._unpacked = 0
        self._sparse = 0

    def unpacked(self, size: int) -> None:
        """So many bytes of a plain tar more."""
        self._unpacked += size
        if self._unpacked > self._limits.unpacked:
            raise self._too_much("unpacks", self._limits.unpacked)

    def sparse(self, size: int) -> None:
        """One sparse file more, of so many bytes."""
        self._sparse += size
        if self._sparse > self._limits.sparse:
            raise self._too_much("has sparse files that unpack", self._limits.sparse)

    def _too_much(self, what: str, most: int) -> ArchiveError:
        what = f"{what} to more than {most >> 30} GiB, with the layers before it"
        return refused(self._label, f"{what}: a decompression bomb, or {self._limits.remark}")


class LayerUnpacker:
    """Makes the plain tar of a layer's bytes. ``form`` is what they turned out to be.

    Raises ArchiveError for zstd, and for gzip that is not whole.
    """

    def __init__(self, label: str, limits: Limits, budget: Budget) -> None:
        self._label = label
        self._limits = limits
        self._budget = budget
        self.form = PLAIN
        self.padding = 0

    def chunks(self, source: Iterator[bytes]) -> Iterator[bytes]:
        """Plain bytes, in pieces."""
        for chunk in self._plain(source):
            self._budget.unpacked(len(chunk))
            yield chunk

    def _plain(self, source: Iterator[bytes]) -> Iterator[bytes]:
        first = next(source, b"")
        while 0 < len(first) < len(_ZSTD_MAGIC) and (more := next(source, b"")):
            first += more
        if first.startswith(_ZSTD_MAGIC):
            raise refused(self._label, UNREADABLE, hint=READABLE)
        if not first.startswith(_GZIP_MAGIC):
            yield first
            yield from source
            return
        self.form = GZIP
        inflater = Inflater(self._label, self._limits)
        yield from inflater.chunks(chain([first], source))
        self.padding = inflater.padding
