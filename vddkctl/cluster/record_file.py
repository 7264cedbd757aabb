"""The record of what was last applied, as a file beside the manifests.

Its name does not end in .json or .yaml: kubectl, Argo CD and Flux must not take it for a manifest.
"""

from __future__ import annotations

from pathlib import Path

from vddkctl.atomic import sweep
from vddkctl.cluster.atomic import replace_file
from vddkctl.cluster.state_folder import make_state_folder, state_path
from vddkctl.errors import ManifestError

_SUFFIX = ".record"


def read_record(folder: Path, site: str) -> bytes | None:
    """Return a site's record, or None. Raises ManifestError when it is there and cannot be read."""
    path = state_path(folder, site, _SUFFIX)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ManifestError(f"the record cannot be read: {error.strerror}", where=str(path)) from None


def set_aside(folder: Path, site: str) -> str:
    """Keep a copy of a site's record, whatever is in it, and say where. Raises ManifestError."""
    path = state_path(folder, site, f"{_SUFFIX}.damaged")
    replace_file(path, read_record(folder, site) or b"")
    return str(path)


def write_record(folder: Path, site: str, content: bytes) -> None:
    """Replace a site's record, in one step. Raises ManifestError."""
    path = state_path(folder, site, _SUFFIX)
    make_state_folder(path)
    sweep(path.parent)
    replace_file(path, content)
