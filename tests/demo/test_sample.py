import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from vddkctl.build.archive import inspect
from vddkctl.demo.archive_writer import Item, write_archive
from vddkctl.demo.sample import make_archive, sample_name
from vddkctl.progress import Silent

ROOT = "vmware-vix-disklib-distrib"


@pytest.mark.parametrize("size", [1_000_000, 12_000_000])
def test_the_size_is_about_what_is_asked_for(tmp_path: Path, size: int) -> None:
    path = make_archive(tmp_path / "a.tar.gz", size=size)
    assert 0.9 * size < path.stat().st_size < 1.1 * size
    facts = inspect(path, progress=Silent())
    assert facts.verbatim
    assert 2.2 < facts.unpacked_size / facts.size < 2.7


def test_the_bytes_are_the_same_each_time(tmp_path: Path) -> None:
    digests = {
        hashlib.sha256(make_archive(tmp_path / name, size=2_000_000).read_bytes()).hexdigest()
        for name in ("a.tar.gz", "b.tar.gz")
    }
    assert len(digests) == 1


def test_gzip_and_tar_read_it(tmp_path: Path) -> None:
    path = make_archive(tmp_path / "a.tar.gz", size=2_000_000, lib32=True)
    gzip_tool, tar_tool = shutil.which("gzip"), shutil.which("tar")
    assert gzip_tool
    assert tar_tool
    subprocess.run([gzip_tool, "-t", path], check=True, capture_output=True)
    done = subprocess.run([tar_tool, "tzf", path], check=True, capture_output=True, text=True)
    assert f"{ROOT}/lib32/libvixDiskLib.so" in done.stdout.splitlines()
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("odd", "private", "owners", "modes"),
    [
        (True, False, {201}, {0o755, 0o444, 0o555, 0o777}),
        (False, False, {0}, {0o755, 0o644, 0o777}),
        (True, True, {201}, {0o755, 0o440, 0o744, 0o777}),
    ],
)
def test_owners_and_modes(
    tmp_path: Path, odd: bool, private: bool, owners: set[int], modes: set[int]
) -> None:
    path = make_archive(tmp_path / "a.tar.gz", size=100_000, odd=odd, private=private)
    with tarfile.open(path) as tar:
        found = tar.getmembers()
    assert {info.uid for info in found} == owners
    assert {info.mode for info in found} == modes
    assert inspect(path, progress=Silent()).verbatim is not private


def test_names_are_in_the_vendors_two_styles() -> None:
    assert sample_name() == "VMware-vix-disklib-8.0.1-21562716.x86_64.tar.gz"
    assert sample_name("9.1.0.0", "25379531") == "VMware-vix-disklib-9.1.0.0.25379531.x86_64.tar.gz"


@pytest.mark.parametrize("fill", [0, 1, 511, 512, 1_048_576, 1_048_577, 3_000_000])
def test_filler_of_any_length_is_filled_up_to_whole_blocks(tmp_path: Path, fill: int) -> None:
    path = write_archive(tmp_path / "a.tar.gz", [Item("a", data=b"head", fill=fill), Item("b", data=b"next")])
    with tarfile.open(path) as tar:
        assert [(info.name, info.size) for info in tar] == [("a", fill + 4), ("b", 4)]
        file = tar.extractfile("b")
        assert file
        assert file.read() == b"next"
