"""Every bad input, at the command line: what a person reads, and the exit code. The golden files are to be read, too."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from tests.conftest import Completed, Golden, Vddkctl
from vddkctl.demo.archive_writer import Item, write_archive
from vddkctl.demo.base import find_busybox, make_base
from vddkctl.demo.sample import make_archive, sample_items
from vddkctl.vddk.archive import ROOT

NAME = "VMware-vix-disklib-8.0.1-21562716.x86_64.tar.gz"
LIBRARY = f"{ROOT}/lib64/libvixDiskLib.so"


def told(what: str, words: Sequence[str], done: Completed) -> str:
    return f"# {what}\n$ vddkctl {' '.join(words)}\n{done.out}{done.err}(exit code {done.code})\n\n"


def with_item(item: Item) -> list[Item]:
    return [*sample_items(), item]


def instead_of(name: str, item: Item) -> list[Item]:
    return [item if old.name == name else old for old in sample_items()]


def entries() -> Iterator[tuple[str, list[Item]]]:
    yield "a tar without the root", [replace(i, name=i.name.replace(ROOT, "vddk")) for i in sample_items()]
    yield "an absolute path", with_item(Item("/etc/passwd", data=b"x"))
    yield "a path with ..", with_item(Item(f"{ROOT}/../../etc/passwd", data=b"x"))
    yield (
        "a link that leaves the root",
        with_item(Item(f"{ROOT}/lib64/out.so", "symlink", link="../../../etc/shadow")),
    )
    yield "an absolute link", with_item(Item(f"{ROOT}/lib64/out.so", "symlink", link="/etc/shadow"))
    yield "a hard link that leaves the root", with_item(Item(f"{ROOT}/x", "hardlink", link="etc/passwd"))
    yield "a device", with_item(Item(f"{ROOT}/null", "device"))
    yield "a pipe", with_item(Item(f"{ROOT}/pipe", "fifo"))
    yield "a name that deletes files in a layer", with_item(Item(f"{ROOT}/.wh.lib64"))
    yield "a link flattened to a text file", instead_of(LIBRARY, Item(LIBRARY, data=b"libvixDiskLib.so.8"))
    yield "no main library", [i for i in sample_items() if "libvixDiskLib" not in i.name]
    yield "a broken link", [i for i in sample_items() if not i.name.endswith("libvixDiskLib.so.8")]
    yield "a bomb", with_item(Item(f"{ROOT}/bomb", data=bytes(200_000_000)))


def files(folder: Path) -> Iterator[tuple[str, Callable[[Path], object]]]:
    good = make_archive(folder / "good.tar.gz", size=40_000).read_bytes()
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 0xFF
    tar = bytearray(gzip.decompress(good))
    tar[600] ^= 0xFF
    yield "not gzip", lambda path: path.write_bytes(b"PK\x03\x04" + bytes(1000))
    yield "empty", lambda path: path.write_bytes(b"")
    yield "truncated", lambda path: path.write_bytes(good[: len(good) // 2])
    yield "corrupt", lambda path: path.write_bytes(bytes(flipped))
    yield "a corrupt tar in a sound gzip", lambda path: path.write_bytes(gzip.compress(bytes(tar)))
    yield "a tail that is not gzip", lambda path: path.write_bytes(good + b"tail")
    yield "a folder", lambda path: path.mkdir()


def test_bad_archives(vddkctl: Vddkctl, golden: Golden, tmp_path: Path) -> None:
    text = ""
    words = ("archive", "inspect", NAME)
    for number, (what, make) in enumerate(files(tmp_path)):
        folder = tmp_path / f"file-{number}"
        folder.mkdir()
        make(folder / NAME)
        text += told(what, words, vddkctl(*words, cwd=folder))
    for number, (what, items) in enumerate(entries()):
        folder = tmp_path / f"entry-{number}"
        folder.mkdir()
        write_archive(folder / NAME, items)
        text += told(what, words, vddkctl(*words, cwd=folder))
    make_archive(tmp_path / NAME, size=40_000)
    for what, more in (
        ("no such file", ("archive", "inspect", "gone.tar.gz")),
        ("another checksum", (*words, "--sha256", "0" * 64)),
        ("another platform", (*words, "--platform", "linux/arm64")),
        ("no platform", (*words, "--platform", "arm")),
    ):
        text += told(what, more, vddkctl(*more, cwd=tmp_path))
    golden("bad-archives.txt", text.replace(str(tmp_path), "/downloads"))


SPEC = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {name: frankfurt}
cluster: {manifests: ./gitops}
images:
  vddk-8:
    archive: {path: ./ARCHIVE}
    repository: oci:./images/vddk
    tag: 8.0.1
    base: oci:./base:busybox
    clusterRepository: harbor.company.com/migration/vddk
controller: {vddkImage: vddk-8}
providers:
  vsphere-prod: {aio: true, buffers: small}
""".replace("ARCHIVE", NAME)

