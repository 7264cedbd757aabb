"""Addresses that a server names: where they lead, and what may be said of them."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

_PORTS = {"https": 443, "http": 80}


def joined(base: str, location: str) -> str | None:
    """Where ``location`` leads from ``base`` (RFC 9110, 10.2.2); None for what is no address of a web server."""
    try:
        url = urljoin(base, location)
        scheme, host, _ = origin(url)
    except ValueError:
        return None
    return url.partition("#")[0] if scheme in _PORTS and host else None


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: two addresses with the same ones are one server's. Raises ValueError."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def place_of(url: str) -> str:
    """``storage.example.com:8443``: all of an address that is safe to show. Paths and queries may be signed."""
    return urlsplit(url).netloc.rpartition("@")[2]


def path_and_query(url: str) -> str:
    """``/v2/vddk/tags/list?last=1``."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
