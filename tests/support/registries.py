"""Real registries: Debian's docker-registry on loopback, in each way that people protect one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.certificates import Authority, make_authority
from tests.support.issuer import NAME, SERVICE, Issuer, User
from tests.support.running_registry import RunningRegistry

USERNAME, PASSWORD = "pusher", "sesame:Open%20me/+"
PUSHER = "pusher"
"""May pull and push, and not delete, where the registry tells users apart."""
READER = "reader"
"""May only pull, where the registry tells users apart (token auth); the password is the same."""

# `htpasswd -nbBC 4` of the password: 4 is the fewest rounds, so that a request costs no time.
_BCRYPT = "$2y$04$jlXuA0rILB4iLnYeDs3Fze.I1WG0t52vj53nnZzYBBq4uamXHmrVO"

_LISTENING = re.compile(r'msg="listening on ([0-9.]+:[0-9]+)')


def new_repository(name: str = "vddk") -> str:
    """The name of a repository that no other test uses: ``t0a1b2c3d/vddk``."""
    return f"t{uuid.uuid4().hex[:8]}/{name}"


@contextmanager
def serve_plain(folder: Path) -> Iterator[RunningRegistry]:
    """Open to anyone, over HTTP."""
    with _serving(folder, {}) as (host, root, log):
        yield RunningRegistry(host, root, log)


@contextmanager
def serve_with_password(folder: Path) -> Iterator[RunningRegistry]:
    """Basic auth (htpasswd), over HTTP: :data:`USERNAME` with :data:`PASSWORD`."""
    with _serving(folder, {"auth": _htpasswd(folder)}) as (host, root, log):
        yield RunningRegistry(host, root, log, username=USERNAME, password=PASSWORD)


@contextmanager
def serve_tls(
    folder: Path, *, authority: Authority | None = None, mutual: bool = False, password: bool = False
) -> Iterator[RunningRegistry]:
    """HTTPS with a certificate of an authority that is not known yet.

    ``mutual``: it demands a client certificate of the same authority; ``password``: and Basic auth.
    """
    authority = authority or make_authority(folder / "ca")
    server = authority.sign("server")
    tls: dict[str, Any] = {"certificate": str(server.certificate), "key": str(server.key)}
    if mutual:
        tls["clientcas"] = [str(authority.certificate)]
    parts = {"auth": _htpasswd(folder)} if password else {}
    with _serving(folder, parts, tls) as (host, root, log):
        yield RunningRegistry(
            *(host, root, log),
            ca=authority.certificate,
            server=server,
            client=authority.sign("client") if mutual else None,
            username=USERNAME if password else "",
            password=PASSWORD if password else "",
        )


@contextmanager
def serve_with_tokens(folder: Path) -> Iterator[RunningRegistry]:
    """Bearer tokens from an issuer of its own, over HTTP."""
    authority = make_authority(folder / "issuer", algorithm="rsa")
    issuer = Issuer(
        authority,
        {
            USERNAME: User(PASSWORD),
            READER: User(PASSWORD, ("pull",)),
            PUSHER: User(PASSWORD, ("pull", "push")),
        },
    )
    bundle = str(authority.certificate)
    token = {"realm": issuer.realm, "service": SERVICE, "issuer": NAME, "rootcertbundle": bundle}
    try:
        with _serving(folder, {"auth": {"token": token}}) as (host, root, log):
            yield RunningRegistry(host, root, log, username=USERNAME, password=PASSWORD, issuer=issuer)
    finally:
        issuer.close()


def _htpasswd(folder: Path) -> dict[str, Any]:
    path = folder / "htpasswd"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{USERNAME}:{_BCRYPT}\n")
    return {"htpasswd": {"realm": "tests", "path": str(path)}}


@contextmanager
def _serving(
    folder: Path, parts: dict[str, Any], tls: dict[str, Any] | None = None
) -> Iterator[tuple[str, Path, Path]]:
    """A docker-registry on a port that the system chooses; its own log tells which."""
    root, log, errors = folder / "storage", folder / "access.log", folder / "registry.err"
    root.mkdir(parents=True)
    config = {
        "version": "0.1",
        "storage": {
            "filesystem": {"rootdirectory": str(root)},
            "delete": {"enabled": True},
            "maintenance": {"uploadpurging": {"enabled": False}},
        },
        "http": {
            "addr": "127.0.0.1:0",
            "secret": "not a secret",
            "relativeurls": True,
            "http2": {"disabled": True},
            **({"tls": tls} if tls else {}),
        },
        **parts,
    }
    path = folder / "config.yml"
    path.write_text(json.dumps(config))
    # Its settings may come from the environment, too: it gets none. And it shall not outlive the tests.
    words = ["setpriv", "--pdeathsig", "TERM", "docker-registry", "serve", str(path)]
    with log.open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(words, stdout=out, stderr=err, env={"PATH": os.environ["PATH"]})
    try:
        yield _host(process, errors), root, log
    finally:
        process.terminate()
        process.wait()


def _host(process: subprocess.Popen[bytes], errors: Path) -> str:
    for _ in range(2000):
        if found := _LISTENING.search(errors.read_text()):
            return found[1]
        assert process.poll() is None, errors.read_text()
        time.sleep(0.005)
    raise AssertionError(f"docker-registry does not listen: {errors.read_text()}")
