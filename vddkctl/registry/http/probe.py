"""Whether a registry speaks TLS at all, for those who take it either way."""

from __future__ import annotations

import socket
import ssl

_TIMEOUT = 10.0
"""Seconds for the connection and the handshake."""


def speaks_tls(host: str) -> bool:
    """Whether ``host`` (and port, 443 if left out) answers a TLS handshake, with whatever certificate.

    True also where nobody answers: then the request itself tells what is wrong.
    """
    name, _, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", "443")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((name.strip("[]"), int(port)), _TIMEOUT) as plain:
            context.wrap_socket(plain, server_hostname=name).close()
    except ssl.SSLError as error:
        return "certificate" in str(error).lower() or "handshake" in str(error).lower()
    except (OSError, ValueError):
        return True
    return True
