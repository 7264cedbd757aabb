"""The first look at a cluster, begun while the command line is still loading: the server is at work for us meanwhile.

In the order of any look: first the record, then the objects, so that what a run has just written is no drift.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from time import monotonic
from typing import TypeVar

from msgspec import Struct, field

from vddkctl.cluster.live.api import Api, patience
from vddkctl.cluster.live.connection import asks_nobody, connect
from vddkctl.cluster.live.home import Home, find_home
from vddkctl.cluster.live.kinds import PROVIDERS
from vddkctl.cluster.live.listing import listed
from vddkctl.cluster.live.raw import RawObject
from vddkctl.cluster.live.record import Records
from vddkctl.threads import Once, start

T = TypeVar("T")

_FRESH = 5.0
"""Seconds for which a look is one of now. To load the rest takes less by far; who waits for a question may not."""


class Seen(Struct, frozen=True):
    """What the first look asks for: Forklift's home, a site's record, the providers of all namespaces."""

    home: Once[Home] = field(default_factory=Once)
    record: Once[bytes | None] = field(default_factory=Once)
    providers: Once[list[RawObject]] = field(default_factory=Once)


class EarlyLook(Struct, frozen=True):
    """A look at a server, by what a spec seemed to say of its cluster; ``at`` is when, by the monotonic clock."""

    context: str | None
    namespace: str | None
    site: str
    api: Api
    seen: Seen
    at: float

    def is_for(self, context: str | None, namespace: str | None, site: str) -> bool:
        """Whether that is what the spec says, and it was just now. What was seen else is forgotten."""
        fits = (self.context, self.namespace, self.site) == (context, namespace, site)
        if fits and monotonic() - self.at < _FRESH:
            return True
        for once in (self.seen.home, self.seen.record, self.seen.providers):
            once.take()
        return False


def look_early(
    context: str | None, namespace: str | None, site: str, environment: Mapping[str, str]
) -> EarlyLook | None:
    """Begin to look; None where to log in is more than to read a file. Raises ClusterError."""
    if not asks_nobody(environment):
        return None
    api = Api(connect(context, environment), timeout=patience(environment))
    home: Future[Home] = Future()
    record: Future[bytes | None] = Future()
    providers: Future[list[RawObject]] = Future()

    def look() -> None:
        _tell(home, lambda: find_home(api, namespace))
        nowhere = home.exception()
        if nowhere:
            record.set_exception(nowhere)
            providers.set_exception(nowhere)
            return
        _tell(record, lambda: Records(api, home.result().namespace).read(site))
        _tell(providers, lambda: list(listed(api, PROVIDERS, None, RawObject)))

    start(look)
    return EarlyLook(
        context, namespace, site, api, Seen(Once(home), Once(record), Once(providers)), monotonic()
    )


def _tell(future: Future[T], find: Callable[[], T]) -> None:
    """What fails is told to whoever asks for it."""
    try:
        future.set_result(find())
    except Exception as error:
        future.set_exception(error)
