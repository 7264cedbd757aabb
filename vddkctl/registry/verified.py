"""A stream that is checked against its descriptor while it is read."""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO, cast

from vddkctl.errors import RegistryError
from vddkctl.oci.descriptor import Descriptor

_BUFFER = 1024 * 1024


def verified(stream: BinaryIO, descriptor: Descriptor, where: str) -> BinaryIO:
    """The same bytes; reading the end of them raises RegistryError when they are not ``descriptor``'s.

    Closing it closes ``stream``. What is not read to its end is not checked.
    """
    return cast("BinaryIO", io.BufferedReader(_Verified(stream, descriptor, where), _BUFFER))


class _Verified(io.RawIOBase):
    def __init__(self, stream: BinaryIO, descriptor: Descriptor, where: str) -> None:
        self._stream = stream
        self._descriptor = descriptor
        self._where = where
        self._hash = hashlib.sha256()
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            content = self._stream.read(len(buffer))
        except OSError as error:
            raise RegistryError(f"it cannot be read: {error.strerror}", where=self._where) from None
        memoryview(buffer)[: len(content)] = content
        self._hash.update(content)
        self._count += len(content)
        # At its last byte, not after it: who knows the size does not ask for more.
        if self._count >= self._descriptor.size or not content:
            self._check()
        return len(content)

    def _check(self) -> None:
        if self._count != self._descriptor.size:
            raise RegistryError(
                f"it is not {self._descriptor.size} bytes long, as its descriptor says", where=self._where
            )
        found = f"sha256:{self._hash.hexdigest()}"
        if found != self._descriptor.digest:
            raise RegistryError(
                f"its bytes are of {found}, not of {self._descriptor.digest}", where=self._where
            )

    def close(self) -> None:
        self._stream.close()
        super().close()
