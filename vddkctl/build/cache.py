"""What is kept between runs: facts of archives, and normalised layers. Losing it costs time and nothing else.

Nothing here fails a run: an unreadable, damaged, full or read-only folder is as good as an empty one.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO, TypeVar

from msgspec import MsgspecError
from msgspec.json import encode

from vddkctl import __version__
from vddkctl.build.archive.identity import FileIdentity
from vddkctl.decoding import decoded
from vddkctl.vddk.archive import ArchiveFacts, LayerFacts

T = TypeVar("T")

FACTS_FORMAT = 3
"""Raise it when facts change their meaning without a new version of vddkctl."""

MAX_FACTS = 64
MAX_LAYERS = 4
"""Layers are as large as archives, and most sites have one or two."""

_UNFINISHED = ".new-"
_ABANDONED = 3600.0
"""Seconds after which an unfinished file belongs to a run that was killed."""


class Cache:
    """Both caches, below one folder (the user's cache folder, by convention)."""

    def __init__(self, folder: Path) -> None:
        self.facts = FactsCache(folder)
        self.layers = LayerCache(folder)


class FactsCache:
    """Facts of archives, by path, size, times of change and inode: what is inside, not what a name says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "facts"

    def get(self, identity: FileIdentity) -> ArchiveFacts | None:
        """The facts of this very file, or None."""
        return _read_checked(self._file(identity), ArchiveFacts)

    def put(self, identity: FileIdentity, facts: ArchiveFacts) -> None:
        """Keep the facts; the oldest beyond :data:`MAX_FACTS` are dropped."""
        with suppress(OSError):
            _write_checked(self._file(identity), facts)
            _prune(self._folder, ".json", MAX_FACTS)

    def forget(self, identity: FileIdentity) -> None:
        """Drop the facts."""
        with suppress(OSError):
            self._file(identity).unlink(missing_ok=True)

    def _file(self, identity: FileIdentity) -> Path:
        times = (identity.mtime_ns, identity.ctime_ns)
        key = (FACTS_FORMAT, __version__, identity.path, identity.size, times, identity.inode)
        return self._folder / f"{hashlib.sha256(repr(key).encode('utf-8', 'replace')).hexdigest()[:40]}.json"


class LayerCache:
    """Normalised layers, by a key that names the archive's contents and the way of normalising."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "layers"

    def get(self, key: str) -> tuple[LayerFacts, BinaryIO] | None:
        """The layer and its open file, or None. The file's digest is not checked: whoever uses it does that."""
        facts = _read_checked(self._folder / f"{key}.json", LayerFacts)
        if facts is None:
            return None
        try:
            file = (self._folder / f"{key}.tar.gz").open("rb")
        except OSError:
            return None
        if os.fstat(file.fileno()).st_size != facts.size:
            file.close()
            return None
        return facts, file

    def forget(self, key: str) -> None:
        """Remove a layer."""
        for ending in (".json", ".tar.gz"):
            with suppress(OSError):
                (self._folder / f"{key}{ending}").unlink(missing_ok=True)

    @contextmanager
    def writing(self) -> Iterator[NewLayer]:
        """A new file for a layer: gone after the block unless it was kept. Raises OSError only for a full disk."""
        try:
            _make_folder(self._folder)
            number, name = _unfinished(self._folder)
        except OSError:
            with NewLayer.nameless() as nameless:
                yield nameless
            return
        try:
            with os.fdopen(number, "w+b") as file:
                yield NewLayer(file, Path(name))
        finally:
            with suppress(OSError):
                Path(name).unlink(missing_ok=True)


class NewLayer:
    """A layer that is being written to ``file``."""

    def __init__(self, file: IO[bytes], path: Path | None) -> None:
        self.file = file
        self._path = path

    @staticmethod
    @contextmanager
    def nameless() -> Iterator[NewLayer]:
        """A file that can not be kept, where temporary files go."""
        with _temporary(None) as file:
            yield NewLayer(file, None)

    def beside(self) -> AbstractContextManager[IO[bytes]]:
        """A temporary file on the same disk."""
        return _temporary(self._path.parent if self._path else None)

    def keep(self, key: str, facts: LayerFacts) -> None:
        """Give the file its name; layers beyond the newest :data:`MAX_LAYERS` are dropped."""
        if self._path is None:
            return
        folder = self._path.parent
        with suppress(OSError):
            self.file.flush()
            self._path.replace(folder / f"{key}.tar.gz")
            _write_checked(folder / f"{key}.json", facts)
            for dropped in _prune(folder, ".tar.gz", MAX_LAYERS):
                dropped.with_name(f"{dropped.name.removesuffix('.tar.gz')}.json").unlink(missing_ok=True)


def _read_checked(path: Path, kind: type[T]) -> T | None:
    """What is in the JSON behind a first line with its SHA-256.

    None when it is not there, is not what was written, or was written in another shape.
    """
    try:
        check, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    if hashlib.sha256(body).hexdigest().encode() != check:
        return None
    try:
        return decoded(body, kind)
    except (MsgspecError, RecursionError):
        return None


def _write_checked(path: Path, facts: ArchiveFacts | LayerFacts) -> None:
    body = encode(facts)
    _make_folder(path.parent)
    number, name = _unfinished(path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _unfinished(folder: Path) -> tuple[int, str]:
    import tempfile  # a run that finds everything here needs no new file

    return tempfile.mkstemp(prefix=_UNFINISHED, dir=folder)


def _temporary(folder: Path | None) -> IO[bytes]:
    import tempfile

    return tempfile.TemporaryFile(dir=folder)


def _make_folder(folder: Path) -> None:
    for part in (folder.parent, folder):
        part.mkdir(mode=0o700, parents=True, exist_ok=True)


def _prune(folder: Path, ending: str, keep: int) -> list[Path]:
    """Remove all but the newest files, and what killed runs have left; returns the former."""
    now = time.time()
    ages: list[tuple[float, Path]] = []
    for path in folder.iterdir():
        age = now - path.stat().st_mtime
        if path.name.startswith(_UNFINISHED):
            if age > _ABANDONED:
                path.unlink(missing_ok=True)
        elif path.name.endswith(ending):
            ages.append((age, path))
    dropped = [path for _, path in sorted(ages)[keep:]]
    for path in dropped:
        path.unlink(missing_ok=True)
    return dropped
