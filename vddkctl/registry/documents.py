"""Manifests and configs that were read before, by digest: what has a digest never changes.

Losing them costs time and nothing else: nothing here fails a run.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from vddkctl.atomic import replacing, sweep, write_all
from vddkctl.oci.digest import digest_of, hex_of, is_digest
from vddkctl.oci.document import MAX_SIZE

MOST = 256
"""Documents that are kept; a site needs about three for each base and platform."""


class Documents:
    """A folder with one file for each document, named by its digest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, digest: str) -> bytes | None:
        """The document; None when it is not here, or is no longer what it was."""
        if not is_digest(digest):
            return None
        path = self._folder / hex_of(digest)
        try:
            with path.open("rb") as file:
                content = file.read(MAX_SIZE + 1)
        except OSError:
            return None
        if digest_of(content) != digest:
            return None
        with suppress(OSError):
            os.utime(path)  # what is in use is kept
        return content

    def put(self, digest: str, content: bytes) -> None:
        """Keep a document, unless it is too large or cannot be kept; the oldest beyond :data:`MOST` go."""
        if not is_digest(digest) or len(content) > MAX_SIZE:
            return
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with replacing(self._folder / hex_of(digest)) as handle:
                write_all(handle, content)
            self._prune()

    def _prune(self) -> None:
        sweep(self._folder)
        ages: list[tuple[float, Path]] = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another run prunes, too
                ages.append((path.stat().st_mtime, path))
        for _, path in sorted(ages, reverse=True)[MOST:]:
            path.unlink(missing_ok=True)
