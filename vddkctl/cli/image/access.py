"""What the command line says of registries, on top of the spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vddkctl.errors import UsageError, VddkctlError

if TYPE_CHECKING:
    from vddkctl.site.model import RegistrySettings


class CommandSettings(Mapping[str, "RegistrySettings"]):
    """Settings of every host: the spec's, with the command line's in their place or beside them.

    ``ca_file`` counts for each host whose certificate is verified. Raises UsageError for what is no host.
    """

    def __init__(
        self,
        spec: Mapping[str, RegistrySettings],
        ca_file: str | None,
        skip_verify: Sequence[str] = (),
        plain_http: Sequence[str] = (),
    ) -> None:
        for option, hosts in (("--skip-verify", skip_verify), ("--plain-http", plain_http)):
            for host in hosts:
                _check_host(option, host)
        both = sorted({*skip_verify} & {*plain_http})
        if both:
            raise UsageError(f"{both[0]} is named by --skip-verify and --plain-http", hint="keep one")
        self._spec = spec
        self._ca_file = _found(ca_file) if ca_file is not None else None
        self._skip_verify, self._plain_http = frozenset(skip_verify), frozenset(plain_http)

    def __getitem__(self, host: str) -> RegistrySettings:
        """The settings of a host, whether or not the spec names it; KeyError where nothing is said of it."""
        from vddkctl.site.model import RegistrySettings

        if host in self._plain_http:
            return RegistrySettings(tls="plain-http")
        said = self._spec.get(host)
        if host in self._skip_verify:
            return _but(said, tls="skip-verify", ca_file=None)
        if self._ca_file is not None and (said is None or said.tls == "verify"):
            return _but(said, tls="verify", ca_file=self._ca_file)
        if said is None:
            raise KeyError(host)
        return said

    def __iter__(self) -> Iterator[str]:
        """The hosts that something is said of by name."""
        return iter({**self._spec, **dict.fromkeys(sorted(self._skip_verify | self._plain_http))})

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _but(said: RegistrySettings | None, **other: str | None) -> RegistrySettings:
    from vddkctl.site.model import RegistrySettings

    return (said or RegistrySettings()).model_copy(update=other)


def _check_host(option: str, host: str) -> None:
    from vddkctl.oci.reference import is_host

    if not is_host(host):
        raise UsageError(f"{option} takes a registry's host, or host:port", hint="without scheme and path")


def _found(name: str) -> str:
    """The file's whole path: the spec's own are relative to its folder, this one is not."""
    if not Path(name).is_file():
        raise VddkctlError("no such file", where=name, hint="--ca-file names a PEM file")
    return str(Path(name).resolve())
