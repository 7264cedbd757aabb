"""How one registry is reached: scheme, certificates, proxies."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from vddkctl.errors import RegistryError
from vddkctl.registry.http.address import joined

if TYPE_CHECKING:
    from vddkctl.site.model import RegistrySettings

_LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?")

_ADDRESS: Mapping[str, str] = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}
"""Docker Hub answers under another name than the one in its references."""


class Access(Struct, frozen=True):
    """Where and how to ask. ``host`` is as references have it; ``environment`` names the proxies."""

    host: str
    scheme: Literal["https", "http"] = "https"
    verify: bool = True
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Without the environment, which can name a proxy's password."""
        return f"Access({self.url!r})"

    @property
    def url(self) -> str:
        """``https://harbor.company.com``."""
        return f"{self.scheme}://{_ADDRESS.get(self.host, self.host)}"


def access_to(
    host: str,
    settings: RegistrySettings | None,
    path: Callable[[str], Path],
    environment: Mapping[str, str],
) -> Access:
    """What the spec says of a registry, and the defaults.

    Nothing said of a registry on this very machine means plain HTTP, as other tools for images have it. Raises
    RegistryError for a host that cannot be.
    """
    if joined(f"https://{host}", "") is None:
        raise RegistryError("there is no such port", where=host)
    if settings is None:
        return Access(host, "http" if is_loopback(host) else "https", environment=environment)

    def file(name: str | None) -> Path | None:
        return path(name) if name is not None else None

    tls = settings.tls
    if is_loopback(host) and not {"tls", "ca_file", "client_certificate_file"} & settings.model_fields_set:
        tls = "plain-http"
    return Access(
        host=host,
        scheme="http" if tls == "plain-http" else "https",
        verify=tls != "skip-verify",
        ca_file=file(settings.ca_file),
        certificate_file=file(settings.client_certificate_file),
        key_file=file(settings.client_key_file),
        environment=environment,
    )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself, by its name."""
    return _LOOPBACK.fullmatch(host) is not None
