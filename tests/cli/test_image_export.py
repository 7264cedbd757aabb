from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.conftest import ROOT, Vddkctl
from tests.registry.copies import attested, put
from tests.registry.samples import base_image
from tests.support.sites import SiteOnDisk
from vddkctl.oci.descriptor import OCI_LAYER, Blob, Content, Descriptor
from vddkctl.oci.digest import digest_of
from vddkctl.oci.image import Image
from vddkctl.oci.reference import parse


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """In the layout ``here``, as 1."""
    image = base_image()
    put(tmp_path, parse("oci:here:1"), image)
    return image


def test_what_an_export_says(vddkctl: Vddkctl, image: Image, tmp_path: Path) -> None:
    done = vddkctl("image", "export", "oci:here:1", "image.tar")
    assert (done.code, done.err) == (0, "")
    kilobytes = (tmp_path / "image.tar").stat().st_size / 1000
    assert done.out == (
        f"image.tar\n  digest  {image.descriptor.digest}\n  from    oci:here:1\n"
        f"  format  oci-archive, {kilobytes:.1f} kB\n"
    )


def test_the_same_as_data(vddkctl: Vddkctl, image: Image, tmp_path: Path) -> None:
    words = ("--format", "docker-archive", "--output", "json")
    done = vddkctl("image", "export", "oci:here:1", "image.tar", *words)
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == {
        "formatVersion": "1.0",
        "source": "oci:here:1",
        "digest": image.descriptor.digest,
        "mediaType": image.descriptor.media_type,
        "file": "image.tar",
        "format": "docker-archive",
        "size": (tmp_path / "image.tar").stat().st_size,
    }


def test_an_image_of_the_spec_is_called_as_the_cluster_calls_it(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    done = vddkctl("image", "export", "vddk-8", "image.tar", "--format", "docker-archive", cwd=applied.root)
    assert (done.code, done.err) == (0, "")
    with tarfile.open(applied.root / "image.tar") as archive:
        stream = archive.extractfile("manifest.json")
        assert stream
        [told] = json.load(stream)
    assert told["RepoTags"] == ["registry.example.com/vddk:8.0.1"]


def test_what_is_there_is_written_over_only_with_force(
    vddkctl: Vddkctl, image: Image, tmp_path: Path
) -> None:
    (tmp_path / "image.tar").write_text("mine")
    done = vddkctl("image", "export", "oci:here:1", "image.tar")
    assert (done.code, done.out, done.err) == (
        1,
        "",
        (
            "Error: image.tar: cannot export oci:here:1: there is a file already, and it stays as it is\n"
            "  name another one, or write over it with --force\n"
        ),
    )
    assert (tmp_path / "image.tar").read_text() == "mine"
    assert vddkctl("image", "export", "oci:here:1", "image.tar", "--force").code == 0
    device = vddkctl("image", "export", "oci:here:1", "/dev/full", "--force")
    assert (device.code, device.err.splitlines()[0]) == (
        1,
        "Error: /dev/full: cannot export oci:here:1: it is there, and it is no file",
    )


def test_standard_output_is_no_file(vddkctl: Vddkctl, image: Image) -> None:
    done = vddkctl("image", "export", "oci:here:1", "-")
    assert (done.code, done.out) == (64, "")


def test_several_platforms_need_a_choice_for_docker(vddkctl: Vddkctl, tmp_path: Path) -> None:
    put(tmp_path, parse("oci:here:1"), attested())
    words = ("image", "export", "oci:here:1", "image.tar", "--format", "docker-archive")
    refused = vddkctl(*words)
    assert (refused.code, "choose one with --platform" in refused.err) == (1, True)
    assert not (tmp_path / "image.tar").exists()
    assert vddkctl(*words, "--platform", "linux/arm64").code == 0


def large(root: Path) -> Image:
    """An image of 3 MB, in the layout ``here`` as 1."""
    content = os.urandom(3_000_000)
    layer = Blob(Descriptor(OCI_LAYER, digest_of(content), len(content)), Content(content))
    small = base_image()
    config = small.blobs[-1]
    data = {**json.loads(small.manifest), "layers": [layer.descriptor.to_json()]}
    manifest = json.dumps(data).encode()
    descriptor = Descriptor(small.descriptor.media_type, digest_of(manifest), len(manifest))
    image = Image(descriptor, manifest, small.config, (layer, config))
    put(root, parse("oci:here:1"), image)
    return image


def started(root: Path, *before: str) -> subprocess.Popen[bytes]:
    words = ("-m", "vddkctl", "image", "export", "oci:here:1", "image.tar")
    return subprocess.Popen(
        [*before, sys.executable, *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_file_that_may_not_become_so_large_is_not_there(tmp_path: Path) -> None:
    large(tmp_path)
    with started(tmp_path, "prlimit", "--fsize=1000000") as command:
        out, err = command.communicate()
    assert (command.returncode, out) == (1, b"")
    assert err.decode() == (
        "Error: image.tar: cannot export oci:here:1: the file may not become that large\n"
        "  write to another file system, or look at the limit: ulimit -f\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def _stopped(command: subprocess.Popen[bytes], number: signal.Signals) -> tuple[bytes, bytes]:
    """What it says when it is stopped. Python can miss a signal that comes just before a read that never ends."""
    while True:
        command.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return command.communicate(timeout=5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_export_that_is_stopped_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    image = large(tmp_path)
    layer = tmp_path / "here/blobs/sha256" / image.blobs[0].descriptor.digest.removeprefix("sha256:")
    content = layer.read_bytes()
    layer.unlink()
    os.mkfifo(layer)
    with started(tmp_path) as command, layer.open("wb", buffering=0) as pipe:  # opens when it is being read
        pipe.write(content[:100_000])
        assert len([path for path in tmp_path.iterdir() if path.name.startswith(".vddkctl-")]) == 1
        out, err = _stopped(command, number)
    assert (command.returncode, out, err) == (130, b"", b"Interrupted.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["here"]
