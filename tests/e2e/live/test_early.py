"""A cluster is looked at while the command line is still loading, by a guess: what is told is the same."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.support.live_sites import IMAGE, SPEC, LiveSite
from vddkctl.cluster.base import Wanted
from vddkctl.cluster.live.cluster import KubernetesCluster
from vddkctl.cluster.live.early import look_early
from vddkctl.plan.observed import ClusterState

_LISTENING = """
import sys
from vddkctl.cluster.live.api import Api
asked, once = open("asked", "a", buffering=1), Api._once
def listening(self, method, path, *more):
    asked.write(f"{method} {path}\\n")
    return once(self, method, path, *more)
Api._once = listening
from vddkctl.__main__ import main
main()
"""


def asked(site: LiveSite, *words: str) -> list[str]:
    """What a run asks a server for, in order: the last part of each path."""
    log = site.root / "asked"
    log.unlink(missing_ok=True)
    with site.start(*words, script=(_LISTENING,)) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode in (0, 3), out + err
    return [line.rpartition("/")[2] for line in log.read_text().splitlines() if line.startswith("GET ")]


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_what_is_seen_early_is_not_asked_for_again(site: LiveSite, command: str) -> None:
    assert site.apply().code == 0
    paths = asked(site, command)
    record = f"vddkctl-{site.namespace}"
    assert [paths.count(each) for each in ("forkliftcontrollers", record, "providers")] == [1, 1, 1]


def test_the_record_comes_before_the_objects(site: LiveSite) -> None:
    """Else what a run has just written would be somebody else's change."""
    assert site.apply().code == 0
    paths = asked(site, "drift")
    assert paths.index(f"vddkctl-{site.namespace}") < paths.index("providers")


@pytest.mark.parametrize(
    "cluster",
    [
        "cluster: {{namespace: &home {namespace}}}\n",
        'cluster: {{namespace: {namespace}, context: "te\\u0073ts"}}\n',
        "cluster: {{namespace: {namespace}}} # {{context: other, namespace: other}}\n",
        "cluster:\n  ? namespace\n  : {namespace}\n",
        "cluster:\n  namespace:\n    {namespace}\n",
    ],
)
def test_a_wrong_guess_is_no_matter(site: LiveSite, cluster: str) -> None:
    expected = site.plan()["changes"]
    site.write(SPEC, cluster=cluster.format(namespace=site.namespace))
    assert site.plan()["changes"] == expected != []


def test_nobody_is_asked_to_log_in_for_a_spec_that_is_broken(site: LiveSite) -> None:
    plugin, called = site.root / "plugin.sh", site.root / "called"
    plugin.write_text(f"#!/bin/sh\ntouch {called}\nexit 1\n")
    plugin.chmod(0o755)
    config = json.loads(site.server.kubeconfig("admin").read_text())
    run = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(plugin),
        "interactiveMode": "Never",
    }
    config["users"][0]["user"] = {"exec": run}
    path = site.root / "kubeconfig"
    path.write_text(json.dumps(config))
    careful = replace(site, environment={"KUBECONFIG": str(path)})
    careful.write("providers: {prod: {aio: perhaps}}\n")
    for words in (("plan",), ("apply", "--auto-approve"), ("drift",)):
        ended = careful.run(*words)
        assert ended.code == 1, ended.err
        assert "perhaps" in ended.err
    assert not called.exists()
    careful.write()
    assert careful.run("plan").code == 1
    assert called.exists()


def test_a_server_that_is_gone_is_told_as_ever(site: LiveSite) -> None:
    config = json.loads(site.server.kubeconfig("admin").read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    path = site.root / "kubeconfig"
    path.write_text(json.dumps(config))
    ended = replace(site, environment={"KUBECONFIG": str(path)}).run("drift")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.count("the connection is refused") == 1


def test_a_later_look_is_a_look_of_its_own(site: LiveSite) -> None:
    """What was there early is taken once: an object, the record and the home are each asked for again."""
    environment = {"KUBECONFIG": str(site.server.kubeconfig()), "HOME": str(site.root)}
    early = look_early(None, site.namespace, site.namespace, environment)
    assert early
    place = KubernetesCluster(early.api, site.namespace, site.namespace, seen=early.seen)
    before = place.read_record(site.namespace), place.observe(Wanted())
    assert site.apply().code == 0
    after = place.read_record(site.namespace), place.observe(Wanted())
    assert before[0] is None
    assert after[0] is not None
    assert [_image(state) for _, state in (before, after)] == [None, IMAGE]


def _image(state: ClusterState) -> str | None:
    [controller] = [each for each in state.controllers if each.key.namespace == state.namespace]
    image: str | None = controller.spec.get("vddk_image")
    return image
