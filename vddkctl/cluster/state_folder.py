"""``.vddkctl``, the folder beside the manifests where a site's record, its lock and the folder's own lock are."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from vddkctl.cluster.manifest_files import is_inside, real_folder
from vddkctl.errors import ManifestError

NAME = ".vddkctl"
_SITE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")


def state_path(folder: Path, site: str, suffix: str) -> Path:
    """Return where a site's file is. Raises ManifestError when a link would lead out of the folder."""
    if not _SITE.fullmatch(site):
        raise ManifestError(f"{site!r} is no name for a site", hint="use letters, digits, dots and dashes")
    return _inside(folder, f"{site}{suffix}")


def folder_lock_path(folder: Path) -> Path:
    """Return where the lock of the folder itself is: no site has this name. Raises ManifestError as above."""
    return _inside(folder, ".lock")


def _inside(folder: Path, name: str) -> Path:
    root = real_folder(folder)
    path = folder / NAME / name
    real = os.path.realpath(path)
    if not is_inside(root, real):
        raise ManifestError(
            "this path is a link that leaves the folder of manifests; it is not followed",
            where=str(path),
            hint=f"remove the link; {NAME} is a plain folder beside the manifests",
        )
    return Path(real)


def make_state_folder(path: Path) -> None:
    """Make the folder of a state file, with a ``.gitignore`` that keeps locks out of Git and records in."""
    try:
        path.parent.mkdir(exist_ok=True)
        with contextlib.suppress(FileExistsError), (path.parent / ".gitignore").open("x") as stream:
            stream.write("*.lock\n")
    except OSError as error:
        what = f"the folder for records and locks cannot be made: {error.strerror}"
        raise ManifestError(what, where=str(path.parent)) from None
