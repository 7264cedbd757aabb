"""What can go wrong on the way to a registry and back, in plain words."""

from __future__ import annotations

import errno
import re
import socket
import ssl

from vddkctl.registry.http.address import place_of
from vddkctl.registry.http.fault import Fault
from vddkctl.registry.http.tls_fault import tls_fault

_TUNNEL = re.compile(r"Tunnel connection failed: ((\d+).*)")


def fault_of(error: Exception, url: str, proxy: str | None = None) -> Fault:
    """Name an error of urllib3, of TLS or of the operating system, met on the way to ``url``."""
    fault = _proxy(error, proxy) if proxy and "Proxy" in type(error).__name__ else _fault(error)
    fault.place = place_of(url)
    return fault


def _proxy(error: Exception, proxy: str) -> Fault:
    place, cause = place_of(proxy), _root(error)
    hint = "look at HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY"
    if tunnel := _TUNNEL.search(str(cause)):
        passing = tunnel[2] in {"429", "502", "503", "504"}
        return Fault(f"the proxy {place} answers {tunnel[1]}", hint=hint, passing=passing)
    fault = _fault(error)
    return Fault(f"the proxy {place}: {fault.what}", hint=hint, passing=fault.passing, nobody=fault.nobody)


def _fault(error: Exception) -> Fault:
    cause, name = _root(error), type(error).__name__
    if isinstance(cause, ssl.SSLError):
        return tls_fault(cause)
    if isinstance(cause, socket.gaierror):
        return Fault(
            "there is no host of that name",
            hint="check the name; is the network (or the VPN) up?",
            nobody=cause.errno == socket.EAI_AGAIN,
            passing=cause.errno == socket.EAI_AGAIN,
        )
    if isinstance(cause, TimeoutError) or "Timeout" in name:
        what = "it cannot be connected to in time" if "Connect" in name else "it stays silent"
        return Fault(what, hint="is it up, and is the way there open (firewall, proxy)?", nobody=True)
    if isinstance(cause, ConnectionRefusedError):
        hint = "is the registry running, and is the port right?"
        return Fault("the connection is refused", hint=hint, nobody=True)
    if isinstance(cause, ConnectionError) or "Incomplete" in type(cause).__name__:
        hint = "try again; if it stays so, look at proxies on the way"
        return Fault("the connection breaks off", hint=hint)
    if isinstance(cause, OSError) and cause.errno in {errno.ENETUNREACH, errno.EHOSTUNREACH}:
        return Fault("there is no way to it", hint="is the network (or the VPN) up?", nobody=True)
    if isinstance(cause, OSError) and cause.strerror:
        return Fault(cause.strerror, hint="look at the network")
    hint = "is that a registry, and is registries.HOST.tls right?"
    return Fault("its answer is not HTTP as it should be", hint=hint, passing=False)


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
