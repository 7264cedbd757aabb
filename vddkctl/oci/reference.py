"""References: what an image is called, in a registry or in an OCI image layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Reference:
    """``harbor.company.com/migration/vddk:8.0.1``, ``…@sha256:…`` or ``oci:./images/vddk:8.0.1``.

    ``repository`` is the name without transport, tag and digest: ``harbor.company.com/migration/vddk`` for a
    registry, the folder's path as written for a layout.
    """

    transport: Literal["docker", "oci"]
    repository: str
    tag: str | None = None
    digest: str | None = None
