"""Providers: all of them, or what a user with rights in some namespaces may see."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future

from msgspec import Struct

from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.kinds import PROVIDERS
from vddkctl.cluster.live.listing import listed_again
from vddkctl.cluster.live.raw import RawObject
from vddkctl.cluster.live.refusal import LoginRefusedError, RefusedError
from vddkctl.errors import ClusterDeniedError
from vddkctl.plan.observed import ObjectKey
from vddkctl.threads import each

_AT_ONCE = 16


class Providers(Struct, frozen=True):
    """Those that were seen. ``unseen`` are named ones that this user may not get: whether they are there is not known.

    ``everywhere``: those of all namespaces were seen.
    """

    objects: list[RawObject]
    unseen: tuple[ObjectKey, ...] = ()
    everywhere: bool = True


def providers(
    api: Api,
    home: str,
    named: Iterable[ObjectKey],
    seen: str | None,
    asked: Future[list[RawObject]] | None = None,
) -> Providers:
    """One LIST for all namespaces; where that is denied, one for ``home``, and the ``named`` ones elsewhere one by one.

    ``seen`` is the version of a provider that was seen before; ``asked`` is the first list, where somebody has asked
    for it already. Raises ClusterError.
    """
    try:
        return Providers(
            asked.result() if asked else list(listed_again(api, PROVIDERS, None, RawObject, seen))
        )
    except ClusterDeniedError:
        here = list(listed_again(api, PROVIDERS, home, RawObject, seen))
    keys = sorted({key for key in named if key.namespace != home})
    found = dict(zip(keys, each(lambda key: _one(api, key), keys, _AT_ONCE), strict=True))
    return Providers(
        [*here, *(raw for raw in found.values() if isinstance(raw, RawObject))],
        tuple(key for key, raw in found.items() if isinstance(raw, ClusterDeniedError)),
        everywhere=False,
    )


def _one(api: Api, key: ObjectKey) -> RawObject | ClusterDeniedError | None:
    """A provider, or None where there is none, or why that cannot be told."""
    try:
        return api.get(PROVIDERS.path(key.namespace, key.name), of=RawObject)
    except LoginRefusedError:
        raise
    except ClusterDeniedError as denied:
        return denied
    except RefusedError as refused:
        if refused.code != 404:
            raise
        return None
