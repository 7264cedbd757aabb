"""Why a request is made: what messages call it, and the rights that it takes."""

from __future__ import annotations

from msgspec import Struct

from vddkctl.errors import RegistryError
from vddkctl.oci.reference import Reference
from vddkctl.registry.http.paths import path_of

Scopes = tuple[str, ...]
"""``repository:migration/vddk:pull,push`` (Docker's token specification, "scope"), one for each repository."""


class Purpose(Struct, frozen=True):
    """``step`` says it in words ("read the tag 8.0.1"), ``where`` names the image, ``path`` the repository."""

    step: str
    where: str
    path: str
    scopes: Scopes

    def failed(
        self, what: str, *, hint: str = "", kind: type[RegistryError] = RegistryError
    ) -> RegistryError:
        """The error of this step."""
        return kind(f"cannot {self.step}: {what}", where=self.where, hint=hint)


def to_read(reference: Reference, step: str) -> Purpose:
    """Reading from a repository."""
    path = path_of(reference)
    return Purpose(step, str(reference), path, (f"repository:{path}:pull",))


def to_write(reference: Reference, step: str, source: str | None = None) -> Purpose:
    """Writing to a repository; ``source`` is another one of the registry that is read for it."""
    path = path_of(reference)
    reads = (f"repository:{source}:pull",) if source else ()
    return Purpose(step, str(reference), path, (f"repository:{path}:pull,push", *reads))
