"""The kinds of archive."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """How an archive is laid out."""

    OCI = "oci-archive"
    DOCKER = "docker-archive"
