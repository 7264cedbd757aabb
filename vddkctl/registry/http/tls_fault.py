"""What goes wrong with TLS, in plain words, and the key of the spec that mends it."""

from __future__ import annotations

import ssl

from vddkctl.registry.http.fault import Fault

_NOT_YET_VALID, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64
"""OpenSSL's X509_V_ERR_…"""


def tls_fault(error: ssl.SSLError) -> Fault:
    """Name an error of TLS."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error)
    reason = (error.reason or "").upper()
    if "WRONG_VERSION" in reason or "HTTP_REQUEST" in reason or "RECORD_LAYER" in reason:
        hint = "for a registry without TLS set registries.HOST.tls: plain-http (or give --plain-http HOST)"
        return Fault("it does not speak TLS", hint=hint, passing=False)
    if any(
        word in reason for word in ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "_CERTIFICATE", "UNKNOWN_CA")
    ):
        hint = "set registries.HOST.clientCertificateFile and clientKeyFile"
        what = "it wants a client certificate, or another one"
        return Fault(what, hint=hint, passing=False, denied=True)
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Fault(
            "the connection breaks off", hint="try again; if it stays so, look at proxies on the way"
        )
    words = (error.reason or "no reason given").lower().replace("_", " ")
    return Fault(f"TLS fails ({words})", hint="is registries.HOST.tls right?", passing=False)


def _certificate(error: ssl.SSLCertVerificationError) -> Fault:
    code = error.verify_code
    if code in {_NOT_YET_VALID, _EXPIRED}:
        what = "its certificate has expired" if code == _EXPIRED else "its certificate is not valid yet"
        return Fault(what, hint="renew it, or set the clock of this machine", passing=False)
    if code in {_OTHER_HOST, _OTHER_ADDRESS}:
        return Fault("its certificate is for another host", hint="use the name that it is for", passing=False)
    hint = "name the authority that signed it with registries.HOST.caFile (or --ca-file)"
    return Fault(f"its certificate is not trusted ({error.verify_message})", hint=hint, passing=False)
