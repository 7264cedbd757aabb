"""What a registry calls a repository."""

from __future__ import annotations

from vddkctl.oci.reference import Reference


def path_of(reference: Reference) -> str:
    """``migration/vddk``. Docker Hub keeps its own images under a name that references leave out."""
    path = reference.path
    if reference.host in {"docker.io", "index.docker.io"} and "/" not in path:
        return f"library/{path}"
    return path
