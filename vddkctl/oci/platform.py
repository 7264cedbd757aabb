"""Platforms, and the processors behind their names (OCI image index, "platform"; Go's GOARCH)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from vddkctl.errors import ImageError

ARCHITECTURES: Mapping[str, str] = MappingProxyType(
    {
        "x86_64": "amd64",
        "i386": "386",
        "aarch64": "arm64",
        "arm": "arm",
        "ppc64le": "ppc64le",
        "s390x": "s390x",
        "riscv64": "riscv64",
    }
)
"""From the machine of an ELF file, by its usual name, to an image's architecture."""

_SYNTAX = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9.]+)?")
_IMPLIED_VARIANT = {"arm64": "v8"}
"""The only 64-bit ARM variant in use: with and without it mean the same (containerd normalises it away)."""


class Platform(Struct, frozen=True, order=True):
    """``linux/amd64`` or ``linux/amd64/v2``. ``variant`` is empty where there is none."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        """As it is written in a spec."""
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))

    def to_json(self) -> dict[str, str]:
        """As it stands in an index, or in a config."""
        data = {"architecture": self.architecture, "os": self.os}
        return {**data, "variant": self.variant} if self.variant else data

    def runs(self, other: Platform) -> bool:
        """Whether an image for ``other`` is one for this platform.

        One that names no variant is the baseline of its architecture, and so fits every variant.
        """
        if (self.os, self.architecture) != (other.os, other.architecture):
            return False
        implied = _IMPLIED_VARIANT.get(self.architecture, "")
        return other.variant in {"", self.variant, *([implied] if self.variant in {"", implied} else [])}

    def suits(self, machine: str) -> bool:
        """Whether ELF files for ``machine`` (``x86_64``) are at home here."""
        return ARCHITECTURES.get(machine) == self.architecture


def parse_platform(text: str) -> Platform:
    """Read ``linux/amd64`` or ``linux/amd64/v2``. Raises ImageError."""
    if not _SYNTAX.fullmatch(text):
        raise ImageError(f'"{text}" is not a platform', hint="as in linux/amd64, or linux/arm/v7")
    os, architecture, *variant = text.split("/")
    if architecture in ARCHITECTURES and ARCHITECTURES[architecture] != architecture:
        known = ARCHITECTURES[architecture]
        raise ImageError(f'"{text}": images call {architecture} {known}', hint=f"write {os}/{known}")
    return Platform(os, architecture, *variant)


def platform_of(data: Mapping[str, object]) -> Platform | None:
    """The platform in an index entry or a config; None where it names none."""
    os, architecture, variant = data.get("os"), data.get("architecture"), data.get("variant", "")
    if not (isinstance(os, str) and isinstance(architecture, str) and isinstance(variant, str)):
        return None
    return Platform(os, architecture, variant) if os and architecture else None
