"""Secrets in an image's config: environment variables, and what its history tells of build arguments and commands.

Only names ever leave this file, never a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from vddkctl.oci.config import Config

_SECRET = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIAL|TOKEN(?![A-Z])|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|_(?:PASS|PWD|AUTH)$",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"_(?:FILE|PATH|DIR|URL|URI|HOST|NAME|USER|ID|TTL|LENGTH|TYPE|ENABLED|REQUIRED|POLICY)$", re.IGNORECASE
)
"""Names of what is said about a secret, and is none."""

_NO_VALUE = re.compile(r"""["']?(?:|\$.*|yes|no|true|false|none|null|0|1|<[^>]*>|\*+)["']?""", re.IGNORECASE)
_ASSIGNED = re.compile(r"""(?<![\w$./-])-{0,2}([A-Za-z_][\w-]*)=("[^"]*"|'[^']*'|[^\s;&|)]*)""")
_LOGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/@:]*:([^\s/@]+)@", re.IGNORECASE)
_HEADER = re.compile(r"Authorization:\s*(?:Basic|Bearer)\s+([^\s\"']+)", re.IGNORECASE)


def secret_settings(config: Config) -> list[str]:
    """Where something looks like a secret, once each: ``environment variable NPM_TOKEN``, ``history line 3: …``."""
    return list(dict.fromkeys([*_environment(config), *_history(config)]))


def _environment(config: Config) -> Iterator[str]:
    variables = config.runtime.get("Env")
    for variable in variables if isinstance(variables, list) else ():
        name, _, value = str(variable).partition("=")
        if _is_secret(name, value) or _has_login(value):
            yield f"environment variable {name}"


def _history(config: Config) -> Iterator[str]:
    for number, entry in enumerate(config.history, 1):
        text = " ".join(str(entry.get(key) or "") for key in ("created_by", "comment"))
        for name, value in _ASSIGNED.findall(text):
            if _is_secret(name, value):
                yield f"history line {number}: {name}"
        if _has_login(text):
            yield f"history line {number}: a login"


def _is_secret(name: str, value: str) -> bool:
    known = name.replace("-", "_")
    return bool(_SECRET.search(known)) and not _ABOUT.search(known) and not _NO_VALUE.fullmatch(value)


def _has_login(text: str) -> bool:
    """Whether a URL has a password in it, or a header does."""
    return any(
        not _NO_VALUE.fullmatch(found[1]) for found in (*_LOGIN.finditer(text), *_HEADER.finditer(text))
    )
