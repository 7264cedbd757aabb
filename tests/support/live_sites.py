"""Sites in a live cluster: a spec, Forklift's objects in a namespace of their own, and the command line on both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import commands
from tests.support.running_apiserver import ADMIN, RunningApiServer

ROOT = Path(__file__).resolve().parents[2]
GROUP = "forklift.konveyor.io/v1beta1"
IMAGE = "registry.example.com/vddk@sha256:" + "a" * 64
OTHER = "registry.example.com/vddk@sha256:" + "b" * 64
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"

SPEC = f"""\
controller:
  vddkImage: {IMAGE}
providers:
  prod: {{aio: true, buffers: small}}
  test: {{vddkImage: inherit}}
  "edge-*": {{aio: true}}
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class LiveSite:
    """A site named as its namespace, which is Forklift's, too. ``user`` is who runs the commands."""

    server: RunningApiServer
    namespace: str
    root: Path
    user: str = ADMIN
    environment: Mapping[str, str] = field(default_factory=dict)

    def write(self, parts: str = SPEC, *, cluster: str = "") -> None:
        """Write the spec: what comes behind its head."""
        head = f"apiVersion: vddkctl.dev/v1alpha1\nkind: Site\nmetadata: {{name: {self.namespace}}}\n"
        place = cluster or f"cluster: {{namespace: {self.namespace}}}\n"
        (self.root / "site.yaml").write_text(head + place + parts)

    def start(self, *words: str, script: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """Start a command. ``script`` runs in its place: Python that does something more, and its own words."""
        begun = ["-c", *script] if script else ["-m", "vddkctl"]
        return subprocess.Popen(
            [sys.executable, *begun, *words],
            cwd=self.root,
            env={**self._environment, "PYTHONPATH": str(ROOT)},  # this checkout, whatever is installed
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def _environment(self) -> dict[str, str]:
        kubeconfig = self.server.kubeconfig(self.user)
        return {**os.environ, "KUBECONFIG": str(kubeconfig), **self.environment}

    @contextmanager
    def going(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """A command that goes on by itself; one that a test waits for in vain is ended."""
        with self.start(*words) as process:
            ending = threading.Timer(90, process.kill)
            ending.start()
            try:
                yield process
            finally:
                ending.cancel()
                process.kill()

    def run(self, *words: str) -> Ended:
        """Run a command to its end."""
        done = commands.run(*words, cwd=self.root, env=self._environment)
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    def plan(self, *words: str) -> Any:
        """The plan as data."""
        ended = self.run("plan", "--output", "json", *words)
        assert ended.code == 0, ended.err
        return ended.data

    def changing(self) -> list[str]:
        """The addresses that change, without their namespace."""
        return [c["address"].replace(f"{self.namespace}/", "") for c in self.plan()["changes"]]

    def apply(self, *words: str) -> Ended:
        """Apply without asking."""
        return self.run("apply", "--auto-approve", *words)

    def path(self, plural: str, name: str = "", *, group: str = f"/apis/{GROUP}") -> str:
        """The URL's path of an object in the namespace."""
        return f"{group}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    def get(self, plural: str, name: str, *, group: str = f"/apis/{GROUP}") -> Any:
        """An object as it is."""
        status, found = self.server.request("GET", self.path(plural, name, group=group))
        assert status == 200, found
        return found

    def settings(self, provider: str) -> dict[str, str]:
        """A provider's settings."""
        return dict(self.get("providers", provider)["spec"].get("settings") or {})

    @property
    def image(self) -> str | None:
        """The controller's image."""
        image: str | None = self.get("forkliftcontrollers", "forklift-controller")["spec"].get("vddk_image")
        return image

    def patch(
        self, plural: str, name: str, body: Any, *, kind: str = MERGE, manager: str = "somebody"
    ) -> None:
        """Somebody else's change."""
        force = "&force=true" if kind == APPLY else ""
        status, answer = self.server.request(
            "PATCH", f"{self.path(plural, name)}?fieldManager={manager}{force}", body, kind=kind
        )
        assert status in (200, 201), answer

    def status(self, plural: str, name: str, *true: str, **more: Any) -> None:
        """What a controller says of an object: the conditions that are true."""
        self.patch_status(plural, name, *((kind, "Advisory") for kind in true), **more)

    def patch_status(self, plural: str, name: str, *true: tuple[str, str], **more: Any) -> None:
        """As :meth:`status`, with the category of each condition."""
        found = self.get(plural, name)
        when = "2026-11-20T10:00:00Z"
        conditions = [
            {
                "type": kind,
                "status": "True",
                "category": category,
                "message": f"says {kind}",
                "lastTransitionTime": when,
            }
            for kind, category in true
        ]
        body = {
            "status": {
                "conditions": conditions,
                "observedGeneration": found["metadata"]["generation"],
                **more,
            }
        }
        self.server.request("PATCH", self.path(plural, name) + "/status", body, kind=MERGE)

    def provider(self, name: str, **settings: str) -> None:
        """Create a vSphere provider."""
        spec = {
            "type": "vsphere",
            "url": f"https://{name}.example.com/sdk",
            "secret": {"name": f"{name}-secret", "namespace": self.namespace},
            "settings": {"sdkEndpoint": "vcenter", **settings},
        }
        self.create("Provider", "providers", name, spec)

    def plan_object(self, name: str, provider: str, target: str) -> str:
        """Create one of Forklift's plans; its uid."""
        ref = {"namespace": self.namespace}
        pair = {"source": {"name": provider, **ref}, "destination": {"name": "host", **ref}}
        maps = {"network": {"name": "n", **ref}, "storage": {"name": "s", **ref}}
        body = {"provider": pair, "targetNamespace": target, "map": maps, "vms": [{"id": "vm-1"}]}
        self.create("Plan", "plans", name, body)
        return str(self.get("plans", name)["metadata"]["uid"])

    def pod(
        self,
        namespace: str,
        name: str,
        spec: Mapping[str, Any],
        status: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Create a pod as an object, with what a kubelet would say of it."""
        pods = f"/api/v1/namespaces/{namespace}/pods"
        self.server.create(pods, {"metadata": {"name": name, **(metadata or {})}, "spec": spec})
        self.pod_status(namespace, name, status)

    def pod_status(self, namespace: str, name: str, status: Mapping[str, Any]) -> None:
        """What a kubelet would say of a pod."""
        path = f"/api/v1/namespaces/{namespace}/pods/{name}/status"
        code, answer = self.server.request("PATCH", path, {"status": status}, kind=MERGE)
        assert code == 200, answer

    def create(self, kind: str, plural: str, name: str, spec: Mapping[str, Any]) -> None:
        """Create one of Forklift's objects."""
        body = {"apiVersion": GROUP, "kind": kind, "metadata": {"name": name}, "spec": spec}
        self.server.create(f"{self.path(plural)}?fieldManager=installer", body)


def make_live_site(server: RunningApiServer, namespace: str, root: Path) -> LiveSite:
    """A namespace with a controller and four providers, and a spec for them."""
    site = LiveSite(server, namespace, root)
    site.create(
        "ForkliftController", "forkliftcontrollers", "forklift-controller", {"feature_ui_plugin": "true"}
    )
    for name in ("prod", "test", "edge-berlin", "plain"):
        site.provider(name)
    site.write()
    return site
