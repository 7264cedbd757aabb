"""Advice on buffers, and writing it into the spec."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Vddkctl
from tests.support import inventories
from tests.support.inventories import machine
from vddkctl.site.load import load

SPEC = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {name: s}
cluster: {manifests: ./gitops}
providers:
  prod:            # the large ones
    aio: false     # for now
    buffers: {sizeIn64K: 64, count: 4}   # by hand
  test: {vddkImage: inherit}
"""
TABLE = "provider,vm,size_gb\nprod,db,300\nprod,web,20\ntest,a,10\nnew,b,60\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site.yaml").write_text(SPEC)
    (tmp_path / "disks.csv").write_text(TABLE)
    return tmp_path


def test_it_shows_presets_memory_and_the_limit(vddkctl: Vddkctl, folder: Path) -> None:
    done = vddkctl("tune", "--csv", "disks.csv", "--concurrent", "2", cwd=folder)
    assert done.code == 0, done.err
    assert "  buffers   large: most of the data is on disks of that size\n" in done.out
    assert "  memory    256 × 64 KiB × 16 × 2 disks = 512 MiB\n" in done.out
    assert "256 MiB a session; VDDK 7.0.3's notes say that opening a disk fails over 16 MiB" in done.out
    assert "Disks at the same time: 2, as --concurrent says." in done.out
    assert (folder / "site.yaml").read_text() == SPEC


def test_as_data(vddkctl: Vddkctl, folder: Path) -> None:
    found = json.loads(vddkctl("tune", "--csv", "disks.csv", "--output", "json", cwd=folder).out)
    assert [(each["provider"], each["preset"], each["overLimit"]) for each in found["providers"]] == [
        ("new", "medium", True),
        ("prod", "large", True),
        ("test", "small", False),
    ]


def test_writing_keeps_every_other_byte(vddkctl: Vddkctl, folder: Path) -> None:
    done = vddkctl("tune", "--csv", "disks.csv", "--write", cwd=folder)
    assert done.code == 0, done.err
    text = (folder / "site.yaml").read_text()
    assert "    aio: true     # for now\n    buffers: {sizeIn64K: 256, count: 16}   # by hand\n" in text
    assert "  prod:            # the large ones\n" in text
    assert "  test: {vddkImage: inherit, aio: true, buffers: small}\n" in text
    assert text.endswith("  new:\n    aio: true\n    buffers: medium\n")
    assert vddkctl("validate", cwd=folder).code == 0
    again = vddkctl("tune", "--csv", "disks.csv", "--write", cwd=folder)
    assert "site.yaml says so already." in again.err
    assert (folder / "site.yaml").read_text() == text


HEAD = "apiVersion: vddkctl.dev/v1alpha1\nkind: Site\nmetadata: {name: s}\ncluster: {manifests: ./gitops}\n"


@pytest.mark.parametrize(
    "providers",
    [
        "",
        "providers: {}\n",
        "providers: {prod: {vddkImage: inherit}}\n",
        "providers:\n  prod: {vddkImage: inherit}\n",
        "providers:\n  prod:\n    vddkImage: inherit\n",
        "providers:\n  nobody: {}\n",
        "providers:\n  prod:\n    vddkImage: inherit   # last\n  # nobody: nothing is managed\n\npolicy:\n  pin: tag\n",
        "providers:\n  '*':\n    vddkImage: inherit\n",
    ],
    ids=["none", "empty", "one line", "flow", "block", "entry-empty", "comment below", "rule"],
)
def test_several_new_providers_meet_in_one_place(vddkctl: Vddkctl, folder: Path, providers: str) -> None:
    """Before, between and behind those that are there."""
    (folder / "site.yaml").write_text(HEAD + providers)
    table = "".join(
        f"{name},vm{name},{size}\n"
        for name, size in [("alpha", 10), ("beta", 90), ("prod", 300), ("zeta", 900)]
    )
    (folder / "disks.csv").write_text(f"provider,vm,size_gb\n{table}")
    done = vddkctl("tune", "--csv", "disks.csv", "--write", cwd=folder)
    assert done.code == 0, done.err
    text = (folder / "site.yaml").read_text()
    for kept in re.findall("#.*", providers):
        assert kept in text
    said = load(text, "site.yaml").site.providers
    found = {name: (entry.aio, entry.buffers) for name, entry in said.items() if name not in {"nobody", "*"}}
    assert found == {
        "alpha": (True, "small"),
        "beta": (True, "medium"),
        "prod": (True, "large"),
        "zeta": (True, "xlarge"),
    }
    if "inherit" in providers:
        assert said["prod"].vddk_image == "inherit"
    again = vddkctl("tune", "--csv", "disks.csv", "--write", cwd=folder)
    assert "site.yaml says so already." in again.err


