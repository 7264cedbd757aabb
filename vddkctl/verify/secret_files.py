"""Files that look like secrets: by what small ones hold, or only by name. Public certificates are none."""

from __future__ import annotations

import re

from msgspec import Struct

MOST_READ = 256 << 10
"""Bytes of the largest file whose contents are looked at: keys and logins have some thousands."""

_JSON_LOGIN = (
    rb'"(?:auth|password|identitytoken|accessToken|private_key|client_secret|refresh_token)"\s*:\s*"[^"]'
)

# By name: what it is then said to be, and what must be in it to be sure.
_NAMES = tuple(
    (re.compile(rf"(?:^|/)(?:{name})$", re.IGNORECASE), what, re.compile(content, re.IGNORECASE))
    for name, what, content in (
        # A key is told by its contents, whatever its name is.
        (r"id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?", "is named as an SSH key", rb"(?!)"),
        (
            r"\.dockerconfigjson|\.dockercfg|\.docker/config\.json|auth\.json|pull-?secret[^/]*",
            "is named as a login for registries",
            _JSON_LOGIN,
        ),
        (r"\.netrc|\.pypirc", "is named as a login", rb"password(?:\s{0,99}[=:]\s{0,99}|\s{1,99})[^\s<$]"),
        (r"\.git-credentials", "is named as a login", rb"://[^\s/@:]*:[^\s/@]"),
        (r"\.pgpass", "is named as a login", rb"(?m)^[^\s:#]*:[^\s:]*:[^\s:]*:[^\s:]*:[^\s:]"),
        (r"\.htpasswd", "is named as a login", rb":(?:\$[a-z0-9]{1,4}\$|\{SHA\})"),
        (r"\.vault-token", "is named as a login", rb"\A[\w.-]{20}"),
        (
            r"kubeconfig(?:\.ya?ml)?|[^/]+\.kubeconfig|\.kube/config",
            "is named as a login for a cluster",
            rb"(?:token|password|client-key-data):[ \t]*[^\s<$#]",
        ),
        (
            r"\.aws/credentials",
            "is named as a login for a cloud",
            rb"aws_secret_access_key[ \t]*=[ \t]*[a-z0-9+/]{20}",
        ),
        (
            r"service[-_]?account[^/]*\.json|application_default_credentials\.json|\.azure/accessTokens\.json",
            "is named as a login for a cloud",
            _JSON_LOGIN,
        ),
        (
            r"\.env(?:\.(?:local|prod|production|secret))?",
            "is named as a list of settings and passwords",
            rb"(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY)(?:_KEY)?=[\"']?[^\s\"'<$]",
        ),
        (r"[^/]+\.keytab", "is named as a store of keys", rb"\A\x05[\x01\x02](?s:.)"),
        (r"[^/]+\.(?:p12|pfx)", "is named as a store of keys", rb"\A\x30[\x80-\x84]"),
    )
)

# What follows tells a key from words about one: a header of PEM's (RFC 1421), or base64. In JSON line breaks are \n.
# Nothing here can start over within what it has just passed: the work grows with the file, not with its square.
_BREAK = rb"(?:\r?\n|(?:\\r)?\\n)"
_BEGIN = rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[ \t]*"
_KEY = re.compile(_BEGIN + _BREAK + rb"(?:[A-Za-z0-9-]+: |\s*(?!XXXX)[A-Za-z0-9+/=]{4})")
_TEXTS = (
    (b"PRIVATE KEY", _KEY, "holds a private key"),
    (
        b'"auth',
        re.compile(
            rb'"auths"\s{0,99}:\s{0,99}\{.{0,200}?"(?:auth|password|identitytoken)"\s{0,99}:\s{0,99}"[^"]',
            re.DOTALL,
        ),
        "holds a login for registries",
    ),
    (b"client-key-data", re.compile(rb"client-key-data:\s*[A-Za-z0-9+/]{8}"), "holds a login for a cluster"),
    (
        b"aws_secret_access_key",
        re.compile(
            rb"^[ \t]{0,99}aws_secret_access_key[ \t]{0,99}=[ \t]{0,99}[A-Za-z0-9+/]{40}[ \t]{0,99}\r?$",
            re.MULTILINE,
        ),
        "holds a login for a cloud",
    ),
)

_SAMPLES = re.compile(
    r"usr/(?:local/)?(?:lib|lib64|libexec|share)/(?:[^/]+/)*(?:tests?|testing|testdata|certdata|examples?|samples?)/"
)
"""Where distributions put what is public: the keys that Python tests itself with, for one."""


class Secret(Struct, frozen=True):
    """One file, and what makes it look like a secret: "holds a private key".

    ``sure``: its contents do. A name alone can be that of a sample, and so can a file among a package's tests.
    """

    path: str
    what: str
    sure: bool


def secret_in(path: str, text: bytes) -> Secret | None:
    """What makes a file look like a secret; None for any other, and for one that holds nothing.

    ``text`` is all of a small file; of one above :data:`MOST_READ` its start, or nothing.
    """
    if text.strip() in (b"", b"{}", b"[]", b"null"):
        return None
    for mark, pattern, what in _TEXTS:
        if mark in text and pattern.search(text):
            return Secret(path, what, _SAMPLES.match(path) is None)
    for name, what, content in _NAMES:
        if name.search(path):
            return Secret(path, what, content.search(text) is not None and _SAMPLES.match(path) is None)
    return None
