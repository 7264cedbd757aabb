"""Which proxy leads to an address: the variables that curl, podman and Go's programs heed."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from vddkctl.registry.http.access import is_loopback


def proxy_for(url: str, environment: Mapping[str, str]) -> str | None:
    """The proxy's URL for ``url``; None for a direct way.

    ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``ALL_PROXY``, or the same in lower case, which wins; never for this machine
    itself, nor for what ``NO_PROXY`` lists: hosts, ``.domains``, addresses, ``10.0.0.0/8``, each with or without a
    port, or ``*``.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if is_loopback(f"[{host}]" if ":" in host else host) or _excepted(host, port, environment):
        return None
    proxy = _variable(environment, f"{parts.scheme}_proxy") or _variable(environment, "all_proxy")
    if not proxy:
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _variable(environment: Mapping[str, str], name: str) -> str:
    # A CGI script's HTTP_PROXY would be a request's header; this is none.
    return environment.get(name) or environment.get(name.upper()) or ""


def _excepted(host: str, port: int, environment: Mapping[str, str]) -> bool:
    entries = _variable(environment, "no_proxy").replace(" ", ",").split(",")
    return any(_matches(entry.strip().lower(), host, port) for entry in entries if entry.strip())


def _matches(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        pass  # one of the two is a name
    name, colon, wanted = entry.rpartition(":")
    if colon and wanted.isdigit() and (":" not in name or name.startswith("[")):
        if int(wanted) != port:
            return False
        entry = name
    entry = entry.strip("[]").removeprefix("*")
    return host == entry.removeprefix(".") or host.endswith(f".{entry.removeprefix('.')}")
