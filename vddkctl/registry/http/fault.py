"""What can go wrong on the way to a registry and back, in plain words."""

from __future__ import annotations

import errno
import socket
import ssl

from vddkctl.errors import DeniedError, RegistryError, UnreachableError

_AGAIN_NAMES = frozenset({socket.EAI_AGAIN})


class Fault(Exception):  # noqa: N818 - it becomes an error where it stays
    """A request without a whole answer.

    ``passing``: it may work in a moment. ``refused``: nobody listens there, so that a moment is all it is worth.
    ``denied``: this client is not let in.
    """

    def __init__(
        self, what: str, *, hint: str = "", passing: bool = True, refused: bool = False, denied: bool = False
    ) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.passing = passing
        self.refused = refused
        self.denied = denied

    def error(self, step: str, where: str, host: str) -> RegistryError:
        """The error for people; ``step`` is what was wanted."""
        hint = self.hint.replace("HOST", host)
        kind = DeniedError if self.denied else UnreachableError
        return kind(f"cannot {step}: {host}: {self.what}", where=where, hint=hint)


def fault_of(error: Exception) -> Fault:
    """Name an error of urllib3, of TLS or of the operating system."""
    cause = _root(error)
    name = type(error).__name__
    if "Proxy" in name:
        return Fault(
            "the proxy cannot be used", hint="look at HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY"
        )
    if isinstance(cause, ssl.SSLError):
        return _tls(cause)
    if isinstance(cause, socket.gaierror):
        return Fault(
            "there is no host of that name",
            hint="check the name; is the network (or the VPN) up?",
            passing=cause.errno in _AGAIN_NAMES,
        )
    if isinstance(cause, TimeoutError) or "Timeout" in name:
        what = "it cannot be connected to in time" if "Connect" in name else "it stays silent"
        return Fault(what, hint="is it up, and is the way there open (firewall, proxy)?")
    if isinstance(cause, ConnectionRefusedError):
        return Fault(
            "the connection is refused", hint="is the registry running, and is the port right?", refused=True
        )
    if isinstance(cause, (ConnectionError, BrokenPipeError)) or "Incomplete" in type(cause).__name__:
        return Fault(
            "the connection breaks off", hint="try again; if it stays so, look at proxies on the way"
        )
    if isinstance(cause, OSError) and cause.errno in {errno.ENETUNREACH, errno.EHOSTUNREACH}:
        return Fault("there is no way to it", hint="is the network (or the VPN) up?", refused=True)
    if isinstance(cause, OSError) and cause.strerror:
        return Fault(cause.strerror, hint="look at the network")
    return Fault(
        "its answer is not HTTP as it should be", hint="is that a registry, and the scheme right (tls)?"
    )


def _tls(error: ssl.SSLError) -> Fault:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error)
    reason = (error.reason or "").upper()
    if "WRONG_VERSION" in reason or "HTTP_REQUEST" in reason or "RECORD_LAYER" in reason:
        return Fault(
            "it does not speak TLS",
            hint="for a registry without TLS set registries.HOST.tls: plain-http",
            passing=False,
        )
    if "CERTIFICATE_REQUIRED" in reason or "HANDSHAKE_FAILURE" in reason or "BAD_CERTIFICATE" in reason:
        return Fault(
            "it wants a client certificate, or another one",
            hint="set registries.HOST.clientCertificateFile and clientKeyFile",
            passing=False,
            denied=True,
        )
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Fault("the connection breaks off", hint="try again")
    return Fault(
        f"TLS fails ({(error.reason or 'no reason given').lower().replace('_', ' ')})", passing=False
    )


def _certificate(error: ssl.SSLCertVerificationError) -> Fault:
    if error.verify_code in {10, 9}:
        return Fault(
            "its certificate is not valid at this time", hint="renew it, or set this clock", passing=False
        )
    if "ostname mismatch" in error.verify_message or "IP address mismatch" in error.verify_message:
        return Fault("its certificate is for another host", hint="use the name that it is for", passing=False)
    return Fault(
        f"its certificate is not trusted ({error.verify_message})",
        hint="name the authority that signed it with registries.HOST.caFile",
        passing=False,
    )


def _root(error: BaseException) -> BaseException:
    """The error that urllib3 has wrapped, often several times."""
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        inner = getattr(error, "original_error", None) or getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        inner = inner or error.__cause__
        if inner is None:
            return error
        error = inner
    return error
