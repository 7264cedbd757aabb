"""Secrets in an image's config: environment variables, its command, and what its history tells of build steps.

Only names ever leave this file, never a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

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

# A config may have megabytes. Where one try at these ends, the next one starts: the work grows with the text alone.
_ASSIGNED = re.compile(r"""(?<![\w$./-])-{0,2}([A-Za-z_][\w-]*)=("[^"]*"|'[^']*'|[^\s;&|)]*)""")
_OPTION = re.compile(r"(?<![\w-])--?([A-Za-z][\w-]*)\s+([^\s-]\S*)")
_LOGIN = re.compile(r"://[^\s/@:]*:([^\s/@]+)@")
_HEADER = re.compile(r"Authorization:\s*(?:Basic|Bearer)\s+([^\s\"']+)", re.IGNORECASE)
_USER = re.compile(r"(?<![\w-])(?:-u|--user)[\s=]\s*[\"']?[^\s:\"']*:([^\s\"']+)")
"""A name and a password for curl; other programs take a group there."""


def secret_settings(config: Config) -> list[str]:
    """Where something looks like a secret, once each: ``environment variable NPM_TOKEN``, ``history line 3: …``."""
    found = [*_environment(config)]
    found += [key.lower() for key in ("Entrypoint", "Cmd") if holds_secret(_words(config.runtime.get(key)))]
    return list(dict.fromkeys([*found, *_history(config)]))


def holds_secret(command: Sequence[str]) -> bool:
    """Whether a command has a password or token among its words, so that it must not be shown."""
    text = " ".join(command)
    given = (*_ASSIGNED.findall(text), *_OPTION.findall(text))
    return _has_login(text) or any(_is_secret(name, value) for name, value in given)


def _words(value: object) -> list[str]:
    return [str(word) for word in value] if isinstance(value, list) else [str(value or "")]


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
    """Whether a URL has a password in it, or a header does, or what curl is given."""
    found = [*_LOGIN.finditer(text), *_HEADER.finditer(text)]
    if "curl" in text:
        found += _USER.finditer(text)
    return any(not _NO_VALUE.fullmatch(each[1]) for each in found)
