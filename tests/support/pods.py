"""What a kubelet makes of a pod: its command, its environment and its folders, for a container that a test runs."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from tests.support.running_apiserver import RunningApiServer

ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"


class Container(Struct, frozen=True):
    """``volumes``: a folder of this machine, and where it is seen; ``writable`` are those that may be written."""

    command: tuple[str, ...]
    environment: dict[str, str]
    volumes: dict[Path, str]
    writable: tuple[Path, ...]
    token: str


def container_of(server: RunningApiServer, namespace: str, pod: Any, folder: Path) -> Container:
    """The one container of a pod. Its account's token is made by the server (TokenRequest)."""
    volumes = {each["name"]: _volume(server, namespace, each, folder) for each in pod["volumes"]}
    [container] = pod["containers"]
    mounts = {volumes[each["name"]]: each["mountPath"] for each in container["volumeMounts"]}
    account = folder / "account"
    account.mkdir()
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{pod['serviceAccountName']}/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    status, answer = server.request("POST", path, request)
    assert status == 201, answer
    token = answer["status"]["token"]
    for name, text in (("token", token), ("namespace", namespace), ("ca.crt", server.ca.read_text())):
        (account / name).write_text(text)
    address = urlsplit(server.url)
    environment = {
        each["name"]: value
        for each in container["env"]
        if (value := _value(server, namespace, each)) is not None
    }
    environment |= {
        "KUBERNETES_SERVICE_HOST": str(address.hostname),
        "KUBERNETES_SERVICE_PORT": str(address.port),
    }
    return Container(
        command=tuple(container["command"]),
        environment=environment,
        volumes={**mounts, account: ACCOUNT_FOLDER},
        writable=tuple(volumes[each["name"]] for each in pod["volumes"] if _is_room(each)),
        token=token,
    )


def _value(server: RunningApiServer, namespace: str, variable: Any) -> str | None:
    """A variable's value; None for one that is optional, and whose Secret does not have it."""
    if "value" in variable:
        return str(variable["value"])
    ref = variable["valueFrom"]["secretKeyRef"]
    status, found = server.request("GET", f"/api/v1/namespaces/{namespace}/secrets/{ref['name']}")
    text = found.get("data", {}).get(ref["key"]) if status == 200 else None
    assert text is not None or ref.get("optional"), f"a kubelet would not start this: {ref}"
    return None if text is None else b64decode(text).decode()


def _is_room(volume: Any) -> bool:
    """Whether a volume begins empty, and may be written."""
    return "emptyDir" in volume or "persistentVolumeClaim" in volume


def _volume(server: RunningApiServer, namespace: str, volume: Any, folder: Path) -> Path:
    path = folder / str(volume["name"])
    path.mkdir()
    if _is_room(volume):
        path.chmod(0o777)
    for name, content in _content(server, namespace, volume).items():
        (path / name).write_bytes(content)
    return path


def _content(server: RunningApiServer, namespace: str, volume: Any) -> dict[str, bytes]:
    base = f"/api/v1/namespaces/{namespace}"
    if "configMap" in volume:
        status, found = server.request("GET", f"{base}/configmaps/{volume['configMap']['name']}")
        assert status == 200, found
        return {name: text.encode() for name, text in found["data"].items()}
    if "secret" in volume:
        status, found = server.request("GET", f"{base}/secrets/{volume['secret']['secretName']}")
        assert status == 200 or volume["secret"].get("optional"), found
        return (
            {name: b64decode(text) for name, text in found.get("data", {}).items()} if status == 200 else {}
        )
    return {}
