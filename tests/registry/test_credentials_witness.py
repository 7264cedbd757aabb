"""Skopeo as a witness: it finds the logins that we find, and we find those that it writes."""

from __future__ import annotations

import base64
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.registry.login_files import Home, user
from tests.support.registries import serve_with_password
from vddkctl.registry.http.credentials import Login


@pytest.fixture
def own(home: Path) -> Home:
    return Home(home)


def skopeo(own: Home, *words: str, input: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**own.environment, "PATH": f"{own.bin}:{os.environ['PATH']}"}
    return subprocess.run(
        ["skopeo", *words], env=environment, input=input, capture_output=True, text=True, check=False
    )


def test_a_login_that_skopeo_wrote_is_found(own: Home, tmp_path: Path) -> None:
    (own.root / "run").mkdir()  # skopeo does not make that one
    with serve_with_password(tmp_path / "registry") as registry:
        words = ["login", "--tls-verify=false", "--username", registry.username, "--password-stdin"]
        done = skopeo(own, *words, registry.host, input=registry.password)
        assert done.returncode == 0, done.stderr
    expected = Login(registry.username, registry.password, source="~/run/containers/auth.json")
    assert own.login(registry.host) == expected
    assert own.login("127.0.0.1:1") is None


_KEPT: list[dict[str, Any]] = [
    {"auths": {"h.io": user("u"), "h.io/team": user("t"), "h.io/team/vddk": user("v")}},
    {"auths": {"h.io/team/vddk": user("v"), "h.io:443": user("p")}},
    {"auths": {"https://h.io/v1/": user("u")}},
    {"auths": {"http://h.io": user("u"), "h.io/team": user("t")}},
    {"auths": {"h.io": {"auth": base64.b64encode(b"u:a:b\0\0").decode()}}},
    {"auths": {"h.io": {"auth": base64.b64encode(b"u:").decode()}}},
    {"Auths": {"h.io": {"AUTH": user("u")["auth"]}}},
    {"auths": {"h.io": {}}, "credHelpers": None},
    {"auths": {"https://index.docker.io/v1/": user("u")}},
    {"auths": {"docker.io": user("u"), "docker.io/team": user("t")}},
    {"auths": {"h.io": user("u")}, "credHelpers": {"h.io": "x"}},
    {"auths": {"docker.io": user("u"), "g.io": user("u")}, "credHelpers": {"g.io": "x", "docker.io": "x"}},
]


@pytest.mark.parametrize("content", _KEPT)
def test_skopeo_finds_the_same_user(own: Home, content: dict[str, Any]) -> None:
    own.store("x", g_io=("of-helper", "s"), docker_io=("of-helper", "s"))
    own.write(own.run, content)
    for name in (
        "h.io",
        "h.io/team",
        "h.io/team/vddk",
        "h.io/teams",
        "g.io",
        "docker.io",
        "docker.io/team/x",
    ):
        done = skopeo(own, "login", "--get-login", name)
        found = done.stdout.strip() or None
        assert found or "not logged in" in done.stderr
        host, _, repository = name.partition("/")
        assert own.user(host, repository) == found, name
