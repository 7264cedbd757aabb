"""An archive's path in, its facts out."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from vddkctl.build.archive.identity import FileIdentity, check_declared, identify
from vddkctl.progress import Progress
from vddkctl.vddk.archive import ArchiveFacts


class Remembered(Protocol):
    """Where facts are kept between runs."""

    def get(self, identity: FileIdentity) -> ArchiveFacts | None:
        """The facts of this very file, or None. Never raises."""
        ...

    def put(self, identity: FileIdentity, facts: ArchiveFacts) -> None:
        """Keep the facts. Never raises."""
        ...


def inspect(
    path: Path,
    *,
    declared_sha256: str | None = None,
    progress: Progress,
    cache: Remembered | None = None,
) -> ArchiveFacts:
    """Everything about the archive at ``path``, from one pass over it, or from ``cache`` with none at all.

    ``declared_sha256`` (hexadecimal) binds. Raises ArchiveError for a file that cannot be used.
    """
    identity = identify(path)
    facts = cache.get(identity) if cache else None
    if facts is None:
        from vddkctl.build.archive.reading import read

        facts = read(path, identity, declared_sha256, progress)
        if cache:
            cache.put(identity, facts)
    check_declared(facts.sha256, declared_sha256, str(path))
    return facts
