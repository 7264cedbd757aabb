"""The way to a host, step by step: its name has an address, its port is open, TLS holds. Nothing is asked of it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import urlsplit

from msgspec import Struct

from vddkctl.doctor.check import Finding, Group, Status, failed, found_wrong, passed, skipped, warned
from vddkctl.errors import VddkctlError

_GROUP = Group.PORTS
_PORTS = {"https": 443, "http": 80}


class Way(Struct, frozen=True):
    """Where to connect to. ``via``: that is a proxy, which leads to what is called ``name``."""

    name: str
    host: str
    port: int
    via: bool = False


class Encryption(Struct, frozen=True):
    """How TLS is spoken there. ``trouble`` is the error for one of the network's; ``mend`` what would make it better.

    ``context`` is None where it is not spoken; ``here``: the host is this very machine.
    """

    context: Callable[[], ssl.SSLContext] | None
    server_name: str
    trouble: Callable[[OSError], VddkctlError]
    mend: str
    here: bool = False


def way_to(name: str, url: str, proxy: str | None) -> Way:
    """The way to a URL, or to the proxy that leads there. Raises ValueError for a port that cannot be."""
    parts = urlsplit(proxy or url)
    return Way(name, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 443), proxy is not None)


def way_checks(way: Way, encryption: Encryption, timeout: float) -> Iterator[Finding]:
    """A line for the name's addresses, for the port and for TLS; what fails ends it."""
    for step in (
        _addresses(way),
        _port(way, timeout),
        _tls(way, encryption, timeout),
    ):
        for finding in step:
            yield finding
            if finding.status is Status.FAIL:
                return


def _addresses(way: Way) -> Iterator[Finding]:
    name, place = f"{way.name} address", f"{'the proxy ' if way.via else ''}{way.host}"
    try:
        found = socket.getaddrinfo(way.host, way.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        hint = "look at the name; is the network (or the VPN) up?"
        yield failed(_GROUP, name, f"{place}: there is no host of that name", hint)
        return
    addresses = ", ".join(dict.fromkeys(str(entry[4][0]) for entry in found[:4]))
    yield passed(_GROUP, name, place if addresses == way.host else f"{place} is {addresses}")


def _port(way: Way, timeout: float) -> Iterator[Finding]:
    name = f"{way.name} port"
    reason, hint = _refused(way, timeout)
    if reason:
        yield failed(_GROUP, name, f"{way.port}: {reason}", hint)
    else:
        yield passed(_GROUP, name, f"{way.port} is open")


def _refused(way: Way, timeout: float) -> tuple[str, str]:
    """Why nobody can be connected to, and what to do; empty when somebody can."""
    try:
        socket.create_connection((way.host, way.port), timeout).close()
    except ConnectionRefusedError:
        return "nothing listens there", "is it running, and is the port right?"
    except TimeoutError:
        return (
            f"no answer within {timeout:g} seconds",
            "is it up, and is the way there open (firewall, VPN, proxy)?",
        )
    except OSError as error:
        return f"it cannot be connected to ({error.strerror or error})", "is the network (or the VPN) up?"
    return "", ""


def _tls(way: Way, encryption: Encryption, timeout: float) -> Iterator[Finding]:
    name = f"{way.name} TLS"
    if encryption.context is None:
        if encryption.here:
            yield passed(_GROUP, name, "none, on this very machine")
        else:
            what = "none: logins and all else can be read and changed on the way"
            yield warned(_GROUP, name, what, encryption.mend)
        return
    if way.via:
        yield skipped(_GROUP, name, "it is spoken behind the proxy")
        return
    try:
        context = encryption.context()
        until = _handshake(way, context, encryption.server_name, timeout)
    except VddkctlError as error:  # a file of certificates that cannot be used
        yield found_wrong(_GROUP, name, error, encryption.mend)
    except OSError as error:
        yield found_wrong(_GROUP, name, encryption.trouble(error), encryption.mend)
    else:
        if context.verify_mode is ssl.CERT_NONE:
            yield warned(_GROUP, name, "any certificate is taken", encryption.mend)
        else:
            yield passed(_GROUP, name, f"the certificate is trusted, and good until {until}")


def _handshake(way: Way, context: ssl.SSLContext, server_name: str, timeout: float) -> str:
    """When the certificate ends, as far as it is looked at. Raises OSError, of which errors of TLS are some."""
    with (
        closing(socket.create_connection((way.host, way.port), timeout)) as connection,
        context.wrap_socket(connection, server_hostname=server_name) as spoken,
    ):
        certificate = spoken.getpeercert() or {}
    return str(certificate.get("notAfter", ""))
