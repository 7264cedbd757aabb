"""The licence guard of commands that put an image somewhere: VMware's terms forbid public hosting."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from vddkctl.cli.output import note
from vddkctl.errors import RegistryError

if TYPE_CHECKING:
    from vddkctl.cli.image.named import Named
    from vddkctl.oci.reference import Reference
    from vddkctl.registry.copy import Copied


class Policy(StrEnum):
    """What to do about a place from which anyone can pull."""

    DENY = "deny"
    WARN = "warn"
    ALLOW = "allow"


PublicRegistry = Annotated[
    Policy | None,
    typer.Option(
        "--public-registry",
        show_default=False,
        help="Where anyone can pull: the spec's policy.publicRegistry if left out, else deny.",
    ),
]


class Guard(Struct, frozen=True):
    """Looks at one destination before an image is put there, and again when it is there."""

    named: Named
    destination: Reference
    policy: Policy

    def put(self, put: Callable[[], Copied], told: Callable[[Copied], None]) -> None:
        """Do ``put`` and tell what it did. Raises RegistryError: before it, or after it, when anyone can pull there.

        What nobody could pull before can be public now: many registries make new repositories so.
        """
        if self.policy is Policy.ALLOW:
            told(put())
            return
        public = self._judged(self.destination, "nothing was copied")
        copied = put()
        told(copied)
        if public:
            return
        try:
            self._judged(self.destination.with_digest(copied.digest), "it is there now, and must not stay")
        except RegistryError as error:
            if not isinstance(error, _PublicError):
                error.what = f"it is there, and whether anyone can pull it cannot be told: {error.what}"
            raise

    def _judged(self, reference: Reference, state: str) -> bool:
        """Whether anyone can pull it, and a warning is enough. Raises when it is not."""
        from vddkctl.exposure import exposure

        found = exposure(self.named.places, reference)
        if found is None:
            return False
        public = f"VDDK's licence forbids public images: {found.message}"
        if self.policy is Policy.DENY:
            hint = f"{found.advice}\n  or, for this once: --public-registry warn (or allow)"
            raise _PublicError(f"{state}, since {public}", hint=hint)
        note(f"Warning: {public}")
        return True


class _PublicError(RegistryError):
    """Anyone can pull there."""


def guard(named: Named, destination: Reference, policy: Policy | None) -> Guard:
    """The guard for what the command line says, or the spec, or neither."""
    said = named.loaded.site.policy.public_registry if named.loaded else Policy.DENY
    return Guard(named, destination, policy or Policy(said))
