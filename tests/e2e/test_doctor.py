"""``vddkctl doctor`` on real registries, engines and folders."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Vddkctl
from tests.support.doctor_answers import Found, found_by
from tests.support.fault_proxy import faults
from tests.support.faults import ALWAYS, Stall
from tests.support.registries import PUSHER, READER, USERNAME
from tests.support.registry_sites import make_registry_site
from tests.support.running_registry import RunningRegistry
from tests.support.sites import SiteOnDisk, make_site
from tests.support.witnesses import Podman, Skopeo


@pytest.fixture
def site(tmp_path: Path) -> SiteOnDisk:
    return make_site(tmp_path / "site")


@pytest.fixture
def black_hole() -> Iterator[str]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def doctor(vddkctl: Vddkctl, *words: str | Path, cwd: Path | None = None, **env: str) -> Found:
    done = vddkctl("doctor", "--output", "json", *words, cwd=cwd, env=env)
    assert done.err == ""
    return found_by(done.code, done.out)


def login(folder: Path, registry: RunningRegistry, user: str = "", password: str = "") -> str:
    pair = f"{user or registry.username}:{password or registry.password}"
    path = folder / "auth.json"
    path.write_text(
        json.dumps({"auths": {registry.host: {"auth": base64.b64encode(pair.encode()).decode()}}})
    )
    return str(path)


def test_without_a_spec_the_machine_itself_is_looked_at(vddkctl: Vddkctl, tmp_path: Path) -> None:
    found = doctor(vddkctl)
    assert found.code == 0
    assert set(found.group("disk")) == {
        "temporary folder",
        "temporary folder links",
        "podman storage",
        "cache",
    }
    assert found.status("podman") == "pass"
    version = subprocess.run(["podman", "--version"], capture_output=True, text=True, check=True).stdout
    assert found.detail("podman").split(",")[0] in version
    assert found.status("kubeconfig") == "warn"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_manifests(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    before = site.tree()
    found = doctor(vddkctl, cwd=site.root)
    assert found.code == 0
    assert (found.status("./gitops"), found.status("ForkliftController")) == ("pass", "pass")
    assert found.status("oci:./base:small") == "pass"
    assert found.group("rights") == {"cluster": "skip"}
    assert found.status("./eight.tar.gz") == "pass"
    assert site.tree() == before


@pytest.mark.parametrize(
    ("break_it", "name", "says"),
    [
        (lambda site: shutil.rmtree(site.gitops), "./gitops", "there is no such folder"),
        (lambda site: site.change("gitops/prod.yaml", "spec:", "spec: ["), "./gitops", "prod.yaml:"),
        (lambda site: (site.gitops / "forklift.yaml").unlink(), "ForkliftController", "no ForkliftController"),
        (
            lambda site: site.change("gitops/forklift.yaml", "spec:", "spec: {}\n---\n" + SECOND + "spec:"),
            "ForkliftController",
            "2 ForkliftControllers",
        ),
        (lambda site: (site.root / "eight.tar.gz").write_bytes(b"no"), "./eight.tar.gz", "gzip"),
        (lambda site: shutil.rmtree(site.root / "base"), "oci:./base:small", ""),
    ],
    ids=["no folder", "no YAML", "no controller", "two controllers", "no archive", "no base"],
)  # fmt: skip
def test_one_thing_that_is_broken_hides_nothing_else(
    vddkctl: Vddkctl, site: SiteOnDisk, break_it: object, name: str, says: str
) -> None:
    assert callable(break_it)
    whole = doctor(vddkctl, cwd=site.root)
    break_it(site)
    found = doctor(vddkctl, cwd=site.root)
    assert (found.code, found.status(name)) == (1, "fail")
    assert says in found.detail(name)
    assert [check["name"] for check in found.checks if check["status"] == "fail"] == [name]
    passed = {check["name"] for check in whole.checks if check["status"] == "pass"}
    still = {check["name"] for check in found.checks if check["status"] == "pass"}
    assert passed - still <= {name, "ForkliftController", f"{name} checksum"}


SECOND = """\
apiVersion: forklift.konveyor.io/v1beta1
kind: ForkliftController
metadata: {name: another, namespace: openshift-mtv}
"""


@pytest.mark.parametrize("content", [None, b"a: [", b"\xff", b""], ids=["missing", "YAML", "UTF-8", "empty"])
def test_a_spec_that_cannot_be_read_is_told_and_the_rest_goes_on(
    vddkctl: Vddkctl, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "there.yaml").write_bytes(content)
    found = doctor(vddkctl, "-f", "there.yaml")
    assert (found.code, found.status("there.yaml"), found.status("podman")) == (1, "fail", "pass")


def test_a_dockerfile_and_what_it_stands_on(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    site.change(
        "site.yaml",
        "tag: 8.0.1\n    base: oci:./base:small\n",
        "tag: 8.0.1\n    builder: auto\n    dockerfile: ./own\n",
    )
    assert doctor(vddkctl, cwd=site.root).status("images.vddk-8.dockerfile") == "fail"
    (site.root / "own").write_text("FROM oci:./base:small\n")
    found = doctor(vddkctl, cwd=site.root)
    assert found.detail("images.vddk-8.dockerfile") == "it can be read; it stands on oci:./base:small"
    assert found.status("oci:./base:small") == "pass"
    (site.root / "own").write_text("FROM alpine\n")
    assert doctor(vddkctl, cwd=site.root).status("images.vddk-8.dockerfile") == "fail"


def test_an_engines_build_needs_room_for_its_own_archive_and_platforms(
    vddkctl: Vddkctl, site: SiteOnDisk
) -> None:
    unpacked = json.loads(vddkctl("archive", "inspect", site.root / "eight.tar.gz", "--output", "json").out)[
        "unpackedSize"
    ]
    site.change(
        "site.yaml",
        "tag: 8.0.1\n",
        "tag: 8.0.1\n    builder: podman\n    platforms: [linux/amd64, linux/arm64]\n    allowPlatformMismatch: true\n",
    )
    found = doctor(vddkctl, cwd=site.root)
    assert f"{6 * unpacked / 1e6:.1f} MB needed" in found.detail("temporary folder")


def test_a_spec_with_mistakes_is_told_and_the_rest_goes_on(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    site.change("site.yaml", "tag: 8.0.1", "tga: 8.0.1")
    found = doctor(vddkctl, "--tar", "eight.tar.gz", cwd=site.root)
    assert (found.status("site.yaml"), found.status("eight.tar.gz")) == ("fail", "pass")
    assert found.detail("site.yaml").startswith('line 15, column 5: unknown key "tga" under images.vddk-8')
    assert "vddkctl validate" in found.next("site.yaml")


def test_a_declared_checksum(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    path = "archive: {path: ./eight.tar.gz"
    site.change("site.yaml", path, f"{path}, sha256: {'a' * 64}")
    assert doctor(vddkctl, cwd=site.root).status("./eight.tar.gz") == "fail"
    (site.root / "eight.tar.gz").unlink()
    assert doctor(vddkctl, cwd=site.root).status("./eight.tar.gz") == "warn"


def test_no_room_where_an_engine_builds_is_a_failure(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    (site.root / "file").touch()
    tag = "tag: 8.0.1\n"
    site.change("site.yaml", tag, f"{tag}    builder: podman\n    buildDir: ./file/build\n")
    found = doctor(vddkctl, cwd=site.root)
    assert (found.status("image.vddk-8 buildDir"), found.status("podman")) == ("fail", "pass")
    site.change("site.yaml", "./file/build", "./new/build")
    found = doctor(vddkctl, cwd=site.root)
    assert found.status("image.vddk-8 buildDir links") == "pass"
    assert "not there yet" in found.detail("image.vddk-8 buildDir")
    assert not (site.root / "new").exists()


@pytest.mark.parametrize("builder", ["podman", "docker"])
def test_an_engine_that_the_spec_asks_for_must_be_there(
    vddkctl: Vddkctl, site: SiteOnDisk, builder: str
) -> None:
    (site.root / "empty").mkdir()
    found = doctor(vddkctl, cwd=site.root, PATH=str(site.root / "empty"))
    assert found.group("engines") == {"podman": "skip", "docker": "skip", "buildah": "skip", "any": "warn"}
    site.change("site.yaml", "tag: 8.0.1\n", f"tag: 8.0.1\n    builder: {builder}\n")
    found = doctor(vddkctl, cwd=site.root, PATH=str(site.root / "empty"))
    assert found.status(builder) == "fail"
    assert "image.vddk-8" in found.detail(builder)


@pytest.mark.skipif(shutil.which("docker") is None, reason="no docker CLI on this machine")
def test_a_daemon_answers_or_does_not(vddkctl: Vddkctl, tmp_path: Path, podman: Podman) -> None:
    place = f"unix://{tmp_path}/engine.sock"
    assert doctor(vddkctl, DOCKER_HOST=place).status("docker") == "warn"
    service = subprocess.Popen(
        ["podman", "system", "service", "--time=0", place], env=dict(podman.environment), cwd=tmp_path
    )
    try:
        for _ in range(200):
            if (tmp_path / "engine.sock").exists():
                break
            time.sleep(0.05)
        found = doctor(vddkctl, DOCKER_HOST=place)
    finally:
        service.terminate()
        service.wait()
    assert found.status("docker") == "pass"
    assert "daemon" in found.detail("docker")


def test_an_open_registry_takes_a_push_and_is_public(
    vddkctl: Vddkctl, own_registry: RunningRegistry, repository: str
) -> None:
    name = f"{own_registry.host}/{repository}"
    found = doctor(vddkctl, "--registry", name)
    where = f"registry {own_registry.host}"
    assert found.group("ports") == {f"{where} {step}": "pass" for step in ("address", "port", "TLS")}
    assert found.status(f"{own_registry.host} API") == "pass"
    assert found.status(f"{name} push") == "pass"
    assert found.detail(f"{name} push") == "this client may; nothing was pushed"
    assert found.status(f"{name} private") == "fail"
    assert [one.status for one in own_registry.requests("PUT")] == [404]
    assert not [
        *own_registry.requests("POST"),
        *own_registry.requests("PATCH"),
        *own_registry.requests("DELETE"),
    ]
    assert list(own_registry.root.rglob("*")) == []


def test_a_host_alone(vddkctl: Vddkctl, own_registry: RunningRegistry) -> None:
    found = doctor(vddkctl, "--registry", own_registry.host)
    assert (found.code, found.status(f"{own_registry.host} push")) == (0, "skip")
    assert not own_registry.requests("POST")


def test_an_image_is_its_repository_and_what_is_none_is_a_usage_error(
    vddkctl: Vddkctl, own_registry: RunningRegistry
) -> None:
    found = doctor(vddkctl, "--registry", f"{own_registry.host}/vddk:8.0.1")
    assert found.status(f"{own_registry.host}/vddk push") == "pass"
    for wrong in ("ftp://h.io/x", "oci:./folder", ""):
        assert vddkctl("doctor", "--registry", wrong).code == 64, wrong


def test_a_registry_with_a_password(
    vddkctl: Vddkctl, password_registry: RunningRegistry, repository: str, tmp_path: Path
) -> None:
    host = password_registry.host
    name = f"{host}/{repository}"
    found = doctor(vddkctl, "--registry", name)
    assert (found.status(f"{host} login"), found.status(f"{name} push")) == ("fail", "skip")
    assert "podman login" in found.next(f"{host} login")
    auth = login(tmp_path, password_registry)
    found = doctor(vddkctl, "--registry", name, REGISTRY_AUTH_FILE=auth)
    assert found.code == 0
    assert {found.status(f"{name} {what}") for what in ("push", "private")} == {"pass"}
    wrong = login(tmp_path, password_registry, password="wrong-word")
    done = vddkctl("doctor", "--registry", name, env={"REGISTRY_AUTH_FILE": wrong})
    assert done.code == 1
    assert f"fail  {host} login" in done.out
    assert "wrong-word" not in done.out + done.err


def test_who_may_only_pull_may_not_push(
    vddkctl: Vddkctl, token_registry: RunningRegistry, repository: str, tmp_path: Path
) -> None:
    host, name = token_registry.host, f"{token_registry.host}/{repository}"
    auth = login(tmp_path, token_registry, user=READER)
    found = doctor(vddkctl, "--registry", name, REGISTRY_AUTH_FILE=auth)
    assert (found.status(f"{host} login"), found.status(f"{name} push")) == ("pass", "fail")
    auth = login(tmp_path, token_registry)
    assert doctor(vddkctl, "--registry", name, REGISTRY_AUTH_FILE=auth).status(f"{name} push") == "pass"


def test_a_certificate_that_nobody_knows(
    vddkctl: Vddkctl, tls_registry: RunningRegistry, repository: str
) -> None:
    host, name = tls_registry.host, f"{tls_registry.host}/{repository}"
    found = doctor(vddkctl, "--registry", name, "--ca-file", "/etc/ssl/certs/ca-certificates.crt")
    tls = f"registry {host} TLS"
    assert (found.status(tls), found.status(f"{name} push")) == ("fail", "skip")
    assert "caFile" in found.next(tls)
    assert doctor(vddkctl, "--registry", name, "--skip-verify", host).status(tls) == "warn"
    assert tls_registry.ca
    found = doctor(vddkctl, "--registry", name, "--ca-file", tls_registry.ca)
    assert (found.status(tls), found.status(f"{name} push")) == ("pass", "pass")
    assert "good until" in found.detail(tls)


def test_a_site_in_a_registry(
    vddkctl: Vddkctl, plain_registry: RunningRegistry, repository: str, skopeo: Skopeo, tmp_path: Path
) -> None:
    site = make_registry_site(tmp_path / "site", plain_registry, repository, vddkctl, skopeo)
    found = doctor(vddkctl, cwd=site.root)
    name = f"{plain_registry.host}/{repository}"
    assert found.code == 0
    assert found.status(f"{name}/vddk private") == "warn"
    assert found.detail(f"{name}/base:small").startswith(site.base_digest)
    site.change("base:small", "base:none")
    assert doctor(vddkctl, cwd=site.root).status(f"{name}/base:none") == "fail"


@pytest.mark.parametrize(("policy", "status"), [("deny", "fail"), ("warn", "warn"), ("allow", "skip")])
def test_a_public_repository_by_the_policy(
    vddkctl: Vddkctl,
    plain_registry: RunningRegistry,
    repository: str,
    skopeo: Skopeo,
    tmp_path: Path,
    policy: str,
    status: str,
) -> None:
    site = make_registry_site(tmp_path / "site", plain_registry, repository, vddkctl, skopeo, policy=policy)
    found = doctor(vddkctl, cwd=site.root)
    assert found.status(f"{plain_registry.host}/{repository}/vddk private") == status


def test_a_registry_that_falls_silent_later_hides_nothing(
    vddkctl: Vddkctl, plain_registry: RunningRegistry, repository: str, skopeo: Skopeo, tmp_path: Path
) -> None:
    site = make_registry_site(tmp_path / "site", plain_registry, repository, vddkctl, skopeo)
    with faults(plain_registry, Stall("GET", "tags/list", times=ALWAYS)) as proxy:
        text = site.disk.spec.read_text()
        site.disk.spec.write_text(
            text.replace(f"{site.host}/{repository}/vddk", f"{proxy.host}/{repository}/vddk")
        )
        found = doctor(vddkctl, "--timeout", "3s", cwd=site.root)
    assert found.status(f"{proxy.host}/{repository}/vddk push") == "pass"
    assert [c["name"] for c in found.checks if c["status"] == "fail"] == [
        f"{proxy.host}/{repository}/vddk private"
    ]
    assert found.status("./gitops") == "pass"


def test_a_closed_port_and_a_silent_one_hide_nothing(
    vddkctl: Vddkctl, black_hole: str, plain_registry: RunningRegistry, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = f"127.0.0.1:{taken.getsockname()[1]}"
    words = [word for host in (closed, black_hole, plain_registry.host) for word in ("--registry", host)]
    found = doctor(vddkctl, *words, "--timeout", "2s", cwd=tmp_path)
    assert found.group("ports") == {
        f"registry {closed} address": "pass",
        f"registry {closed} port": "fail",
        **{f"registry {black_hole} {step}": "pass" for step in ("address", "port", "TLS")},
        **{f"registry {plain_registry.host} {step}": "pass" for step in ("address", "port", "TLS")},
    }
    assert "nothing listens" in found.detail(f"registry {closed} port")
    assert found.status(f"{black_hole} API") == "fail"
    assert "silent" in found.detail(f"{black_hole} API")
    assert found.status(f"{plain_registry.host} login") == "pass"


def test_a_port_without_tls_and_a_silent_one_where_tls_is_spoken(
    vddkctl: Vddkctl, black_hole: str, plain_registry: RunningRegistry, tmp_path: Path
) -> None:
    hosts = (black_hole, plain_registry.host)
    settings = "".join(f"  '{host}': {{tls: verify}}\n" for host in hosts)
    (tmp_path / "site.yaml").write_text(
        "apiVersion: vddkctl.dev/v1alpha1\nkind: Site\nmetadata: {name: here}\n"
        f"cluster: {{manifests: .}}\nregistries:\n{settings}"
    )
    words = [word for host in hosts for word in ("--registry", host)]
    found = doctor(vddkctl, *words, "--timeout", "2s", cwd=tmp_path)
    assert found.status(f"registry {black_hole} TLS") == "fail"
    assert "silent" in found.detail(f"registry {black_hole} TLS")
    assert found.status(f"registry {plain_registry.host} TLS") == "fail"
    assert "plain-http" in found.next(f"registry {plain_registry.host} TLS")


def test_a_name_that_is_not_there(vddkctl: Vddkctl) -> None:
    found = doctor(vddkctl, "--registry", "registry.invalid", "--timeout", "5s")
    assert found.group("ports") == {"registry registry.invalid address": "fail"}
    assert "VPN" in found.next("registry registry.invalid address")


@pytest.mark.parametrize("user", [PUSHER, USERNAME])
def test_the_right_to_push_is_found_out_without_the_right_to_delete_and_leaves_nothing(
    vddkctl: Vddkctl, token_registry: RunningRegistry, repository: str, tmp_path: Path, user: str
) -> None:
    auth = login(tmp_path, token_registry, user=user)
    name = f"{token_registry.host}/{repository}"
    found = doctor(vddkctl, "--registry", name, REGISTRY_AUTH_FILE=auth)
    assert found.status(f"{name} push") == "pass"
    asked = [scope for issued in token_registry.tokens.issued for scope in issued.asked]
    assert asked
    assert not [scope for scope in asked if "delete" in scope]
    assert not [path for path in token_registry.root.rglob("*") if repository in str(path)]


def test_what_the_spec_refers_to_is_read_and_never_told(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    secret = "kept-to-itself"
    (site.root / "password").write_text(secret)
    (site.root / "empty").touch()
    spec = site.spec.read_text().replace("{manifests: ./gitops}", "{context: none}")
    create = "create: {{url: https://v.example.com/sdk, insecureSkipVerify: true, credentials: {{username: {}, password: {}}}}}"
    spec += f"  new: {{{create.format('{env: VC_USER}', '{file: ./password}')}}}\n"
    spec += f"  other: {{{create.format('{env: VC_NONE}', '{file: ./empty}')}}}\n"
    site.spec.write_text(spec)
    done = vddkctl("doctor", "--output", "json", cwd=site.root, env={"VC_USER": secret})
    found = found_by(done.code, done.out)
    assert found.group("references") == {
        "providers.new.create.credentials.username": "pass",
        "providers.new.create.credentials.password": "pass",
        "providers.other.create.credentials.username": "fail",
        "providers.other.create.credentials.password": "warn",
    }
    assert secret not in done.out + done.err
    assert secret not in vddkctl("doctor", "-vv", cwd=site.root, env={"VC_USER": secret}).out


def test_a_broken_login_file_fails_one_line(
    vddkctl: Vddkctl, password_registry: RunningRegistry, tmp_path: Path
) -> None:
    (tmp_path / "auth.json").write_text("{")
    found = doctor(
        vddkctl,
        *("--registry", password_registry.host),
        REGISTRY_AUTH_FILE=str(tmp_path / "auth.json"),
        HOME=os.environ["HOME"],
    )
    assert found.status(f"{password_registry.host} login") == "fail"
    assert found.status("podman") == "pass"
