"""Where Forklift lives."""

from __future__ import annotations

import threading

from msgspec import Struct

from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.kinds import CONTROLLERS
from vddkctl.cluster.live.listing import listed
from vddkctl.cluster.live.raw import RawObject
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.errors import ClusterDeniedError, ClusterError
from vddkctl.plan.observed import ObjectKey
from vddkctl.threads import Once

USUAL = ("openshift-mtv", "konveyor-forklift")
"""The namespaces that Forklift's operators are installed into (downstream, upstream)."""


class Home(Struct, frozen=True):
    """Where Forklift lives, all ForkliftControllers that can be seen, and whether that is ``everywhere``."""

    namespace: str
    controllers: tuple[RawObject, ...]
    everywhere: bool

    @property
    def others(self) -> frozenset[str]:
        """The namespaces of other Forklifts: each has a ForkliftController of its own."""
        return frozenset(item.metadata.namespace for item in self.controllers) - {self.namespace}

    def has(self, namespace: str, provider: ObjectKey | None) -> bool:
        """Whether what is in a namespace, about a provider (None: not known), is of this Forklift, and of no other."""
        of = provider.namespace if provider else namespace
        return self.namespace in (namespace, of) or not {namespace, of} & self.others


class Homes:
    """Forklift's home as one run comes to know it: anew for each look, and once for all else.

    ``first`` is the answer of somebody who has asked already; ``namespace`` is where it should be, if that is said.
    """

    def __init__(self, api: Api, namespace: str | None, first: Once[Home]) -> None:
        self._api = api
        self._namespace = namespace
        self._first = first
        self._lock = threading.Lock()
        self._home: Home | None = None
        self._fresh: Home | None = None

    def look(self, namespace: str | None) -> Home:
        """The namespace and the controllers as they are now; what was just found out is used, once."""
        with self._lock:
            found, self._fresh = self._fresh, None
            if found is None:
                found = self._found(namespace)
            if namespace not in (None, found.namespace):
                found = find_home(self._api, namespace)
            self._home = found
            return found

    def known(self) -> Home:
        """As it was last seen."""
        with self._lock:
            if self._home is None:
                self._home = self._fresh = self._found(None)
            return self._home

    def _found(self, namespace: str | None) -> Home:
        first = self._first.take()
        return first.result() if first else find_home(self._api, namespace or self._namespace)


def find_home(api: Api, namespace: str | None) -> Home:
    """Look for Forklift; ``namespace`` is where it should be, if that is said.

    Raises ClusterError where Forklift is not installed, or where its namespace cannot be told.
    """
    try:
        found = _controllers(api, None)
    except ClusterDeniedError:
        return _without_rights(api, namespace)
    return Home(namespace or _the_only(found, api), found, everywhere=True)


def _controllers(api: Api, namespace: str | None) -> tuple[RawObject, ...]:
    try:
        return tuple(listed(api, CONTROLLERS, namespace, RawObject))
    except RefusedError as failure:
        if failure.code != 404:
            raise
        raise ClusterError(
            "this cluster does not know ForkliftControllers (forklift.konveyor.io/v1beta1)",
            where=api.place,
            hint="is this the right context, and is the Forklift (MTV) operator installed?",
        ) from None


def _the_only(found: tuple[RawObject, ...], api: Api) -> str:
    homes = sorted({item.metadata.namespace for item in found})
    if len(homes) == 1:
        return homes[0]
    if not homes:
        return api.connection.namespace or USUAL[0]
    raise ClusterError(
        f"there are ForkliftControllers in {', '.join(homes)}",
        where=api.place,
        hint="say which: cluster.namespace",
    )


def _without_rights(api: Api, namespace: str | None) -> Home:
    """A user with rights in one namespace: the one that is named, else the usual ones are tried."""
    if namespace:
        return Home(namespace, _controllers(api, namespace), everywhere=False)
    tried = dict.fromkeys(filter(None, (api.connection.namespace, *USUAL)))
    denied: ClusterDeniedError | None = None
    for each in tried:
        try:
            found = _controllers(api, each)
        except ClusterDeniedError as error:
            denied = denied or error
        else:
            if found:
                return Home(each, found, everywhere=False)
    if denied:
        raise denied
    raise ClusterError(
        f"no ForkliftController in {', '.join(tried)}, and this user may not look elsewhere",
        where=api.place,
        hint="say where Forklift lives: cluster.namespace",
    )
