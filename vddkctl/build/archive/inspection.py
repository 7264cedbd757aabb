"""An archive's path in, its facts out."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from vddkctl.build.archive.identity import FileIdentity, check_declared, identify
from vddkctl.errors import ArchiveError
from vddkctl.progress import Progress
from vddkctl.vddk.archive import ArchiveFacts
from vddkctl.vddk.file_name import name_facts


class Remembered(Protocol):
    """Where facts are kept between runs."""

    def get(self, identity: FileIdentity) -> ArchiveFacts | None:
        """The facts of this very file, or None. Never raises."""
        ...

    def put(self, identity: FileIdentity, facts: ArchiveFacts) -> None:
        """Keep the facts. Never raises."""
        ...

    def forget(self, identity: FileIdentity) -> None:
        """Drop the facts of this file. Never raises."""
        ...


def inspect(
    path: Path,
    *,
    declared_sha256: str | None = None,
    progress: Progress,
    cache: Remembered | None = None,
) -> ArchiveFacts:
    """Everything about the archive at ``path``, from one pass over it, or from ``cache`` with none at all.

    ``declared_sha256`` (hexadecimal) binds. What the file's name says is read from ``path`` itself, not from what
    it leads to, and is never kept: the same file can have several names. Raises ArchiveError for a file that
    cannot be used.
    """
    identity = identify(path)
    facts = cache.get(identity) if cache else None
    if facts is None:
        from vddkctl.build.archive.reading import read

        facts = read(path, identity, declared_sha256, progress)
        if cache:
            cache.put(identity, facts)
    check_declared(facts.sha256, declared_sha256, str(path))
    named = name_facts(path.name)
    return replace(facts, name_version=named.version, build=named.build)


def forget(path: Path, cache: Remembered) -> None:
    """Drop what is kept of the archive at ``path``: its bytes turned out to be others. Never raises."""
    with suppress(ArchiveError):
        cache.forget(identify(path))
