from __future__ import annotations

import io
import json
import struct
import tarfile
from pathlib import Path

import pytest

from vddkctl.demo.base import find_busybox, make_base
from vddkctl.errors import ImageError
from vddkctl.oci.platform import Platform
from vddkctl.oci.reference import parse
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.registry.read import read_base


def program(*segments: int, machine: int = 62) -> bytes:
    """An ELF program of nothing but headers."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0, 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    return header + b"".join(struct.pack("<II48x", kind, 5) for kind in segments)


def test_the_base_holds_busybox_and_what_a_container_expects(tmp_path: Path) -> None:
    (tmp_path / "busybox").write_bytes(program(1))
    digest = make_base(tmp_path / "base", "1", tmp_path / "busybox")
    base = read_base(LayoutRegistry(tmp_path), parse("oci:base:1"), Platform("linux", "amd64"))
    assert base.digest == digest
    assert base.config.runtime["Env"] == ["PATH=/bin"]
    with base.layers[0].source.open() as stream, tarfile.open(fileobj=io.BytesIO(stream.read())) as archive:
        entries = {entry.name: entry for entry in archive}
    assert (entries["tmp"].mode, entries["opt"].mode, entries["bin/busybox"].mode) == (0o1777, 0o755, 0o755)
    assert {"sh", "cp", "ls", "cat", "mkdir"} <= {
        name.removeprefix("bin/") for name, entry in entries.items() if entry.linkname == "busybox"
    }
    assert entries["etc/passwd"].isreg()


def test_the_same_busybox_gives_the_same_base_anywhere(tmp_path: Path) -> None:
    (tmp_path / "busybox").write_bytes(program(1))
    first = make_base(tmp_path / "a", "1", tmp_path / "busybox")
    assert make_base(tmp_path / "b" / "c", "latest", tmp_path / "busybox") == first


def test_the_base_is_for_the_processor_of_its_busybox(tmp_path: Path) -> None:
    (tmp_path / "busybox").write_bytes(program(1, machine=183))
    digest = make_base(tmp_path / "base", "1", tmp_path / "busybox")
    manifest = json.loads(LayoutRegistry(tmp_path).manifest(parse("oci:base"), digest))
    config = tmp_path / "base" / "blobs" / "sha256" / manifest["config"]["digest"].removeprefix("sha256:")
    assert json.loads(config.read_bytes())["architecture"] == "arm64"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (program(1, 3), "it is not a static program"),
        (program(), "it is not a static program"),
        (b"#!/bin/sh\n", "it is not a static program"),
        (program(1, machine=999), "it is for a processor that images have no name for"),
    ],
)
def test_what_is_no_static_program_is_refused(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "busybox").write_bytes(content)
    with pytest.raises(ImageError) as caught:
        make_base(tmp_path / "base", "1", tmp_path / "busybox")
    assert (caught.value.where, caught.value.what) == (str(tmp_path / "busybox"), what)
    assert not (tmp_path / "base").exists()


def test_only_a_static_busybox_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "busybox").write_bytes(program(1, 3))
    (tmp_path / "busybox").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_busybox()
    assert found in {None, Path("/bin/busybox"), Path("/usr/bin/busybox")}
    (tmp_path / "busybox").write_bytes(program(1))
    assert find_busybox() == (found or tmp_path / "busybox")