def test_a_freshly_imported_spec_is_tuned(vddkctl: Vddkctl, folder: Path) -> None:
    gitops = folder / "gitops"
    gitops.mkdir()
    names = ("alpha", "prod", "quiet")
    settings = {
        "alpha": "{useVddkAioOptimization: 'true'}",
        "prod": "{vddkInitImage: 'r.example.com/v:8'}",
        "quiet": "{}",
    }
    (gitops / "all.yaml").write_text(
        "---\n".join(
            "apiVersion: forklift.konveyor.io/v1beta1\nkind: Provider\n"
            f"metadata: {{name: {name}, namespace: openshift-mtv}}\n"
            f"spec: {{type: vsphere, url: 'https://{name}/sdk', settings: {settings[name]}}}\n"
            for name in names
        )
    )
    words = ("import", "--manifests", "gitops", "-o", "site.yaml", "--force")
    assert vddkctl(*words, cwd=folder).code == 0
    (folder / "disks.csv").write_text("provider,vm,size_gb\nalpha,a,10\nbeta,b,90\nprod,c,300\nquiet,d,10\n")
    done = vddkctl("tune", "--csv", "disks.csv", "--write", cwd=folder)
    assert done.code == 0, done.err
    said = load((folder / "site.yaml").read_text(), "site.yaml").site.providers
    found = {name: (entry.aio, entry.buffers) for name, entry in said.items()}
    assert found == {
        "alpha": (True, "small"),
        "beta": (True, "medium"),
        "prod": (True, "large"),
        "quiet": (True, "small"),
    }


def test_writing_within_the_vendors_limit(vddkctl: Vddkctl, folder: Path) -> None:
    assert vddkctl("tune", "--csv", "disks.csv", "--write", "--within-limit", cwd=folder).code == 0
    assert "  new:\n    aio: true\n    buffers: small\n" in (folder / "site.yaml").read_text()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 64, "name one of --csv and --inventory"),
        (("--csv", "disks.csv", "--inventory", "https://x"), 64, "name one of"),
        (("--csv", "none.csv"), 1, "none.csv: no such file"),
        (("--inventory", "ftp://x"), 64, "takes a URL"),
        (("--inventory", "http://127.0.0.1:1"), 1, "the inventory cannot be reached"),
        (("--csv", "disks.csv", "--concurrent", "0"), 64, "--concurrent"),
        (("--csv", "disks.csv", "--within-limit"), 64, "--within-limit goes with --write"),
        (("--csv", "disks.csv", "--token-file", "t"), 64, "--token-file has no use with --csv"),
        (("--csv", "disks.csv", "--ca-file", "c"), 64, "--ca-file has no use with --csv"),
        (("--csv", "disks.csv", "--insecure"), 64, "--insecure has no use with --csv"),
    ],
)
def test_bad_words(vddkctl: Vddkctl, folder: Path, words: tuple[str, ...], code: int, says: str) -> None:
    done = vddkctl("tune", *words, cwd=folder)
    assert done.code == code
    assert says in done.err


def test_a_table_without_providers_needs_one_to_be_written(vddkctl: Vddkctl, folder: Path) -> None:
    (folder / "disks.csv").write_text("vm,size_gb\na,10\n")
    done = vddkctl("tune", "--csv", "disks.csv", "--write", cwd=folder)
    assert done.code == 64
    assert "--provider" in done.err
    assert vddkctl("tune", "--csv", "disks.csv", "--provider", "test", "--write", cwd=folder).code == 0


