"""A server's answer as an error: what was wanted, what it said, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from vddkctl.errors import DeniedError, RegistryError
from vddkctl.registry.http.purpose import Purpose
from vddkctl.registry.http.words import said

_HINTS: Mapping[int, str] = {
    404: "look at the repository's name",
    407: "look at HTTPS_PROXY and HTTP_PROXY: a login stands before the host, as in http://USER:PASSWORD@HOST:PORT",
    413: "something on the way to the registry limits the size of a request",
    429: "it limits how often it can be asked; try again later",
    503: "try again later",
    507: "its disk is full",
}

_NO_CERTIFICATE = frozenset({495, 496})
"""What nginx answers to a client without a certificate, or with a wrong one (ngx_http_ssl_module)."""

_WANTS_TLS = ("to an https server", "to https port")


def refusal(
    purpose: Purpose,
    status: int,
    body: bytes,
    *,
    registry: str,
    user: str = "",
    elsewhere: str = "",
    wait: float | None = None,
    plain: bool = False,
) -> RegistryError:
    """The error for an answer that is no success.

    ``user`` is whose login was used; ``elsewhere`` is the server that answered, where it was not the ``registry``;
    ``wait`` are the seconds that it asks for; ``plain``: it was asked without TLS.
    """
    words = said(body)
    what = f"{f'{elsewhere}: ' if elsewhere else ''}{name_of(status)}{f' ({words})' if words else ''}"
    if elsewhere:
        return purpose.failed(what, hint=f"it is where {registry} sends us; try again")
    if status in _NO_CERTIFICATE or (status == 400 and "ssl certificate" in words.lower()):
        hint = f"set registries.{registry}.clientCertificateFile and clientKeyFile"
        return purpose.failed(what, hint=hint, kind=DeniedError)
    if status == 400 and any(mark in words.lower() for mark in _WANTS_TLS):
        return purpose.failed(what, hint=_tls_hint(registry))
    if status == 400 and plain and not words:  # to a HEAD, Go's servers say no more
        return purpose.failed(what, hint=f"if it speaks TLS, {_tls_hint(registry)}")
    if status == 401 and not user:
        return purpose.failed(f"{what}; no login was used", hint=how_to_log_in(registry), kind=DeniedError)
    if status in {401, 403}:
        who = f"the login is {user}" if user else "no login was used"
        hint = "ask for the right to do that there"
        return purpose.failed(f"{what}; {who}", hint=hint, kind=DeniedError)
    hint = f"it asks to wait {wait:,.0f} seconds" if wait else _HINTS.get(status, "")
    return purpose.failed(what, hint=hint)


def _tls_hint(registry: str) -> str:
    return f"set registries.{registry}.tls: verify, or its caFile (--ca-file)"


def how_to_log_in(host: str) -> str:
    """The hint for a login that is missing or wrong."""
    return f"log in with: podman login {host} (or docker login, skopeo login)"


def name_of(status: int) -> str:
    """``404 Not Found``."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"status {status}"
