"""What a client may do, found out by doing as little as possible."""

from __future__ import annotations

from uuid import uuid4

from vddkctl.oci.reference import Reference
from vddkctl.registry.http.answer import WORDS
from vddkctl.registry.http.exchange import Exchange, Request
from vddkctl.registry.http.paths import path_of
from vddkctl.registry.http.purpose import Purpose, to_write
from vddkctl.registry.http.words import codes

_ANSWERS = frozenset({400, 404, 405, 410, 416})
"""To an upload that is not there (OCI distribution specification 1.1, "Error Codes")."""
_NOBODYS = f"sha256:{'0' * 64}"


def log_in(exchange: Exchange) -> None:
    """Ask for nothing but to be let in (OCI distribution specification 1.1, "Determining Support").

    Raises DeniedError when the login is not taken, or is missing.
    """
    purpose = Purpose("log in", exchange.host, "", ())
    exchange.ask(Request("GET", exchange.url(""), purpose), load=WORDS)


def try_push(exchange: Exchange, reference: Reference) -> None:
    """Ask for what only a client that may push is answered: to end an upload that there is not.

    So nothing is begun, and nothing has to be taken away again, for which many registries want one more right. Raises
    DeniedError where this client may not push there, RegistryError where that cannot be told.
    """
    purpose = to_write(reference, "push")
    url = exchange.url(f"{path_of(reference)}/blobs/uploads/{uuid4()}?digest={_NOBODYS}")
    request = Request("PUT", url, purpose, {"Content-Length": "0"}, answers=_ANSWERS)
    answer = exchange.ask(request, load=WORDS)
    said = codes(answer.content)
    if "NAME_UNKNOWN" in said:
        hint = "some registries want a repository to be made before anything is pushed"
        raise purpose.failed("the registry knows no such repository", hint=hint)
    if answer.status == 405:
        raise purpose.failed("the registry takes no uploads: it can only be read", hint="is it a mirror?")
    if answer.done:
        raise purpose.failed("the registry ends an upload that there is not", hint="is that a registry?")
