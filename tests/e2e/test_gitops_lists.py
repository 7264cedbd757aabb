"""Entries of lists in a folder of manifests: storage maps and service accounts, with every other byte as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Completed, Vddkctl

SITE = "apiVersion: vddkctl.dev/v1alpha1\nkind: Site\nmetadata: {name: fra}\ncluster: {manifests: ./gitops}\n"
CONTROLLER = """\
apiVersion: forklift.konveyor.io/v1beta1
kind: ForkliftController
metadata: {name: forklift-controller, namespace: openshift-mtv}
spec: {}
"""
MAP_HEAD = """\
apiVersion: forklift.konveyor.io/v1beta1
kind: StorageMap
metadata: {name: offload}
"""
MAPS = """\
storageMaps:
  offload:
    offload:
      datastore.1: {vendor: flashsystem, secret: flash}
      datastore-42: {vendor: flashsystem, secret: flash}
"""
ACCOUNTS = (
    "pullSecrets:\n  pull: {registry: harbor.example.com, namespaces: [vms], serviceAccounts: [default]}\n"
)
ACCOUNT_HEAD = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: vms}\n"
NONE = "providers: {}\n"


class Folder:
    """A site with one manifest of its own."""

    def __init__(self, root: Path, vddkctl: Vddkctl) -> None:
        self.root, self.vddkctl = root, vddkctl
        (root / "gitops").mkdir()
        (root / "gitops" / "forklift.yaml").write_text(CONTROLLER)

    def write(self, spec: str) -> None:
        (self.root / "site.yaml").write_text(SITE + spec)

    def put(self, text: str, name: str = "own.yaml") -> None:
        (self.root / "gitops" / name).write_text(text)

    def text(self, name: str = "own.yaml") -> str:
        return (self.root / "gitops" / name).read_text()

    def run(self, *words: str) -> Completed:
        return self.vddkctl(*words, cwd=self.root)

    def apply(self) -> Completed:
        return self.run("apply", "--auto-approve")


@pytest.fixture
def folder(tmp_path: Path, vddkctl: Vddkctl) -> Folder:
    return Folder(tmp_path, vddkctl)


BLOCK = (
    MAP_HEAD
    + """\
spec:
  map:
    # the fast one
    - source: {name: datastore.1}   # by name
      destination:
        storageClass: fast
    - destination: {storageClass: slow}
      source:
        id: datastore-42            # by id
      offloadPlugin:
        vsphereXcopyConfig:
          secretRef: "old"          # of before
          storageVendorProduct: ontap
    - source: {name: other}
      destination: {storageClass: slow}
      offloadPlugin: {vsphereXcopyConfig: {secretRef: a, storageVendorProduct: ontap}}
  provider: {}
