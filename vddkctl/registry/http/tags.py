"""The tags of a repository, page by page (OCI distribution specification 1.1, "Listing Tags")."""

from __future__ import annotations

import json
import re

from vddkctl.oci.document import MAX_SIZE
from vddkctl.oci.reference import Reference
from vddkctl.registry.http.address import joined, path_and_query
from vddkctl.registry.http.exchange import Exchange, Request
from vddkctl.registry.http.paths import path_of
from vddkctl.registry.http.purpose import Purpose, to_read

_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next\b', re.IGNORECASE)
_PAGE = 1000
_MOST_PAGES = 1000


def all_tags(exchange: Exchange, reference: Reference) -> tuple[str, ...]:
    """All tags, sorted; none for a repository that is not there. Raises RegistryError."""
    purpose = to_read(reference.bare(), "list the tags")
    start = url = exchange.url(f"{path_of(reference)}/tags/list?n={_PAGE}")
    found: set[str] = set()
    for _ in range(_MOST_PAGES):
        answer = exchange.ask(Request("GET", url, purpose, answers=frozenset({404})), load=MAX_SIZE)
        if answer.status == 404:
            break
        names = _names(answer.content, purpose)
        following = _NEXT.search(answer.header("Link") or "")
        if not following or names <= found:
            return tuple(sorted(found | names))
        found |= names
        # A proxy on the way may call the registry by another name; its pages are its own all the same.
        page = joined(url, following[1])
        url = (joined(start, path_and_query(page)) if page else None) or start
    else:
        raise purpose.failed(f"there are more than {_MOST_PAGES * _PAGE:,} of them")
    return tuple(sorted(found))


def lists_tags(content: bytes) -> bool:
    """Whether an answer is a list of tags, and no page for browsers."""
    try:
        names = json.loads(content)["tags"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    return names is None or isinstance(names, list)


def _names(content: bytes, purpose: Purpose) -> set[str]:
    try:
        names = json.loads(content)["tags"]
    except (ValueError, KeyError, TypeError, RecursionError):
        names = ()
    if names is None:  # so some say that there are none
        return set()
    if not isinstance(names, list):
        raise purpose.failed("the answer is no list of tags", hint="is that a registry?")
    return {name for name in names if isinstance(name, str)}
