"""An archive's tree on a disk, as an engine needs it to build from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vddkctl.build.archive.identity import identify
from vddkctl.build.archive.plain import plain_stream
from vddkctl.build.archive.refusal import changed
from vddkctl.build.unpacked import UnpackedEntry, unpacked
from vddkctl.errors import BuildError
from vddkctl.progress import Progress
from vddkctl.vddk.archive import ArchiveFacts


def unpack(path: Path, facts: ArchiveFacts, folder: Path, progress: Progress) -> None:
    """Unpack an archive that was inspected into ``folder``, an empty one.

    Nothing comes of the archive but names below its root, contents, links and modes; where any of these would not do
    in an image, modes are 0755 and 0644, as the native builder has it. Raises ArchiveError when the file is no longer
    the one that was inspected, and BuildError when it cannot be written.
    """
    pieces = folder / ".pieces"
    try:
        pieces.mkdir()
        identity = identify(path)
        with (
            progress.task(f"unpack {path.name}", identity.size) as task,
            plain_stream(path, identity, task) as stream,
        ):
            entries = unpacked(stream, str(path), _Files(pieces))
        if stream.sha256 != facts.sha256:
            raise changed(str(path))
        for entry in entries:
            _place(entry, folder, as_is=facts.verbatim)
        for entry in entries:  # only now: what nobody may write to could not be filled
            if entry.kind == "folder" and facts.verbatim:
                (folder / entry.path).chmod(entry.mode)
        pieces.rmdir()
    except OSError as error:
        raise BuildError(f"the archive cannot be unpacked: {error.strerror}", where=str(folder)) from None


class _Files:
    """Each file's contents, in a file without a name of its own yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def store(self, pieces: Iterator[memoryview], size: int) -> tuple[Path, ...]:
        del size
        self._count += 1
        path = self._folder / str(self._count)
        with path.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        return (path,)


def _place(entry: UnpackedEntry[Path], folder: Path, *, as_is: bool) -> None:
    """Give an entry its name. They are sorted, so that a folder comes before what is in it."""
    target = folder / entry.path
    if entry.kind == "folder":
        target.mkdir()
        target.chmod(0o755)
    elif entry.kind == "symlink":
        target.symlink_to(entry.link)
    elif entry.kind == "hardlink":
        target.hardlink_to(folder / entry.link)
    else:
        (contents,) = entry.contents
        contents.rename(target)
        target.chmod(entry.mode if as_is else 0o755 if entry.executable else 0o644)
