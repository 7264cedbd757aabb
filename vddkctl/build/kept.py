"""A layer from the cache, which may have been damaged since it was put there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import BinaryIO

from vddkctl.oci.descriptor import BlobSource

_CHUNK = 1 << 20


class KeptLayer:
    """The layer ``digest`` (``sha256:<hex>``): checked before its first use, and made ``again`` if it is damaged."""

    def __init__(self, digest: str, kept: BlobSource, again: Callable[[], BlobSource]) -> None:
        self._digest = digest
        self._source = kept
        self._again = again
        self._checked = False

    def open(self) -> BinaryIO:
        """A stream of the layer from its start; the caller closes it. Raises what ``again`` raises."""
        if not self._checked:
            if not self._sound():
                self._source = self._again()
            self._checked = True
        return self._source.open()

    def _sound(self) -> bool:
        digest = hashlib.sha256()
        try:
            with self._source.open() as stream:
                while data := stream.read(_CHUNK):
                    digest.update(data)
        except OSError:  # the disk cannot read it any more
            return False
        return f"sha256:{digest.hexdigest()}" == self._digest
