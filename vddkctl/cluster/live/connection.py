"""The way to an API server: a kubeconfig with its contexts and exec plugins, or the pod that this runs in."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct

from vddkctl.errors import ClusterError

if TYPE_CHECKING:
    from kubernetes.client import ApiClient
    from urllib3 import HTTPConnectionPool

IN_CLUSTER = "in-cluster"
"""What the place is called when there is no kubeconfig and a pod's own account is used."""

_CONNECTIONS = 32
"""How many are kept: by the library's own measure, five for each processor, many requests at once would drop some."""
_REFRESHED = 30.0
"""Seconds for which a login is not asked for again."""
_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class Connection(Struct, frozen=True, eq=False, dict=True):
    """``name`` is the context's, ``namespace`` the one it names (None: it names none)."""

    client: ApiClient
    name: str
    namespace: str | None = None

    @cached_property
    def pool(self) -> HTTPConnectionPool:
        """The host's own pool: a manager would take the URL apart at each of a thousand requests."""
        found: HTTPConnectionPool = self.client.rest_client.pool_manager.connection_from_url(
            self.client.configuration.host
        )
        return found

    def url(self, path: str) -> str:
        """What to ask the pool for: with the path that the API is below, and through a proxy all of it."""
        host: str = self.client.configuration.host
        base = urlsplit(host).path.rstrip("/")
        return base + path if host.startswith("https:") else host.removesuffix(base) + base + path


def connect(context: str | None, environment: Mapping[str, str]) -> Connection:
    """Read what leads to the cluster; nothing is asked of it yet.

    Without ``context``: the current one of the kubeconfig (``$KUBECONFIG``, ``~/.kube/config``), else the cluster that
    this runs in. Raises ClusterError.
    """
    files = _kubeconfig(environment)
    if context in (None, IN_CLUSTER) and not files and environment.get("KUBERNETES_SERVICE_HOST"):
        return _in_cluster()
    if not files:
        raise ClusterError(
            "there is no kubeconfig, and this is no pod of a cluster",
            where=environment.get("KUBECONFIG") or "~/.kube/config",
            hint="set KUBECONFIG, or name a folder of manifests: cluster.manifests",
        )
    return _from_file(files, context)


def asks_nobody(environment: Mapping[str, str]) -> bool:
    """Whether to connect reads files and nothing more: no plugin is run, and no page opens to log in."""
    for path in filter(None, _kubeconfig(environment).split(os.pathsep)):
        try:
            content = Path(path).read_bytes()
        except OSError:
            return False
        if b"exec" in content or b"auth-provider" in content:
            return False
    return True


def _kubeconfig(environment: Mapping[str, str]) -> str:
    named = environment.get("KUBECONFIG")
    home = environment.get("HOME") or os.path.expanduser("~")  # noqa: PTH111
    paths = named.split(os.pathsep) if named else [os.path.join(home, ".kube", "config")]  # noqa: PTH118
    return os.pathsep.join(path for path in paths if path and os.path.exists(path))  # noqa: PTH110


def _from_file(files: str, context: str | None) -> Connection:
    from kubernetes.client import ApiClient, Configuration
    from kubernetes.config import ConfigException, load_kube_config

    said = _Said()
    configuration = Configuration(connection_pool_maxsize=_CONNECTIONS)
    try:
        contexts, current = _contexts(files, context)
        chosen = _chosen(contexts, current, context, files)
        with said:
            load_kube_config(files, chosen["name"], client_configuration=configuration, persist_config=False)
    except (ConfigException, OSError, ValueError, KeyError, TypeError) as error:
        raise ClusterError(f"the kubeconfig cannot be used: {error}", where=files) from None
    except Exception as error:  # a YAML parser of its own, whose errors are no ValueError
        if "yaml" not in type(error).__module__:
            raise
        raise ClusterError("the kubeconfig is not YAML", where=files) from None
    if said.words and not configuration.api_key and not configuration.cert_file:
        raise ClusterError(
            f"the login of context {chosen['name']} failed: {said.words[0]}",
            where=files,
            hint=f"does this work: kubectl --context {chosen['name']} version?",
        )
    login: Any = configuration  # the library's own type says that there is no hook
    if login.refresh_api_key_hook is not None:
        login.refresh_api_key_hook = _now_and_then(login.refresh_api_key_hook)
    return Connection(ApiClient(configuration), chosen["name"], chosen["context"].get("namespace"))


def _now_and_then(refresh: Callable[[Any], None]) -> Callable[[Any], None]:
    """For all threads at once, and seldom: a token in its last minutes would run the plugin at each request."""
    lock, last = threading.Lock(), [time.monotonic()]

    def hook(configuration: Any) -> None:
        with lock:
            if time.monotonic() - last[0] >= _REFRESHED:
                with _Said():
                    refresh(configuration)
                last[0] = time.monotonic()

    return hook


def _contexts(files: str, wanted: str | None) -> tuple[list[Any], Any]:
    """All contexts, and the current one; where one is wanted by its name, there need be no current one."""
    from kubernetes.config import ConfigException, list_kube_config_contexts
    from kubernetes.config.kube_config import KubeConfigMerger

    try:
        contexts, current = list_kube_config_contexts(files)
    except ConfigException:
        if wanted is None:
            raise
        found = KubeConfigMerger(files).config
        contexts, current = [each.value for each in found["contexts"]], None
    return contexts, current


def _chosen(contexts: list[Any], current: Any, wanted: str | None, files: str) -> Any:
    if wanted is None:
        return current
    found = [each for each in contexts if each["name"] == wanted]
    if not found:
        names = ", ".join(each["name"] for each in contexts) or "none"
        raise ClusterError(
            f"no context {wanted}",
            where=files,
            hint=f"there are: {names}; the spec names it as cluster.context",
        )
    return found[0]


def _in_cluster() -> Connection:
    from kubernetes.client import ApiClient, Configuration
    from kubernetes.config import ConfigException, load_incluster_config

    configuration = Configuration(connection_pool_maxsize=_CONNECTIONS)
    try:
        load_incluster_config(client_configuration=configuration)
        namespace = (_ACCOUNT / "namespace").read_text().strip() or None
    except (ConfigException, OSError) as error:
        raise ClusterError(f"the pod's own account cannot be used: {error}", where=str(_ACCOUNT)) from None
    return Connection(ApiClient(configuration), IN_CLUSTER, namespace)


class _Said(logging.Handler):
    """Hears what the library only logs, above all why an exec plugin gave no login; it is not to reach the terminal."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.words.append(record.getMessage())

    def __enter__(self) -> None:
        logging.getLogger().addHandler(self)

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)
