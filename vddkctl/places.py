"""Where a site's names lead: paths, the cluster, the registries, the caches."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from msgspec import Struct, field

from vddkctl.errors import VddkctlError
from vddkctl.progress import Progress, Silent

if TYPE_CHECKING:
    from vddkctl.cluster.base import Cluster
    from vddkctl.cluster.live.early import EarlyLook
    from vddkctl.oci.reference import Reference
    from vddkctl.registry.base import Registry
    from vddkctl.registry.http.hosts import Hosts
    from vddkctl.registry.http.login import Login
    from vddkctl.site.model import RegistrySettings, Site

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Places(Struct, frozen=True, eq=False, dict=True):
    """Everything a spec names, found from the spec's own ``folder`` and an environment.

    ``registries`` are the spec's settings by host. ``progress`` hears of waits for a registry that wants them.
    ``nowhere``: there are no settings, and so no cluster. ``instead`` has other places for some images, by reference.
    ``early`` is a cluster that is looked at already.
    """

    folder: Path
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    registries: Mapping[str, RegistrySettings] = field(default_factory=dict)
    progress: Progress = field(default_factory=Silent)
    nowhere: bool = False
    instead: Mapping[str, Registry] = field(default_factory=dict)
    early: EarlyLook | None = None
    _lock: Lock = field(default_factory=Lock)
    _clusters: dict[str | None, Cluster] = field(default_factory=dict)

    def path(self, text: str) -> Path:
        """A path as the spec writes it: ``~`` and ``${VAR}`` expanded, relative to the spec's folder.

        Raises :class:`~vddkctl.errors.VddkctlError` for a variable that is not set.
        """
        expanded = _VARIABLE.sub(lambda found: self._variable(found[1], text), text)
        if expanded == "~" or expanded.startswith("~/"):
            expanded = self._variable("HOME", text) + expanded[1:]
        return self.folder / expanded

    def cluster(
        self, manifests: str | None, context: str | None = None, namespace: str | None = None, site: str = ""
    ) -> Cluster:
        """The place where settings live: a folder, or else the live cluster of a context (None: the current one).

        ``namespace`` is where Forklift lives there, if that is known. A live cluster is the same object at each
        call: it keeps its connections. Raises ClusterError.
        """
        if self.nowhere:
            from vddkctl.cluster.nowhere import Nowhere

            return Nowhere()
        if manifests is not None:
            from vddkctl.cluster.folder import ManifestFolder

            return ManifestFolder(self.path(manifests), manifests)
        with self._lock:
            if context not in self._clusters:
                from vddkctl.cluster.live.api import Api, patience
                from vddkctl.cluster.live.cluster import KubernetesCluster
                from vddkctl.cluster.live.connection import connect

                early = self.early
                if early and early.is_for(context, namespace, site):
                    made = KubernetesCluster(early.api, namespace, site, self.progress, early.seen)
                else:
                    api = Api(connect(context, self.environment), timeout=patience(self.environment))
                    made = KubernetesCluster(api, namespace, site, self.progress)
                self._clusters[context] = self._clusters[made.name] = made
            return self._clusters[context]

    def settings(self, site: Site) -> Cluster:
        """The place of a site's settings, as its spec names it. Raises ClusterError."""
        said = site.cluster
        return self.cluster(said.manifests, said.context, said.namespace, site.metadata.name)

    def registry(self, reference: Reference, *, anonymous: bool = False) -> Registry:
        """The place where the images of this reference live; ``anonymous``: as it is to a client without a login.

        A registry is the same object at each call: it keeps its connections and what it was told.
        """
        other = self.instead.get(f"{reference.name}:{reference.tag}") if self.instead else None
        if other is not None:
            return other
        if reference.transport == "docker":
            with self._lock:  # a cached property can be made twice, by two threads
                hosts = self._hosts
            return hosts.registry(reference.host, anonymous=anonymous)
        from vddkctl.registry.layout import LayoutRegistry

        return LayoutRegistry(self.folder)

    def login(self, host: str) -> Login | None:
        """The login that this machine has for a registry. Not to be kept or shown."""
        with self._lock:
            hosts = self._hosts
        return hosts.login(host)

    def located(self, reference: Reference) -> Reference:
        """The reference with a layout's folder expanded; others as they are."""
        from msgspec.structs import replace

        if reference.transport != "oci":
            return reference
        return replace(reference, repository=str(self.path(reference.repository)))

    @property
    def cache(self) -> Path:
        """``$XDG_CACHE_HOME/vddkctl``: nothing there is ever needed."""
        named = self.environment.get("XDG_CACHE_HOME", "")
        if os.path.isabs(named):  # noqa: PTH117 - a relative one is to be ignored (XDG Base Directory, "Basics")
            return Path(named, "vddkctl")
        home = self.environment.get("HOME") or os.path.expanduser("~")  # noqa: PTH111
        return Path(home, ".cache", "vddkctl")

    @cached_property
    def _hosts(self) -> Hosts:
        from vddkctl.registry.http.hosts import Hosts

        return Hosts(self.registries, self.path, self.environment, self.progress)

    def _variable(self, name: str, text: str) -> str:
        value = self.environment.get(name)
        if value is None:
            raise VddkctlError(f"the variable {name} is not set", where=text, hint=f"export {name}=…")
        return value
