"""Certificates: whom to believe, and what to show."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vddkctl.errors import RegistryError
from vddkctl.registry.http.access import Access


def context_for(access: Access, *, showing: bool) -> ssl.SSLContext:
    """How TLS is spoken for a registry; ``showing``: with the client certificate, which is a login, too.

    Authorities are those of the system, and the ``caFile``. Raises RegistryError for a file that cannot be used.
    """
    context = ssl.create_default_context()
    if not access.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.ca_file is not None:
        with _blamed("caFile", access.ca_file, access.host):
            context.load_verify_locations(cafile=access.ca_file)
    if showing and access.certificate_file is not None:
        with _blamed("clientCertificateFile", access.certificate_file, access.host):
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=access.certificate_file)
        key = access.key_file or access.certificate_file
        with _blamed("clientKeyFile", key, access.host):
            key.open("rb").close()
            context.load_cert_chain(access.certificate_file, key, password=_no_passphrase)
    return context


def _no_passphrase() -> str:
    """OpenSSL would ask the terminal for it."""
    raise _PassphraseError


class _PassphraseError(Exception):
    pass


@contextmanager
def _blamed(key: str, file: Path, host: str) -> Iterator[None]:
    """Names the key of the spec and the file behind it."""
    try:
        yield
        return
    except _PassphraseError:
        reason = "it has a passphrase, which nobody could be asked for"
    except ssl.SSLError as error:
        mismatch = "MISMATCH" in (error.reason or "")
        reason = (
            "it is not the key of the clientCertificateFile"
            if mismatch
            else "it is not what it should be, in PEM"
        )
    except FileNotFoundError:
        reason = "there is no such file"
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    raise RegistryError(
        f"the {key} of {host} cannot be used: {reason}",
        where=str(file),
        hint=f"see registries.{host}.{key} in the spec",
    )