MANIFESTS = """\
apiVersion: forklift.konveyor.io/v1beta1
kind: ForkliftController
metadata: {name: forklift-controller, namespace: openshift-mtv}
spec: {}
---
apiVersion: forklift.konveyor.io/v1beta1
kind: Provider
metadata: {name: vsphere-prod, namespace: openshift-mtv}
spec: {type: vsphere}
"""


def test_bad_specs(vddkctl: Vddkctl, golden: Golden, tmp_path: Path) -> None:
    text = ""
    for what, spec in {
        "everything at once": SPEC.replace("repository:", "repositry:", 1)
        .replace("vddkImage: vddk-8", "vddkImage: vddk-9")
        .replace("buffers: small", "buffers: smal")
        .replace("tag: 8.0.1", "tag: 8.0"),
        "no YAML": "images: [",
        "empty": "",
        "two keys": SPEC + "controller: {}\n",
        "a tab": "images:\n\tvddk-8: {}\n",
        "another kind": SPEC.replace("kind: Site", "kind: Sites"),
        "a live cluster and a folder": SPEC.replace(
            "{manifests: ./gitops}", "{manifests: ./gitops, context: prod}"
        ),
        "not UTF-8": "\udcff",
    }.items():
        (tmp_path / "site.yaml").write_text(spec, errors="surrogateescape")
        text += told(what, ("validate",), vddkctl("validate", cwd=tmp_path))
    (tmp_path / "site.yaml").unlink()
    text += told("no spec", ("plan",), vddkctl("plan", cwd=tmp_path))
    golden("bad-specs.txt", text)


def test_bad_places(vddkctl: Vddkctl, golden: Golden, tmp_path: Path) -> None:
    make_archive(tmp_path / NAME, size=40_000)
    busybox = find_busybox()
    assert busybox, "install busybox-static"
    make_base(tmp_path / "base", "busybox", busybox)
    (tmp_path / "gitops").mkdir()
    manifests, site = tmp_path / "gitops" / "forklift.yaml", tmp_path / "site.yaml"
    text = ""

    def tried(what: str, *, spec: str = SPEC, yaml: str | None = MANIFESTS) -> str:
        site.write_text(spec)
        manifests.unlink(missing_ok=True)
        if yaml is not None:
            manifests.write_text(yaml)
        return told(what, ("plan",), vddkctl("plan", cwd=tmp_path))

    text += tried("no such folder", spec=SPEC.replace("./gitops", "./elsewhere"))
    text += tried("a folder without Forklift", yaml=None)
    text += tried("two objects of one name", yaml=f"{MANIFESTS}---\n{MANIFESTS.partition('---')[2]}")
    text += tried("YAML that does not parse", yaml=MANIFESTS + "  settings: {a: [}\n")
    text += tried("no such provider", spec=SPEC.replace("vsphere-prod:", "vsphere-prd:"))
    text += tried("a provider of another type", yaml=MANIFESTS.replace("type: vsphere", "type: ovirt"))
    text += tried("no such base", spec=SPEC.replace("base:busybox", "base:alpine"))
    text += tried(
        "another architecture", spec=SPEC.replace("    tag", "    platforms: [linux/arm64]\n    tag")
    )
    text += tried(
        "a checksum that is not the file's", spec=SPEC.replace(NAME, f"{NAME}, sha256: {'ab' * 32}")
    )
    text += tried("a variable that is not set", spec=SPEC.replace(f"./{NAME}", '"${VDDK}"'))
    text += tried("no such registry", spec=SPEC.replace("oci:./images/vddk", "localhost:1/vddk"))
    text += tried("not supported yet", spec=f"{SPEC}policy: {{conflicts: take}}\n")
    golden("bad-places.txt", text.replace(str(tmp_path), "/site"))
