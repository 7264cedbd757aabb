"""Lists: one LIST a kind, in pages, or from the server's memory where that is new enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

from msgspec import Struct, defstruct
from msgspec.structs import replace

from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.kinds import Resource
from vddkctl.cluster.live.raw import ListMeta
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.errors import ClusterDeniedError

T = TypeVar("T", bound=Struct)

PAGE = 500
"""Objects in a page: what kubectl asks for."""
_GONE = 410
_BEHIND = 504
"""One of several API servers has not heard of a version within three seconds."""


@cache
def _page_of(of: type[Any]) -> Any:
    return defstruct("Page", [("metadata", ListMeta), ("items", tuple[of, ...])])  # type: ignore[valid-type]


def listed_again(
    api: Api, resource: Resource, namespace: str | None, of: type[T], seen: str | None
) -> Iterator[T]:
    """As :func:`listed`, by one who has seen the version ``seen`` of one of the objects before.

    The server answers from its watch cache, at a quarter of the work, with a state that is no older than that version
    (Kubernetes, "API Concepts", "Resource versions"). Where it has none so new, etcd is asked as always.
    """
    if seen:
        at_once = replace(api, again=api.again - {_BEHIND})
        try:
            found = at_once.get(resource.path(namespace), {"resourceVersion": seen}, of=_page_of(of))
        except RefusedError:
            pass
        else:
            yield from found.items
            return
    yield from listed(api, resource, namespace, of)


def listed_widely(api: Api, resource: Resource, home: str | None, of: type[T]) -> tuple[list[T], bool]:
    """Every object of a kind, or where this user may not see all namespaces, those of ``home``; whether it is all."""
    try:
        return list(listed(api, resource, None, of)), True
    except ClusterDeniedError:
        return list(listed(api, resource, home, of)), False


def newest(versions: Iterable[str]) -> str | None:
    """The latest of some resource versions of one kind; None where a server has others than numbers."""
    found = list(versions)
    return max(found, key=int, default=None) if all(map(str.isdigit, found)) else None


def listed(
    api: Api, resource: Resource, namespace: str | None, of: type[T], query: Mapping[str, str] | None = None
) -> Iterator[T]:
    """Every object of a kind, in one namespace or in all (None). Raises ClusterError."""
    page = _page_of(of)
    place, more = resource.path(namespace), ""
    while True:
        asked = {**(query or {}), "limit": str(PAGE), **({"continue": more} if more else {})}
        try:
            found = api.get(place, asked, of=page)
        except RefusedError as failure:
            if failure.code != _GONE or not more:
                raise
            # The list is older than what the server still remembers: all at once then.
            found = api.get(place, query, of=page)
            yield from found.items
            return
        yield from found.items
        more = found.metadata.continue_
        if not more:
            return
