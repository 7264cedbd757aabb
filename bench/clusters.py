"""A live cluster to measure with: a real API server, many providers, and both sides as whole processes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from ruamel.yaml import YAML

from bench.measure import VDDKCTL, Used, command
from tests.support.apiservers import serve
from tests.support.running_apiserver import ADMIN, RunningApiServer

_API = "forklift.konveyor.io/v1beta1"
_SITE = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {{name: bench}}
cluster: {{namespace: {namespace}}}
providers:
  "*": {{aio: true, buffers: small}}
"""
_WANTED = {
    "useVddkAioOptimization": "true",
    "vddkConfig": "VixDiskLib.nfcAio.Session.BufSizeIn64KB=64\nVixDiskLib.nfcAio.Session.BufCount=4\n",
}
_CREATING = 8
"""Requests at the same time, where objects are made for a measurement."""


@dataclass(frozen=True)
class LiveGround:
    """A site in a namespace of its own, and kubectl's view of the same wish: ``objects.yaml``."""

    server: RunningApiServer
    namespace: str
    work: Path
    kubeconfig: Path
    pool: urllib3.PoolManager

    def vddkctl(self, *words: str, code: int = 0) -> Used:
        """A whole process of ours."""
        return self._command([VDDKCTL, *words], code)

    def kubectl(self, *words: str, code: int = 0) -> Used:
        """A whole process of kubectl, with what it has learned of the server in its cache."""
        return self._command(["kubectl", *words], code)

    def _command(self, words: Sequence[str], code: int) -> Used:
        env = {
            **os.environ,
            "KUBECONFIG": str(self.kubeconfig),
            "HOME": str(self.work),
            "XDG_CACHE_HOME": str(self.work / "cache"),
        }
        return command(words, cwd=self.work, env=env, code=code)

    def create(self, numbers: Sequence[int]) -> None:
        """Providers as an installer makes them."""
        path = f"{self._path('providers')}?fieldManager=installer"
        with ThreadPoolExecutor(_CREATING) as threads:
            list(threads.map(lambda number: self._post(path, provider(self.namespace, number)), numbers))

    def renew(self, count: int) -> None:
        """The same providers as new, and nothing applied yet."""
        self._delete(self._path("providers"))
        self._delete(f"/api/v1/namespaces/{self.namespace}/configmaps")
        self.create(range(count))

    def settings(self) -> list[dict[str, str]]:
        """What each provider has now."""
        status, found = self.server.request("GET", self._path("providers"))
        if status != 200:
            raise RuntimeError(f"the providers cannot be listed: {found}")
        return [item["spec"]["settings"] for item in found["items"]]

    def _path(self, plural: str) -> str:
        return f"/apis/{_API}/namespaces/{self.namespace}/{plural}"

    def _delete(self, path: str) -> None:
        status, answer = self.server.request("DELETE", path)
        if status != 200:
            raise RuntimeError(f"{path}: {answer}")

    def _post(self, path: str, body: Any) -> None:
        answer = self.pool.request(
            "POST",
            self.server.url + path,
            body=json.dumps(body),
            headers={
                "Authorization": f"Bearer {self.server.tokens[ADMIN]}",
                "Content-Type": "application/json",
            },
        )
        if answer.status != 201:
            raise RuntimeError(f"{path}: {answer.data.decode()}")


@contextmanager
def live_ground(folder: Path, count: int) -> Iterator[LiveGround]:
    """A server with one ForkliftController and so many vSphere providers, none of which is as it is to be."""
    work = folder / "site"
    work.mkdir()
    with serve(folder / "server", durable=True) as server:
        namespace = server.namespace()
        pool = urllib3.PoolManager(ca_certs=str(server.ca), maxsize=_CREATING, retries=False)
        ground = LiveGround(server, namespace, work, server.kubeconfig(), pool)
        controller = {
            "apiVersion": _API,
            "kind": "ForkliftController",
            "metadata": {"name": "forklift-controller"},
            "spec": {"feature_ui_plugin": "true"},
        }
        server.create(
            f"/apis/{_API}/namespaces/{namespace}/forkliftcontrollers?fieldManager=installer", controller
        )
        ground.create(range(count))
        (work / "site.yaml").write_text(_SITE.format(namespace=namespace))
        with (work / "objects.yaml").open("w") as stream:
            YAML(typ="safe").dump_all(
                (provider(namespace, number, _WANTED) for number in range(count)), stream
            )
        yield ground


def provider(namespace: str, number: int, settings: dict[str, str] | None = None) -> dict[str, Any]:
    """One provider; no two are alike."""
    name = _name(number)
    return {
        "apiVersion": _API,
        "kind": "Provider",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"site": f"dc-{number % 7}", "team": "migration"},
        },
        "spec": {
            "type": "vsphere",
            "url": f"https://vcenter-{number:05}.example.com/sdk",
            "secret": {"name": f"{name}-credentials", "namespace": namespace},
            "settings": {
                "sdkEndpoint": "vcenter",
                "vddkInitImage": f"quay.io/old/vddk:{number}",
                **(settings or {}),
            },
        },
    }


def _name(number: int) -> str:
    return f"vsphere-{number:05}"