"""
)
BLOCK_SET = BLOCK.replace(
    "        storageClass: fast\n",
    "        storageClass: fast\n      offloadPlugin:\n        vsphereXcopyConfig:\n"
    "          secretRef: flash\n          storageVendorProduct: flashsystem\n",
)
BLOCK_SET = BLOCK_SET.replace('secretRef: "old" ', 'secretRef: "flash" ').replace(
    "Product: ontap\n    - ", "Product: flashsystem\n    - "
)
FLOW = (
    MAP_HEAD
    + "spec: {map: [{source: {name: datastore.1}}, {source: {id: datastore-42}, destination: {}}]}  # all\n"
)
CONFIG = "offloadPlugin: {vsphereXcopyConfig: {secretRef: flash, storageVendorProduct: flashsystem}}"
FLOW_SET = (
    MAP_HEAD
    + f"spec: {{map: [{{source: {{name: datastore.1}}, {CONFIG}}}, {{source: {{id: datastore-42}}, destination: {{}}, "
    + f"{CONFIG}}}]}}  # all\n"
)


@pytest.mark.parametrize(("before", "after"), [(BLOCK, BLOCK_SET), (FLOW, FLOW_SET)], ids=["block", "flow"])
def test_offload_settings_are_set_and_every_other_byte_stays(folder: Folder, before: str, after: str) -> None:
    folder.put(before)
    folder.write(MAPS)
    ended = folder.apply()
    assert ended.code == 0, ended.err
    assert folder.text() == after
    assert "No changes" in folder.run("plan").out
    assert folder.run("drift").code == 0


def test_taken_out_of_the_spec_they_go(folder: Folder) -> None:
    clean = BLOCK.replace(
        '      offloadPlugin:\n        vsphereXcopyConfig:\n          secretRef: "old"          # of before\n'
        "          storageVendorProduct: ontap\n    - ",
        "    - ",
    )
    folder.put(clean)
    folder.write(MAPS)
    assert folder.apply().code == 0
    assert folder.text() != clean
    folder.write(NONE)
    ended = folder.apply()
    assert (ended.code, "no-longer-declared" in ended.out) == (0, True)
    assert folder.text() == clean


def test_what_somebody_else_changed_is_drift_and_put_back(folder: Folder) -> None:
    folder.put(BLOCK)
    folder.write(MAPS)
    assert folder.apply().code == 0
    folder.put(BLOCK_SET.replace('"flash"', '"theirs"'))
    found = folder.run("drift")
    assert (found.code, "datastore-42" in found.out, "datastore.1" in found.out) == (3, True, False)
    assert folder.apply().code == 0
    assert folder.text() == BLOCK_SET


def test_a_list_that_an_alias_shares_is_left_alone_with_a_reason(folder: Folder) -> None:
    shared = "spec:\n  map: &all\n    - source: {name: datastore.1}\n    - source: {id: datastore-42}\n  copy: *all\n"
    folder.put(MAP_HEAD + shared)
    folder.write(MAPS)
    ended = folder.apply()
    assert ended.code == 1
    assert "spec.map is no list of its own" in ended.out
    assert folder.text() == MAP_HEAD + shared


def test_a_map_and_a_datastore_that_are_not_there_are_mistakes(folder: Folder) -> None:
    folder.write(MAPS)
    assert "no StorageMap offload in ./gitops" in folder.run("plan").err
    folder.put(FLOW.replace("datastore-42", "other"))
    assert "no entry for datastore datastore-42; it has: datastore.1, other" in folder.run("plan").err


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'imagePullSecrets: [{"name": "pull"}]\n'),
        ("imagePullSecrets: []\n", 'imagePullSecrets: [{"name": "pull"}]\n'),
        (
            "imagePullSecrets:\n- name: quay   # theirs\n# end\n",
            "imagePullSecrets:\n- name: quay   # theirs\n- name: pull\n# end\n",
        ),
        (
            "imagePullSecrets:\n  - name: a\n  - {name: b}\nsecrets: []\n",
            "imagePullSecrets:\n  - name: a\n  - {name: b}\n  - name: pull\nsecrets: []\n",
        ),
        ("imagePullSecrets: [{name: a}]  # x\n", 'imagePullSecrets: [{name: a}, {"name": "pull"}]  # x\n'),
        ("imagePullSecrets:\n- name: pull\n", "imagePullSecrets:\n- name: pull\n"),
    ],
)
def test_a_service_account_gets_its_pull_secret_and_gives_it_back(
    folder: Folder, before: str, after: str
) -> None:
    folder.put(ACCOUNT_HEAD + before)
    folder.write(ACCOUNTS)
    ended = folder.apply()
    assert ended.code == 0, ended.out + ended.err
    assert folder.text() == ACCOUNT_HEAD + after
    assert "No changes" in folder.run("plan").out
    folder.write(NONE)
    assert folder.apply().code == 0
    if before != "imagePullSecrets: []\n":  # what was found stays, what was set goes
        assert folder.text() == ACCOUNT_HEAD + before
    assert ("pull\n" in folder.text().removeprefix(ACCOUNT_HEAD)) == (before == after)


def test_the_login_itself_is_not_written_and_that_is_said(folder: Folder) -> None:
    (folder.root / "auth.json").write_text('{"auths": {"harbor.example.com": {"auth": "cm9ib3Q6dDBrZW4="}}}')
    folder.put(ACCOUNT_HEAD)
    folder.write(ACCOUNTS)
    ended = folder.vddkctl(
        "apply", "--auto-approve", cwd=folder.root, env={"REGISTRY_AUTH_FILE": str(folder.root / "auth.json")}
    )
    assert ended.code == 0
    assert "secret.vms/pull: no login is written into a folder that is kept in Git" in ended.out
    assert "kubectl create secret docker-registry pull -n vms" in ended.out
    texts = [path.read_text() for path in (folder.root / "gitops").rglob("*") if path.is_file()]
    assert not any("t0ken" in text or "cm9ib3Q6" in text for text in texts)


def test_a_service_account_without_a_manifest_is_a_mistake(folder: Folder) -> None:
    folder.put(ACCOUNT_HEAD.replace("default", "other"))
    folder.write(ACCOUNTS)
    ended = folder.run("plan")
    assert ended.code == 1
    assert "site.yaml:6:" in ended.err
    assert "no ServiceAccount default in ./gitops, namespace vms" in ended.err


CREATE = """\
providers:
  new:
    aio: true
    create:
      url: https://vcenter.example.com/sdk
      insecureSkipVerify: true
      credentials: {username: {env: A}, password: {env: B}}
"""


def test_a_provider_is_not_created_where_its_password_would_be_for_all_to_read(folder: Folder) -> None:
    folder.write(CREATE)
    ended = folder.vddkctl("apply", "--auto-approve", cwd=folder.root, env={"A": "user", "B": "s3same"})
    assert ended.code == 1
    assert "site.yaml:8:5: provider new is not in ./gitops, and is not created there" in ended.err
    assert (
        "its Secret holds a password, which is never written into a folder that is kept in Git" in ended.err
    )


def test_one_whose_manifest_is_there_is_set_up_as_any_other(folder: Folder) -> None:
    body = "spec: {type: vsphere, url: 'https://old.example.com/sdk'}\n"
    head = "apiVersion: forklift.konveyor.io/v1beta1\nkind: Provider\nmetadata: {name: new}\n"
    folder.put(head + body)
    folder.write(CREATE)
    ended = folder.apply()
    assert ended.code == 0, ended.err
    assert "https://vcenter.example.com/sdk" in folder.text()
    assert "useVddkAioOptimization: 'true'" in folder.text()
    assert "No changes" in folder.run("plan").out


def test_manifests_of_other_things_are_not_looked_at_unasked(folder: Folder) -> None:
    folder.put(ACCOUNT_HEAD + "---\n" + ACCOUNT_HEAD)
    folder.put(MAP_HEAD + "---\n" + MAP_HEAD, "maps.yaml")
    folder.write(NONE)
    assert folder.run("plan").code == 0
    folder.write(ACCOUNTS)
    assert "ServiceAccount vms/default is here and at" in folder.run("plan").err
