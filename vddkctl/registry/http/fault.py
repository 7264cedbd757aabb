"""A request that got no whole answer."""

from __future__ import annotations

from vddkctl.errors import DeniedError, RegistryError, UnreachableError
from vddkctl.registry.http.purpose import Purpose


class Fault(Exception):  # noqa: N818 - it becomes an error where it stays
    """What went wrong with the server at ``place``, in plain words.

    ``passing``: it may work in a moment. ``nobody``: nobody answers there, so that few attempts are all it is worth.
    ``denied``: this client is not let in. In ``hint``, HOST stands for the registry's name in the spec.
    """

    def __init__(
        self,
        what: str,
        *,
        place: str = "",
        hint: str = "",
        passing: bool = True,
        nobody: bool = False,
        denied: bool = False,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.place = place
        self.hint = hint
        self.passing = passing
        self.nobody = nobody
        self.denied = denied

    def error(self, purpose: Purpose, registry: str) -> RegistryError:
        """The error for people; ``registry`` is the host as the spec has it."""
        kind = DeniedError if self.denied else UnreachableError
        hint = self.hint.replace("HOST", registry)
        return purpose.failed(f"{self.place or registry}: {self.what}", hint=hint, kind=kind)
