"""What a valid spec may ask for, and this version does not do."""

from __future__ import annotations

from pathlib import Path

import pytest

from vddkctl.site.load import load
from vddkctl.site.starter import starter
from vddkctl.site.supported import unsupported

HEAD = "apiVersion: vddkctl.dev/v1alpha1\nkind: Site\nmetadata: {name: site}\n"
LOCAL = "cluster: {manifests: ./gitops}\n"
IMAGE = "images:\n  v: {archive: {path: a}, tag: a, base: 'oci:b:1', repository: 'oci:./images'"

CASES = [
    pytest.param(
        LOCAL + "policy: {pin: tag, publicRegistry: deny, conflicts: report, activeMigrations: refuse}\n",
        [],
        id="policies that hold by themselves",
    ),
    pytest.param(
        LOCAL + "policy: {publicRegistry: allow, conflicts: take, activeMigrations: wait}\n",
        [
            "5:33: conflicts: take is not supported yet",
            "5:50: activeMigrations: wait is not supported yet",
        ],
        id="policies that ask for more",
    ),
    pytest.param(
        "providers: {a: {create: {url: 'https://v/sdk', insecureSkipVerify: true, credentials: {username: {env: A}, password: {env: B}}}}}\n"
        "pullSecrets: {s: {registry: h, namespaces: [a]}}\nstorageMaps: {m: {offload: {}}}\n"
        "policy: {conflicts: take, activeMigrations: wait}\n",
        [],
        id="a live cluster does it all",
    ),
    pytest.param(
        LOCAL + IMAGE.replace("oci:./images", "h.x/vddk").replace("oci:b:1", "h.x/b:1") + "}\n",
        [],
        id="registries",
    ),
    pytest.param(LOCAL + IMAGE.replace(" base: 'oci:b:1',", "") + "}\n", [], id="the default base"),
    pytest.param(
        LOCAL + IMAGE.replace(" base: 'oci:b:1',", "") + ", builder: podman, dockerfile: D}\n",
        [],
        id="another builder",
    ),
    pytest.param(
        LOCAL + "pullSecrets: {s: {registry: h, namespaces: [a]}}\nstorageMaps: {m: {offload: {}}}\n",
        [],
        id="secrets and storage maps",
    ),
    pytest.param(LOCAL + "registries: {h.x: {tls: plain-http}}\n", [], id="settings that nothing uses"),
    pytest.param(
        LOCAL + IMAGE + ", clusterRepository: h.x/v, platforms: [linux/amd64, linux/arm64]}\n"
        "controller: {vddkImage: v}\nproviders: {'a*': {aio: true, buffers: large, vddkImage: inherit}}\n",
        [],
        id="all that works",
    ),
]


@pytest.mark.parametrize(("body", "expected"), CASES)
def test_parts_that_are_not_carried_out(body: str, expected: list[str]) -> None:
    found = unsupported(load(HEAD + body, "s"))
    assert [str(diagnostic).removeprefix("s:") for diagnostic in found] == expected


def test_a_spec_that_uses_everything_is_carried_out() -> None:
    text = (Path(__file__).parents[2] / "examples" / "full" / "site.yaml").read_text(encoding="utf-8")
    assert unsupported(load(text, "s")) == ()


def test_the_starter_uses_only_what_works() -> None:
    assert unsupported(load(starter(), "site.yaml")) == ()
