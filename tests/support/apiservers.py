"""A real kube-apiserver with its etcd, on loopback, started in some three seconds."""

from __future__ import annotations

import os
import random
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import urllib3
from ruamel.yaml import YAML

from tests.support.certificates import make_authority, openssl
from tests.support.running_apiserver import ADMIN, RunningApiServer

ROOT = Path(__file__).resolve().parents[2]
MINIMAL = Path(__file__).parent / "crds"
"""Definitions of our own: what vddkctl reads and writes."""
USERS = (ADMIN, "alice", "bob", "reader", "operator", "cron")
OUTSIDE = dict(os.environ)
"""Before a test gets a home of its own: what was built is kept in the user's cache."""
_PATIENCE = 60.0


def binaries() -> Path:
    """The folder with kube-apiserver and etcd; built, where they are not there yet."""
    words = [str(ROOT / "scripts" / "apiserver.sh")]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False, env=OUTSIDE)
    assert done.returncode == 0, (
        "there is no kube-apiserver, and none could be built: see what scripts/apiserver.sh says"
    )
    return Path(done.stdout.strip())


@contextmanager
def serve(folder: Path, definitions: Path = MINIMAL, *, durable: bool = False) -> Iterator[RunningApiServer]:
    """A server with the definitions of a folder, RBAC, and the users :data:`USERS`.

    With ``durable`` each write waits for the disk, as in every cluster that anybody lives on. Tests have no need of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    programs = binaries()
    tokens = {user: secrets.token_hex(16) for user in USERS}
    etcd_port, peer_port, port = _free_ports(3)
    etcd = [str(programs / "etcd"), *_etcd_options(folder, etcd_port, peer_port, durable)]
    api = [str(programs / "kube-apiserver"), *_api_options(folder, tokens, etcd_port, port)]
    running: list[subprocess.Popen[bytes]] = []
    ca = folder / "ca" / "tests.pem"
    pool = urllib3.PoolManager(ca_certs=str(ca), retries=False)

    def start() -> None:
        running.append(_start(api, folder / "apiserver.log"))
        _wait(lambda: _ready(pool, f"https://127.0.0.1:{port}/readyz", tokens[ADMIN]), running[-1], folder)

    def stop() -> None:
        _end(running.pop())

    store = _start(etcd, folder / "etcd.log")
    try:
        start()
        server = RunningApiServer(f"https://127.0.0.1:{port}", ca, folder, tokens, start, stop)
        _define(server, definitions)
        yield server
    finally:
        for process in (*running, store):
            _end(process)


def _etcd_options(folder: Path, port: int, peer_port: int, durable: bool) -> list[str]:
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
    return [
        f"--data-dir={folder / 'etcd'}",
        *([] if durable else ["--unsafe-no-fsync"]),  # 3.4 knows it, though its help does not say so
        *(f"--listen-client-urls={client}", f"--advertise-client-urls={client}"),
        *(f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"),
        f"--initial-cluster=default={peer}",
    ]


def _api_options(folder: Path, tokens: dict[str, str], etcd_port: int, port: int) -> list[str]:
    authority = make_authority(folder / "ca")
    server = authority.sign("server")
    key = folder / "accounts.key"
    openssl("genrsa", "-out", key, "2048")
    users = folder / "tokens.csv"
    users.write_text(
        "".join(
            f"{token},{user},{user}{',system:masters' if user == ADMIN else ''}\n"
            for user, token in tokens.items()
        )
    )
    return [
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        *("--bind-address=127.0.0.1", f"--secure-port={port}", f"--cert-dir={folder}"),
        # Else it looks for a route to the outside, and does not start where there is none.
        *("--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none"),
        "--enable-priority-and-fairness=false",  # half a second of every start
        *(f"--tls-cert-file={server.certificate}", f"--tls-private-key-file={server.key}"),
        *(f"--token-auth-file={users}", "--authorization-mode=RBAC"),
        *("--service-account-issuer=https://tests", f"--service-account-key-file={key}"),
        f"--service-account-signing-key-file={key}",
        *("--disable-admission-plugins=ServiceAccount", "--service-cluster-ip-range=10.0.0.0/24"),
    ]


def _start(words: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *words],
            stdout=out,
            stderr=out,
            env={"PATH": os.environ["PATH"]},
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """At once: an API server that is asked to end waits for all who watch. What was written is in its etcd."""
    process.kill()
    process.wait()


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while not ready():
        assert process.poll() is None, _logs(folder)
        assert time.monotonic() < end, _logs(folder)
        time.sleep(0.05)


def _logs(folder: Path) -> str:
    return "\n".join(f"{path.name}: {path.read_text()[-2000:]}" for path in folder.glob("*.log"))


def _ready(pool: urllib3.PoolManager, url: str, token: str) -> bool:
    with suppress(urllib3.exceptions.HTTPError):
        headers = {"Authorization": f"Bearer {token}"}
        return pool.request("GET", url, headers=headers, timeout=2).status == 200
    return False


def _define(server: RunningApiServer, definitions: Path) -> None:
    crds: list[Any] = []
    for path in sorted(definitions.glob("*.yaml")):
        crds += YAML(typ="safe", pure=True).load_all(path)
    server.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", *crds)
    for crd in crds:
        names, group = crd["spec"]["names"], crd["spec"]["group"]
        url = f"/apis/{group}/{crd['spec']['versions'][0]['name']}/{names['plural']}"
        end = time.monotonic() + _PATIENCE
        while server.request("GET", url)[0] != 200:
            assert time.monotonic() < end, f"{url} is not served"
            time.sleep(0.05)


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, below those that a kernel gives to connections of its own accord."""
    with ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            port = random.randrange(10_000, 32_000)
            with suppress(OSError):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
                found.append(port)
        return found
