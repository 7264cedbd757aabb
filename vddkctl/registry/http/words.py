"""A server's own words: bounded, on one line, without what must not be repeated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from vddkctl.visible import shown

_MOST = 200
"""Characters that are repeated."""

_TITLE = re.compile(r"<title[^>]*>([^<]*)</title>", re.IGNORECASE)
_QUERY = re.compile(r"(\w+://[^\s?\"'<>]*)\?[^\s\"'<>]*")
_USER = re.compile(r"(\w+://)[^\s/@\"'<>]*@")
_LOGIN = re.compile(r"\b(Bearer|Basic)\s+[^\s,;\"']+", re.IGNORECASE)

_LONG = re.compile(r"\beyJ[\w.+/=-]{10,}|(?<!sha256:)(?<![A-Za-z0-9+_=-])[A-Za-z0-9+_=-]{32,}")
"""What may be a token; a digest is none."""


def said(body: bytes) -> str:
    """What an answer says (distribution specification, "Error Codes"); of a page for browsers, the title."""
    try:
        words = "; ".join(_messages(json.loads(body)))
    except (ValueError, RecursionError):
        words = _plain(body)
    words = " ".join(words.split())[: 4 * _MOST]
    words = _LOGIN.sub(r"\1 …", _USER.sub(r"\1", _QUERY.sub(r"\1?…", words)))
    words = shown(_LONG.sub("…", words))
    return f"{words[:_MOST]}…" if len(words) > _MOST else words


def codes(body: bytes) -> frozenset[str]:
    """The codes in a registry's answer: ``DIGEST_INVALID``, ``NAME_UNKNOWN``."""
    try:
        errors = list(_errors(json.loads(body)))
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(code for error in errors if isinstance(code := error.get("code"), str))


def _messages(data: object) -> Iterator[str]:
    for error in _errors(data):
        words = error.get("message") or error.get("code")
        if isinstance(words, str):
            yield words


def _errors(data: object) -> Iterator[dict[str, object]]:
    errors = data.get("errors") if isinstance(data, dict) else None
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, dict):
            yield error


def _plain(body: bytes) -> str:
    text = body.decode(errors="replace")
    if title := _TITLE.search(text):
        from html import unescape

        return unescape(title[1])
    return "" if "<" in text or "{" in text else text
