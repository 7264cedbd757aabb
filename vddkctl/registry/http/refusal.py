"""A registry's answer as an error: what was wanted, what it said, what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from vddkctl.errors import DeniedError, RegistryError
from vddkctl.visible import shown

_MOST = 200
"""Characters of the registry's own words that are repeated."""

_HINTS: Mapping[int, str] = {
    403: "ask for the right to do that there",
    404: "look at the repository's name",
    413: "something on the way to the registry limits the size of a request",
    429: "it limits how often it can be asked; try again later",
    503: "try again later",
    507: "its disk is full",
}


def refusal(status: int, body: bytes, *, step: str, where: str, user: str = "") -> RegistryError:
    """The error for an answer that is no success. ``step`` is what was wanted, as in "read the tag"."""
    words = said(body)
    what = f"cannot {step}: {name_of(status)}{f' ({words})' if words else ''}"
    if status in {401, 403}:
        who = f"; the login is {user}" if user else "; no login was used"
        return DeniedError(what + who, where=where, hint=_HINTS.get(status, ""))
    return RegistryError(what, where=where, hint=_HINTS.get(status, ""))


def name_of(status: int) -> str:
    """``404 Not Found``."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"status {status}"


def said(body: bytes) -> str:
    """The registry's own words, bounded, on one line (distribution specification, "Error Codes")."""
    try:
        errors = json.loads(body)["errors"]
        words = "; ".join(filter(None, map(_one, errors)))
    except (ValueError, KeyError, TypeError, RecursionError):
        words = _plain(body)
    words = shown(" ".join(words.split()))
    return f"{words[:_MOST]}…" if len(words) > _MOST else words


def codes(body: bytes) -> frozenset[str]:
    """The codes in a registry's answer: ``DIGEST_INVALID``, ``NAME_UNKNOWN``."""
    try:
        return frozenset(_codes(json.loads(body)))
    except (ValueError, RecursionError):
        return frozenset()


def _codes(data: object) -> Iterator[str]:
    errors = data.get("errors") if isinstance(data, dict) else None
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, dict) and isinstance(error.get("code"), str):
            yield error["code"]


def _one(error: Mapping[str, object]) -> str:
    return str(error.get("message") or error.get("code") or "")


def _plain(body: bytes) -> str:
    """A short text as it is; of a page for browsers, the title."""
    text = body.decode(errors="replace")
    title = re.search(r"<title>([^<]*)</title>", text, re.IGNORECASE)
    if title:
        return title[1]
    return "" if "<" in text or "{" in text else text
