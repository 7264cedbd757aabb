"""The first look at a cluster, begun while the command line is still loading: the server is at work for us meanwhile.

In the order of any look: first the record, then the objects, so that what a run has just written is no drift.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TypeVar

from msgspec import Struct

from vddkctl.cluster.live.api import Api, patience
from vddkctl.cluster.live.connection import asks_nobody, connect
from vddkctl.cluster.live.home import Home, find_home
from vddkctl.cluster.live.kinds import PROVIDERS
from vddkctl.cluster.live.listing import listed
from vddkctl.cluster.live.raw import RawObject
from vddkctl.cluster.live.record import Records
from vddkctl.threads import start

T = TypeVar("T")


class Seen(Struct, frozen=True):
    """What the first look asks for: Forklift's home, a site's record, the providers of all namespaces."""

    site: str
    home: Future[Home]
    record: Future[bytes | None]
    providers: Future[list[RawObject]]


class EarlyLook(Struct, frozen=True):
    """A look at a server, by what a spec seemed to say of its cluster."""

    context: str | None
    namespace: str | None
    api: Api
    seen: Seen

    def is_for(self, context: str | None, namespace: str | None, site: str) -> bool:
        """Whether that is what the spec says."""
        return (self.context, self.namespace, self.seen.site) == (context, namespace, site)


def look_early(
    context: str | None, namespace: str | None, site: str, environment: Mapping[str, str]
) -> EarlyLook | None:
    """Begin to look; None where to log in is more than to read a file. Raises ClusterError."""
    if not asks_nobody(environment):
        return None
    api = Api(connect(context, environment), timeout=patience(environment))
    seen = Seen(site, Future(), Future(), Future())
    start(_look, api, namespace, seen)
    return EarlyLook(context, namespace, api, seen)


def _look(api: Api, namespace: str | None, seen: Seen) -> None:
    _tell(seen.home, lambda: find_home(api, namespace))
    _tell(seen.record, lambda: Records(api, seen.home.result().namespace).read(seen.site))
    _tell(seen.providers, lambda: list(listed(api, PROVIDERS, None, RawObject)))


def _tell(future: Future[T], find: Callable[[], T]) -> None:
    """What fails is told to whoever asks for it."""
    try:
        future.set_result(find())
    except Exception as error:
        future.set_exception(error)
