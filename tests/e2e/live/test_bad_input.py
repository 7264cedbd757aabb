"""What can be wrong with a cluster, and the way to it: told plainly, and running again finishes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.apiservers import MINIMAL, serve
from tests.support.live_sites import LiveSite, make_live_site
from tests.support.webhook import webhook

HEAD = "apiVersion: vddkctl.dev/v1alpha1\nkind: Site\nmetadata: {name: s}\n"


def changed(site: LiveSite, **replaced: str) -> str:
    """A kubeconfig with some texts replaced."""
    text = site.server.kubeconfig().read_text()
    for old, new in replaced.items():
        text = text.replace(getattr(site.server, old) if old == "url" else site.server.tokens["admin"], new)
    path = site.root / "kubeconfig"
    path.write_text(text)
    return str(path)


def with_config(site: LiveSite, path: str | Path, **more: str) -> LiveSite:
    from dataclasses import replace

    return replace(site, environment={"KUBECONFIG": str(path), **more})


def failed(site: LiveSite, *words: str) -> str:
    ended = site.run(*(words or ("plan",)))
    assert ended.code == 1
    assert "Traceback" not in ended.err
    assert site.server.tokens["admin"] not in ended.err
    return ended.err


def test_no_kubeconfig(site: LiveSite) -> None:
    assert "there is no kubeconfig, and this is no pod of a cluster" in failed(
        with_config(site, "/nowhere/config")
    )


def test_a_context_that_is_not_there_is_told_with_those_that_are(site: LiveSite) -> None:
    site.write(cluster="cluster: {context: prod-frankfurt}\n")
    error = failed(site)
    assert "no context prod-frankfurt" in error
    assert "there are: tests" in error


@pytest.mark.parametrize("content", ["", "[]", "{", "apiVersion: v1\nkind: Config\n", "a: [b"])
def test_a_kubeconfig_that_is_none(site: LiveSite, content: str) -> None:
    path = site.root / "broken"
    path.write_text(content)
    assert str(path) in failed(with_config(site, path))


def test_a_login_that_is_over(site: LiveSite) -> None:
    error = failed(with_config(site, changed(site, token="expired")))
    assert "the login is not accepted" in error
    assert "the token may have expired" in error


def test_an_exec_plugin_logs_in(site: LiveSite) -> None:
    plugin = site.root / "plugin"
    token = {"token": site.server.tokens["admin"]}
    said = {"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", "status": token}
    plugin.write_text(f"#!/bin/sh\ncat <<'E'\n{json.dumps(said)}\nE\n")
    plugin.chmod(0o700)
    assert with_config(site, exec_config(site, str(plugin))).run("plan").code == 0


def test_an_exec_plugin_that_fails_is_told_in_its_words(site: LiveSite) -> None:
    plugin = site.root / "plugin"
    plugin.write_text("#!/bin/sh\necho 'please run: login-tool login' >&2\nexit 3\n")
    plugin.chmod(0o700)
    error = failed(with_config(site, exec_config(site, str(plugin))))
    assert "the login of context tests failed" in error
    assert "please run: login-tool login" in error


def exec_config(site: LiveSite, command: str) -> Path:
    config: Any = json.loads(site.server.kubeconfig().read_text())
    config["users"][0]["user"] = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": command,
            "interactiveMode": "Never",
        }
    }
    path = site.root / "exec-config"
    path.write_text(json.dumps(config))
    return path


def test_a_server_that_is_not_there(site: LiveSite) -> None:
    error = failed(with_config(site, changed(site, url="https://127.0.0.1:9")))
    assert "the API server https://127.0.0.1:9 cannot be reached: the connection is refused" in error


def test_a_certificate_that_is_not_trusted(site: LiveSite) -> None:
    config = json.loads(site.server.kubeconfig().read_text())
    del config["clusters"][0]["cluster"]["certificate-authority"]
    path = site.root / "kubeconfig"
    path.write_text(json.dumps(config))
    assert "the certificate is not trusted" in failed(with_config(site, path))


def test_no_controller_and_two(site: LiveSite) -> None:
    site.create("ForkliftController", "forkliftcontrollers", "another", {})
    assert f"2 ForkliftControllers in tests, namespace {site.namespace}" in failed(site)
    for name in ("another", "forklift-controller"):
        site.server.request("DELETE", site.path("forkliftcontrollers", name))
    assert f"no ForkliftController in tests, namespace {site.namespace}" in failed(site)


def test_a_webhook_that_refuses_stops_before_anything_is_written(site: LiveSite, tmp_path: Path) -> None:
    def refuses(request: Any) -> str | None:
        return "edge is closed on Sundays" if request["name"] == "edge-berlin" else None

    with webhook(site.server, tmp_path, site.namespace, refuses):
        error = failed(site, "apply", "--auto-approve")
    assert f"provider.{site.namespace}/edge-berlin" in error
    assert "edge is closed on Sundays" in error
    assert site.image is None
    assert site.apply().code == 0


def test_an_object_that_is_deleted_in_between_is_named(site: LiveSite) -> None:
    assert site.run("plan", "-o", "p.json").code == 0
    site.server.request("DELETE", site.path("providers", "prod"))
    assert f"provider.{site.namespace}/prod: it is gone" in failed(site, "apply", "p.json")
    assert site.image is None


@pytest.fixture
def own(tmp_path: Path) -> Iterator[LiveSite]:
    """A server of its own."""
    with serve(tmp_path / "own") as server:
        root = tmp_path / "site"
        root.mkdir()
        yield make_live_site(server, server.namespace(), root)


def test_a_server_that_stops_half_way_and_comes_back(own: LiveSite) -> None:
    for number in range(60):
        own.provider(f"edge-{number:02}")
    run = own.start("apply", "--auto-approve")
    end = time.monotonic() + 30
    while not own.settings("edge-berlin").get("useVddkAioOptimization"):
        assert time.monotonic() < end
    own.server.stop()
    _, error = run.communicate(timeout=90)
    assert run.returncode in (0, 1, 4), error
    assert "Traceback" not in error
    own.server.start()
    assert own.apply().code == 0
    assert own.changing() == []
    assert own.run("drift").code == 0


def test_a_cluster_without_forklift(tmp_path: Path) -> None:
    empty = tmp_path / "none"
    empty.mkdir()
    (tmp_path / "site").mkdir()
    with serve(tmp_path / "own", empty) as server:
        site = LiveSite(server, "openshift-mtv", tmp_path / "site")
        site.write()
        error = failed(site)
    assert "this cluster does not know ForkliftControllers" in error
    assert "is the Forklift (MTV) operator installed?" in error


def test_a_definition_of_before_vddk_image(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (tmp_path / "site").mkdir()
    for path in MINIMAL.glob("*.yaml"):
        text = path.read_text()
        (old / path.name).write_text(
            "\n".join(line for line in text.splitlines() if "vddk_image" not in line) + "\n"
        )
    with serve(tmp_path / "own", old) as server:
        site = make_live_site(server, server.namespace(), tmp_path / "site")
        error = failed(site, "apply", "--auto-approve")
        assert "does not know the field" in error
        assert "Forklift is too old for it" in error
        assert site.settings("prod") == {"sdkEndpoint": "vcenter"}
