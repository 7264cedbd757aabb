"""The file that an archive is written to: whole under its name, or not there at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vddkctl import atomic
from vddkctl.errors import RegistryError
from vddkctl.registry.layout_files import told


@contextmanager
def new_file(target: Path, *, overwrite: bool) -> Iterator[int]:
    """A descriptor to write to; ``target`` is that file when the block ends well, and untouched otherwise.

    Raises RegistryError: for a file that is there, unless ``overwrite``; for anything there that is no file; and when
    the disk is full, or the folder cannot be written to.
    """

    def check() -> None:
        if target.is_symlink() or target.exists():
            _check_there(target, overwrite=overwrite)

    with told(target):
        check()
        if not target.parent.is_dir():
            raise RegistryError("there is no such folder", where=str(target.parent), hint="make it first")
        atomic.sweep(target.parent)
        with atomic.replacing(target, mode=0o666, last_look=check) as handle:
            yield handle
        atomic.sync_folder(target.parent)


def _check_there(target: Path, *, overwrite: bool) -> None:
    if not target.is_file():
        raise RegistryError("it is there, and it is no file", where=str(target), hint="name another one")
    if not overwrite:
        raise RegistryError(
            "there is a file already, and it stays as it is",
            where=str(target),
            hint="name another one, or write over it with --force",
        )
