"""Independent witnesses of a layout and of the image in it: skopeo reads and copies it, buildah runs it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from vddkctl.build.archive import inspect
from vddkctl.build.layer import layer_of
from vddkctl.build.native import build
from vddkctl.demo.base import find_busybox, make_base
from vddkctl.demo.sample import make_archive
from vddkctl.oci.image import Image, ImageIndex
from vddkctl.oci.platform import parse_platform
from vddkctl.oci.reference import parse
from vddkctl.progress import Silent
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.registry.push import push
from vddkctl.registry.read import read_base

LIBRARY = "vmware-vix-disklib-distrib/lib64/libvixDiskLib.so"


def run(*words: str | Path, **environment: str) -> str:
    done = subprocess.run(
        list(map(str, words)), capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 0, f"{' '.join(map(str, words))}: {done.stderr}"
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def _tools() -> None:
    missing = [tool for tool in ("skopeo", "buildah", "file") if shutil.which(tool) is None]
    if find_busybox() is None:
        missing.append("busybox-static")
    assert not missing, f"these tests need programs that are not here: apt-get install {' '.join(missing)}"


@dataclass(frozen=True)
class Made:
    """One archive, its image, and the layout that the image was pushed to."""

    root: Path
    archive: Path
    image: Image | ImageIndex


def make(root: Path, *, private: bool, platforms: tuple[str, ...] = ("linux/amd64",)) -> Made:
    busybox = find_busybox()
    assert busybox
    archive = make_archive(
        root / "VMware-vix-disklib-8.0.1-21562716.x86_64.tar.gz", size=2_000_000, private=private
    )
    make_base(root / "base", "1", busybox)
    registry = LayoutRegistry(root)
    facts = inspect(archive, progress=Silent())
    layer, source = layer_of(archive, facts, None, Silent())
    wanted = [parse_platform(text) for text in platforms]
    bases = {platform: read_base(registry, parse("oci:base:1"), platform) for platform in wanted}
    image = build(facts, layer, source, wanted, bases, "")
    push(registry, parse("oci:images:8.0.1"), image, Silent())
    return Made(root, archive, image)


@pytest.fixture(scope="module")
def verbatim(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("verbatim"), private=False)


@pytest.fixture(scope="module")
def normalised(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("normalised"), private=True)


def test_skopeo_sees_the_image_and_the_archive_as_its_last_layer(verbatim: Made) -> None:
    seen = json.loads(run("skopeo", "inspect", f"oci:{verbatim.root}/images:8.0.1"))
    assert seen["Digest"] == verbatim.image.descriptor.digest
    assert seen["Layers"][-1] == f"sha256:{hashlib.sha256(verbatim.archive.read_bytes()).hexdigest()}"
    assert (seen["Architecture"], seen["Os"]) == ("amd64", "linux")
    assert seen["Labels"]["org.opencontainers.image.version"] == "8.0.1"
    assert seen["Created"] == seen["Labels"]["org.opencontainers.image.created"]


def test_the_blob_is_the_archive_by_sha256sum_and_cmp(verbatim: Made) -> None:
    hexadecimal = run("sha256sum", verbatim.archive).split()[0]
    run("cmp", verbatim.archive, verbatim.root / "images" / "blobs" / "sha256" / hexadecimal)


@pytest.mark.parametrize("kind", ["oci", "dir"])
def test_skopeo_copies_the_image_whole(verbatim: Made, tmp_path: Path, kind: str) -> None:
    target = f"oci:{tmp_path}/copy:8.0.1" if kind == "oci" else f"dir:{tmp_path}/copy"
    run("skopeo", "copy", f"oci:{verbatim.root}/images:8.0.1", target)
    assert json.loads(run("skopeo", "inspect", target))["Digest"] == verbatim.image.descriptor.digest


def test_a_layout_that_skopeo_wrote_is_read_and_pushed_to(verbatim: Made, tmp_path: Path) -> None:
    run("skopeo", "copy", f"oci:{verbatim.root}/base:1", f"oci:{tmp_path}/theirs:h.example/busybox:1")
    registry = LayoutRegistry(tmp_path)
    amd64 = parse_platform("linux/amd64")
    base = read_base(registry, parse("oci:theirs:h.example/busybox:1"), amd64)
    original = read_base(LayoutRegistry(verbatim.root), parse("oci:base:1"), amd64)
    assert (base.digest, base.config) == (original.digest, original.config)
    push(registry, parse("oci:theirs:8.0.1"), verbatim.image, Silent())
    for name, digest in (("h.example/busybox:1", base.digest), ("8.0.1", verbatim.image.descriptor.digest)):
        assert json.loads(run("skopeo", "inspect", f"oci:{tmp_path}/theirs:{name}"))["Digest"] == digest


def test_skopeo_copies_an_index_with_all_its_images(tmp_path: Path) -> None:
    made = make(tmp_path, private=False, platforms=("linux/amd64", "linux/amd64/v2"))
    assert isinstance(made.image, ImageIndex)
    run("skopeo", "copy", "--all", f"oci:{tmp_path}/images:8.0.1", f"oci:{tmp_path}/copy:8.0.1")
    registry = LayoutRegistry(tmp_path)
    found = registry.resolve(parse("oci:copy:8.0.1"))
    assert found is not None
    assert found.digest == made.image.descriptor.digest
    for image in made.image.images:
        assert registry.manifest(parse("oci:copy:8.0.1"), image.descriptor.digest) == image.manifest
        for blob in image.all_blobs:
            assert registry.has_blob(parse("oci:copy:8.0.1"), blob.descriptor)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A container storage of its own; vfs works wherever there are files."""
    config = tmp_path / "storage.conf"
    folders = "".join(f'{name} = "{tmp_path}/{name}"\n' for name in ("runroot", "graphroot"))
    config.write_text(f'[storage]\ndriver = "vfs"\n{folders}')
    environment = {"CONTAINERS_STORAGE_CONF": str(config)}
    yield environment
    run("buildah", "rm", "--all", **environment)
    run("buildah", "rmi", "--all", "--force", **environment)


@pytest.mark.parametrize("kind", ["verbatim", "normalised"])
def test_the_entrypoint_leaves_the_libraries_in_opt_when_anyone_runs_it(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, storage: dict[str, str]
) -> None:
    made: Made = request.getfixturevalue(kind)
    opt = tmp_path / "opt"
    opt.mkdir()
    opt.chmod(0o777)
    name = run("buildah", "from", "--quiet", f"oci:{made.root}/images:8.0.1", **storage).strip()
    config = json.loads(run("buildah", "inspect", name, **storage))["OCIv1"]["config"]
    assert (config["User"], config.get("Cmd")) == ("1001", None)
    words = (
        "buildah",
        "run",
        "--isolation",
        "chroot",
        "--cap-drop",
        "all",
        "--user",
        "107",
        "-v",
        f"{opt}:/opt",
        name,
    )
    run(*words, "--", *config["Entrypoint"], **storage)
    library = opt / LIBRARY
    assert [library.readlink().name, library.with_name(library.readlink().name).readlink().name] == [
        "libvixDiskLib.so.8",
        "libvixDiskLib.so.8.0.1",
    ]
    assert library.read_bytes()[:4] == b"\x7fELF"
    assert library.stat().st_uid == 107
    assert not [path for path in opt.rglob("*") if not path.exists()]
    assert "ELF 64-bit LSB shared object, x86-64" in run("file", "-L", library)
    assert run(*words, "--", "sh", "-c", f"cat /opt/{LIBRARY} | wc -c", **storage).strip() == str(
        library.stat().st_size
    )