@pytest.fixture
def inventory() -> Iterator[str]:
    prod = inventories.provider(
        "u-1",
        "prod",
        "mtv",
        machine("db", 300 * 10**9, 10**9),
        {"name": "diskless", "disks": None},
        machine("golden", 900 * 10**9, isTemplate=True),
    )
    test = inventories.provider("u-2", "test", "mtv", machine("a", 10**9))
    with inventories.inventory(prod, test, token="sesame") as address:
        yield f"http://{address}"


def test_disks_of_the_inventory(vddkctl: Vddkctl, folder: Path, inventory: str) -> None:
    (folder / "token").write_text("sesame\n")
    done = vddkctl("tune", "--inventory", inventory, "--token-file", "token", "--output", "json", cwd=folder)
    assert done.code == 0, done.err
    found = {each["provider"]: each for each in json.loads(done.out)["providers"]}
    assert (found["prod"]["disks"], found["prod"]["preset"], found["test"]["preset"]) == (2, "large", "small")


def test_an_inventory_that_lets_nobody_in(vddkctl: Vddkctl, folder: Path, inventory: str) -> None:
    (folder / "token").write_text("wrong-secret")
    done = vddkctl("tune", "--inventory", inventory, "--token-file", "token", cwd=folder)
    assert done.code == 1
    assert "does not let us in: 401" in done.err
    assert "wrong-secret" not in done.out + done.err


def test_a_token_does_not_leave_this_machine_without_tls(vddkctl: Vddkctl, folder: Path) -> None:
    (folder / "token").write_text("sesame")
    done = vddkctl("tune", "--inventory", "http://inventory.example.com", "--token-file", "token", cwd=folder)
    assert done.code == 1
    assert "a token is not sent without TLS" in done.err
    assert "sesame" not in done.out + done.err


def test_one_provider_of_the_inventory(vddkctl: Vddkctl, folder: Path, inventory: str) -> None:
    (folder / "token").write_text("sesame\n")
    words = ("tune", "--inventory", inventory, "--token-file", "token", "--output", "json")
    found = json.loads(vddkctl(*words, "--provider", "test", cwd=folder).out)["providers"]
    assert [each["provider"] for each in found] == ["test"]
    assert vddkctl(*words, "--provider", "nobody", cwd=folder).code == 1


FORKLIFT = """\
apiVersion: forklift.konveyor.io/v1beta1
kind: ForkliftController
metadata: {name: forklift-controller, namespace: mtv}
spec: {controller_max_vm_inflight: 7}
---
apiVersion: forklift.konveyor.io/v1beta1
kind: Provider
metadata: {name: prod, namespace: mtv}
spec: {type: vsphere, url: "https://VC1.example.com/sdk", secret: {}}
---
apiVersion: forklift.konveyor.io/v1beta1
kind: Provider
metadata: {name: far, namespace: vms}
spec: {type: vsphere, url: "https://vc2.example.com:443/sdk", secret: {}}
"""


@pytest.fixture
def gitops(folder: Path) -> Path:
    (folder / "gitops").mkdir()
    (folder / "gitops" / "forklift.yaml").write_text(FORKLIFT)
    return folder


def test_disks_at_the_same_time_are_what_the_controller_says(vddkctl: Vddkctl, gitops: Path) -> None:
    rows = "".join(f"prod,vm{number},10\n" for number in range(9))
    (gitops / "disks.csv").write_text("provider,vm,size_gb\n" + rows)
    done = vddkctl("tune", "--csv", "disks.csv", cwd=gitops)
    assert "  memory    64 × 64 KiB × 4 × 7 disks = 112 MiB\n" in done.out
    said = "Disks at the same time: 7, as controller.mtv/forklift-controller says"
    assert said in done.out
    done = vddkctl("tune", "--csv", "disks.csv", "--concurrent", "3", cwd=gitops)
    assert "Disks at the same time: 3, as --concurrent says" in done.out
    (gitops / "site.yaml").unlink()
    done = vddkctl("tune", "--csv", "disks.csv", cwd=gitops)
    assert (done.code, done.err) == (0, "")
    assert "Disks at the same time: 20, Forklift's default" in done.out


