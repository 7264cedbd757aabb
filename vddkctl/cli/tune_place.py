"""What the spec and its cluster know of the disks to be moved: how many at a time, whose vCenter, which inventory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from vddkctl.errors import ClusterError

if TYPE_CHECKING:
    from vddkctl.cluster.live.api import Api
    from vddkctl.cluster.live.connection import Connection
    from vddkctl.plan.observed import ClusterState
    from vddkctl.site.source import LoadedSite

_PATIENCE = 5.0
"""Seconds for each request, where a table would do without the cluster."""


class Service(Struct, frozen=True):
    """An inventory, and what the kubeconfig has for it. ``token`` is not to be shown."""

    url: str
    token: str | None
    authority: str | None

    def __repr__(self) -> str:
        """Without the token."""
        return f"Service({self.url})"


class TunePlace(Struct, frozen=True):
    """Looks where the spec says, or else at the kubeconfig's current context. ``loaded`` None: there is no spec."""

    loaded: LoadedSite | None
    folder: Path

    @property
    def manifests(self) -> str | None:
        """The folder that the settings are in, if they are in one."""
        return self.loaded.site.cluster.manifests if self.loaded else None

    @property
    def namespace(self) -> str | None:
        """Where Forklift lives, if the spec says so."""
        return self.loaded.site.cluster.namespace if self.loaded else None

    def state(self, *, hurry: bool = False) -> ClusterState:
        """Controllers and providers. Raises ClusterError."""
        if self.manifests is not None:
            from vddkctl.cluster.base import Wanted
            from vddkctl.places import Places

            return Places(self.folder).cluster(self.manifests).observe(Wanted(self.namespace))
        from vddkctl.cluster.live.inventory import forklift

        return forklift(self._api(hurry=hurry), self.namespace)

    def service(self, state: ClusterState) -> Service:
        """The inventory that the cluster has. Raises ClusterError."""
        from vddkctl.cluster.live.inventory import authority, bearer_token, inventory_url

        api = self._api()
        url = inventory_url(api, state.namespace)
        return Service(url, bearer_token(api.connection), authority(api.connection))

    def login(self, url: str) -> Service:
        """A service that was named, with what the kubeconfig has for it, where there is one."""
        from vddkctl.cluster.live.inventory import authority, bearer_token

        try:
            connection = self._connection()
        except ClusterError:
            return Service(url, None, None)
        return Service(url, bearer_token(connection), authority(connection))

    def _connection(self) -> Connection:
        from vddkctl.cluster.live.connection import connect

        return connect(self.loaded.site.cluster.context if self.loaded else None, os.environ)

    def _api(self, *, hurry: bool = False) -> Api:
        from vddkctl.cluster.live.api import Api

        connection = self._connection()
        return Api(connection, timeout=_PATIENCE) if hurry else Api(connection)


def tune_place(file: str, default: str) -> TunePlace:
    """The spec's, where there is a spec; a file that was named has to be there. Raises SpecError and VddkctlError."""
    from vddkctl.cli.session import read_spec
    from vddkctl.site.load import load

    if file == default and not Path(file).exists():
        return TunePlace(None, Path.cwd())
    text, name, folder = read_spec(file)
    return TunePlace(load(text, name), folder)
