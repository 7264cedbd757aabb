"""A kube-apiserver that runs, as tests use it: users, kubeconfigs, requests, and what only a test may do."""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

ADMIN = "admin"
_FORKLIFT = "forklift.konveyor.io/v1beta1"
_PLURALS = ("migrations", "plans", "storagemaps", "providers", "forkliftcontrollers")


@dataclass
class RunningApiServer:
    """``url`` and ``ca`` as a kubeconfig has them; ``tokens`` by user, of whom only the admin may do anything."""

    url: str
    ca: Path
    folder: Path
    tokens: Mapping[str, str]
    start: Callable[[], None]
    """Start the server again, on the same port and data, and wait for it."""
    stop: Callable[[], None]
    _pool: urllib3.PoolManager = field(init=False)
    _everywhere: list[str] = field(default_factory=list)
    """What was granted in all namespaces: paths of roles and their bindings."""
    _namespaces: list[str] = field(default_factory=list)
    """Those that were made since :meth:`clear`."""

    def __post_init__(self) -> None:
        self._pool = urllib3.PoolManager(ca_certs=str(self.ca), retries=False)

    def kubeconfig(self, user: str = ADMIN, namespace: str | None = None, context: str = "tests") -> Path:
        """A file with one context, which is the current one."""
        inside = {"cluster": "tests", "user": user, **({"namespace": namespace} if namespace else {})}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "clusters": [
                {"name": "tests", "cluster": {"server": self.url, "certificate-authority": str(self.ca)}}
            ],
            "users": [{"name": user, "user": {"token": self.tokens[user]}}],
            "contexts": [{"name": context, "context": inside}],
        }
        path = self.folder / f"kubeconfig-{uuid.uuid4().hex[:8]}"
        path.write_text(json.dumps(content))
        return path

    def kubectl(self, *words: str, user: str = ADMIN, stdin: str | None = None, check: bool = True) -> str:
        """What kubectl prints: somebody else's hands."""
        done = subprocess.run(
            ["kubectl", f"--kubeconfig={self.kubeconfig(user)}", *words],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout if check else done.stdout + done.stderr

    def request(
        self, method: str, path: str, body: Any = None, *, user: str = ADMIN, kind: str = "application/json"
    ) -> tuple[int, Any]:
        """Status and answer of one request. An answer in plain words (a path that is not served) is a message."""
        headers = {"Authorization": f"Bearer {self.tokens[user]}", "Content-Type": kind}
        content = json.dumps(body) if body is not None else None
        answer = self._pool.request(method, self.url + path, body=content, headers=headers)
        if not answer.headers.get("Content-Type", "").startswith("application/json"):
            return answer.status, {"message": answer.data.decode()}
        return answer.status, json.loads(answer.data)

    def create(self, path: str, *objects: Mapping[str, Any]) -> None:
        """Create objects below a path such as ``/api/v1/namespaces``."""
        for each in objects:
            status, answer = self.request("POST", path, each)
            assert status == 201, answer

    def namespace(self, prefix: str = "forklift") -> str:
        """A namespace that no other test uses."""
        name = f"{prefix}-{uuid.uuid4().hex[:8]}"
        self.create("/api/v1/namespaces", {"metadata": {"name": name}})
        self._namespaces.append(name)
        return name

    def grant(self, user: str, rules: Sequence[Mapping[str, Any]], namespace: str | None = None) -> None:
        """Let a user do something, in one namespace or in all; the server needs a moment to take that in."""
        base = "/apis/rbac.authorization.k8s.io/v1"
        where = f"{base}/namespaces/{namespace}" if namespace else base
        kind = "Role" if namespace else "ClusterRole"
        name = f"{user}-{uuid.uuid4().hex[:6]}"
        self.create(f"{where}/{kind.lower()}s", {"metadata": {"name": name}, "rules": list(rules)})
        self.create(
            f"{where}/{kind.lower()}bindings",
            {
                "metadata": {"name": name},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
            },
        )
        if not namespace:
            self._everywhere += [f"{where}/clusterrolebindings/{name}", f"{where}/clusterroles/{name}"]
        last = rules[-1]
        while not self.may(
            user, last["verbs"][0], last["apiGroups"][0], last["resources"][0], namespace, last
        ):
            time.sleep(0.01)

    def clear(self) -> None:
        """Delete Forklift's objects of the namespaces that were made, and take back what was granted everywhere.

        Every look of every later test would list them.
        """
        self.revoke()
        while self._namespaces:
            place = f"/apis/{_FORKLIFT}/namespaces/{self._namespaces.pop()}"
            for plural in _PLURALS:
                status, answer = self.request("DELETE", f"{place}/{plural}")
                assert status in (200, 404), answer

    def revoke(self) -> None:
        """Take back what was granted in all namespaces, so that it is not there for another test."""
        while self._everywhere:
            status, answer = self.request("DELETE", self._everywhere.pop())
            assert status == 200, answer

    def may(
        self, user: str, verb: str, group: str, resource: str, namespace: str | None, rule: Mapping[str, Any]
    ) -> bool:
        """Whether the server lets a user do this."""
        plural, _, part = resource.partition("/")
        asked = {
            "verb": verb,
            "group": group,
            "resource": plural,
            "subresource": part,
            "namespace": namespace or "",
            "name": next(iter(rule.get("resourceNames", [])), ""),
        }
        review = {"spec": {"user": user, "resourceAttributes": asked}}
        _, answer = self.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
        return bool(answer["status"]["allowed"])