def test_a_table_of_vcenters_is_one_of_the_providers_that_stand_for_them(
    vddkctl: Vddkctl, gitops: Path
) -> None:
    head = "VM,Disk,Capacity MiB,VI SDK Server\n"
    (gitops / "disks.csv").write_text(f"{head}a,d,409600,vc1.example.com\nb,d,1024,vc2.example.com\n")
    done = vddkctl("tune", "--csv", "disks.csv", "--write", cwd=gitops)
    assert done.code == 0, done.err
    text = (gitops / "site.yaml").read_text()
    assert "    buffers: {sizeIn64K: 256, count: 16}   # by hand\n" in text
    assert text.endswith("  vms/far:\n    aio: true\n    buffers: small\n")
    (gitops / "disks.csv").write_text(f"{head}a,d,409600,vc9.example.com\n")
    done = vddkctl("tune", "--csv", "disks.csv", "--write", cwd=gitops)
    assert done.code == 64
    assert "vc9.example.com is a vCenter" in done.err
    assert (gitops / "site.yaml").read_text() == text
    done = vddkctl("tune", "--csv", "disks.csv", "--provider", "test", "--write", cwd=gitops)
    assert done.code == 0
    assert "  test: {vddkImage: inherit, aio: true, buffers: large}\n" in (gitops / "site.yaml").read_text()


RULES = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {name: s}
cluster: {manifests: ./gitops}
providers:
  mtv/prod: {aio: true}   # with its namespace
  "vms/*":                # all others
    vddkImage: h.io/vddk:8
    aio: true
    buffers: small
"""


def test_an_entry_that_takes_the_place_of_a_rule_keeps_its_image(vddkctl: Vddkctl, gitops: Path) -> None:
    (gitops / "site.yaml").write_text(RULES)
    (gitops / "disks.csv").write_text("provider,vm,size_gb\nvms/far,a,60\nprod,b,60\n")
    done = vddkctl("tune", "--csv", "disks.csv", "--write", cwd=gitops)
    assert done.code == 0, done.err
    assert (gitops / "site.yaml").read_text() == RULES.replace(
        "{aio: true}   #", "{aio: true, buffers: medium}   #"
    ) + "  vms/far:\n    vddkImage: h.io/vddk:8\n    aio: true\n    buffers: medium\n"
    assert vddkctl("validate", cwd=gitops).code == 0
    assert vddkctl("plan", cwd=gitops).code == 0


def test_what_a_rule_says_already_is_not_written_again(vddkctl: Vddkctl, gitops: Path) -> None:
    (gitops / "site.yaml").write_text(RULES)
    (gitops / "disks.csv").write_text("provider,vm,size_gb\nvms/far,a,6\n")
    done = vddkctl("tune", "--csv", "disks.csv", "--write", cwd=gitops)
    assert "site.yaml says so already." in done.err
    assert (gitops / "site.yaml").read_text() == RULES


@pytest.mark.parametrize("name", ["Prod", "a b", "edge-*", "a/b/c"])
def test_what_is_no_providers_name_is_not_written(vddkctl: Vddkctl, gitops: Path, name: str) -> None:
    (gitops / "disks.csv").write_text(f"provider,vm,size_gb\n{name},a,6\n")
    done = vddkctl("tune", "--csv", "disks.csv", "--write", cwd=gitops)
    assert done.code == 1
    assert "is no provider's name" in done.err
    assert (gitops / "site.yaml").read_text() == SPEC


def test_a_table_does_without_a_cluster_that_is_gone(vddkctl: Vddkctl, folder: Path) -> None:
    (folder / "site.yaml").write_text(SPEC.replace("{manifests: ./gitops}", "{context: gone}"))
    done = vddkctl("tune", "--csv", "disks.csv", cwd=folder)
    assert done.code == 0
    assert "Not looked at: " in done.err
    assert "Disks at the same time: 20, Forklift's default" in done.out
    assert "Traceback" not in done.err


def test_without_a_table_there_has_to_be_a_cluster(vddkctl: Vddkctl, folder: Path) -> None:
    (folder / "site.yaml").unlink()
    done = vddkctl("tune", cwd=folder)
    assert done.code == 1
    assert "there is no kubeconfig" in done.err
