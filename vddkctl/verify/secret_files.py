"""Files that look like secrets: by name, or by what small ones hold. Public certificates are none."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_READ = 256 << 10
"""Bytes of the largest file whose contents are looked at: keys and logins have some thousands."""

_NAMES = tuple(
    (re.compile(rf"(?:^|/)(?:{pattern})$", re.IGNORECASE), what)
    for pattern, what in (
        (r"id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?", "is named as an SSH key"),
        (
            r"\.dockerconfigjson|\.dockercfg|\.docker/config\.json|auth\.json|pull-?secret[^/]*",
            "is named as a login for registries",
        ),
        (r"\.netrc|\.pgpass|\.git-credentials|\.vault-token|\.htpasswd|\.pypirc", "is named as a login"),
        (r"kubeconfig(?:\.ya?ml)?|[^/]+\.kubeconfig|\.kube/config", "is named as a login for a cluster"),
        (r"\.aws/credentials|\.azure/accessTokens\.json", "is named as a login for a cloud"),
        (
            r"service[-_]?account[^/]*\.json|application_default_credentials\.json",
            "is named as a login for a cloud",
        ),
        (r"\.env(?:\.(?:local|prod|production|secret))?", "is named as a list of settings and passwords"),
        (r"[^/]+\.(?:p12|pfx|keytab)", "is named as a store of keys"),
    )
)

# What follows tells a key from words about one: a header of PEM's (RFC 1421), or base64. In JSON line breaks are \n.
_BREAK = rb"(?:\r?\n|(?:\\r)?\\n)"
_BEGIN = rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[ \t]*"
_KEY = re.compile(_BEGIN + _BREAK + rb"(?:[A-Za-z0-9-]+: |\s*(?!XXXX)[A-Za-z0-9+/=]{4})")
_TEXTS = (
    (b"PRIVATE KEY", _KEY, "holds a private key"),
    (
        b'"auth',
        re.compile(rb'"auths"\s*:\s*\{.{0,200}?"(?:auth|password|identitytoken)"\s*:\s*"[^"]', re.DOTALL),
        "holds a login for registries",
    ),
    (b"client-key-data", re.compile(rb"client-key-data:\s*[A-Za-z0-9+/]{8}"), "holds a login for a cluster"),
    (
        b"aws_secret_access_key",
        re.compile(rb"^\s*aws_secret_access_key\s*=\s*[A-Za-z0-9+/]{40}\s*$", re.MULTILINE),
        "holds a login for a cloud",
    ),
)


@dataclass(frozen=True, slots=True)
class Secret:
    """One file, and what makes it look like a secret: "holds a private key"."""

    path: str
    what: str


def secret_in(path: str, text: bytes) -> str | None:
    """What makes a file look like a secret; None for any other, and for an empty one.

    ``text`` is all of a small file; of one above :data:`MOST_READ` its start, or nothing.
    """
    if not text:
        return None
    for mark, pattern, what in _TEXTS:
        if mark in text and pattern.search(text):
            return what
    return next((what for pattern, what in _NAMES if pattern.search(path)), None)
