import gzip
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from vddkctl.build.archive import check_platform, inspect
from vddkctl.build.archive.identity import identify, open_identified
from vddkctl.demo.archive_writer import write_archive
from vddkctl.demo.sample import make_archive, sample_items, sample_name
from vddkctl.errors import ArchiveError
from vddkctl.progress import Silent
from vddkctl.vddk.archive import LinkChain

Archive = Callable[..., Path]


def test_one_pass_tells_everything(archive: Archive) -> None:
    path = archive()
    raw = path.read_bytes()
    plain = gzip.decompress(raw)

    facts = inspect(path, progress=Silent())

    assert (facts.sha256, facts.md5) == (hashlib.sha256(raw).hexdigest(), hashlib.md5(raw).hexdigest())
    assert facts.diff_id == f"sha256:{hashlib.sha256(plain).hexdigest()}"
    assert (facts.size, facts.unpacked_size, facts.entries) == (len(raw), len(plain), 25)
    assert (facts.version, facts.name_version, facts.build) == ("8.0.1", "8.0.1", "21562716")
    assert (facts.machine, facts.soname, facts.released) == ("x86_64", "libvixDiskLib.so.8", 1_680_307_200)
    assert (facts.obstacles, facts.published, facts.verbatim) == ((), None, True)
    assert [(library.path, library.soname) for library in facts.libraries][:2] == [
        ("lib64/libcrypto.so.3", "libcrypto.so.3"),
        ("lib64/libcurl.so.4.8.0", "libcurl.so.4"),
    ]
    assert facts.links == (
        LinkChain("lib64", ("libcrypto.so", "libcrypto.so.3"), False),
        LinkChain("lib64", ("libcurl.so", "libcurl.so.4", "libcurl.so.4.8.0"), False),
        LinkChain("lib64", ("libssl.so", "libssl.so.3"), False),
        LinkChain("lib64", ("libvixDiskLib.so", "libvixDiskLib.so.8", "libvixDiskLib.so.8.0.1"), False),
    )


def test_the_diff_id_is_what_gunzip_and_sha256sum_say(tmp_path: Path) -> None:
    path = make_archive(tmp_path / "a.tar.gz", size=4_000_000)
    shell = f"gunzip -c '{path}' | sha256sum"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)
    facts = inspect(path, progress=Silent())
    assert facts.diff_id == f"sha256:{done.stdout.split()[0]}"
    assert (facts.name_version, facts.build) == (None, None)


def test_one_gzip_member_or_many_is_the_same_archive(archive: Archive, tmp_path: Path) -> None:
    many = archive()
    one = tmp_path / "one" / many.name
    one.parent.mkdir()
    one.write_bytes(gzip.compress(gzip.decompress(many.read_bytes())))
    first, second = inspect(many, progress=Silent()), inspect(one, progress=Silent())
    assert first.sha256 != second.sha256
    assert replace(second, sha256=first.sha256, md5=first.md5, size=first.size) == first


@pytest.mark.parametrize("version", ["7.0.3", "8.0.1", "9.1.0.0"])
def test_every_style_of_version_is_read_from_contents_and_name(tmp_path: Path, version: str) -> None:
    path = write_archive(tmp_path / sample_name(version, "25379531"), sample_items(version=version))
    facts = inspect(path, progress=Silent())
    assert (facts.version, facts.name_version, facts.build) == (version, version, "25379531")
    assert facts.soname == f"libvixDiskLib.so.{version[0]}"


def test_another_version_in_the_name_is_a_fact_not_an_error(tmp_path: Path) -> None:
    path = write_archive(tmp_path / sample_name("8.0.3"), sample_items(version="8.0.1"))
    facts = inspect(path, progress=Silent())
    assert (facts.version, facts.name_version) == ("8.0.1", "8.0.3")


def test_a_declared_checksum_binds(archive: Archive) -> None:
    path = archive()
    actual = hashlib.sha256(path.read_bytes()).hexdigest()
    assert inspect(path, declared_sha256=actual.upper(), progress=Silent()).sha256 == actual
    with pytest.raises(ArchiveError) as caught:
        inspect(path, declared_sha256="0" * 64, progress=Silent())
    assert str(caught.value) == (
        f"{path}: is not the declared file: its SHA-256 is {actual}, declared is {'0' * 64}\n"
        "  download it again; if this is the right file, declare its checksum"
    )


def test_progress_counts_the_bytes_of_the_file(archive: Archive) -> None:
    class Counting:
        label, total, done = "", 0, 0

        def task(self, label: str, total: int | None, unit: str = "bytes") -> "Counting":
            self.label, self.total = label, total or 0
            return self

        def __enter__(self) -> "Counting":
            return self

        def __exit__(self, *exc: object) -> None:
            return None

        def advance(self, amount: int) -> None:
            self.done += amount

    path, counting = archive(), Counting()
    inspect(path, progress=counting)
    assert (counting.label, counting.total, counting.done) == (
        f"read {path.name}", path.stat().st_size, path.stat().st_size,
    )  # fmt: skip


def test_a_file_that_changes_while_it_is_read_is_refused(archive: Archive) -> None:
    class Appending(Silent):
        def task(self, label: str, total: int | None, unit: str = "bytes"):  # type: ignore[no-untyped-def]
            with path.open("ab") as file:
                file.write(b"more")
            return super().task(label, total, unit)

    path = archive()
    with pytest.raises(ArchiveError, match="was changed meanwhile"):
        inspect(path, progress=Appending())


def test_a_file_that_is_replaced_is_noticed_when_it_is_opened_again(archive: Archive) -> None:
    path = archive()
    identity = identify(path)
    data = path.read_bytes()
    path.unlink()
    path.with_suffix(".new").write_bytes(data)
    path.with_suffix(".new").rename(path)
    with pytest.raises(ArchiveError, match="was changed meanwhile"):
        open_identified(path, identity)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "there is no such file\n  check the path; download the archive first"),
        (lambda path: path.mkdir(), "is a folder\n  name the vendor's .tar.gz file"),
        (lambda path: os.mkfifo(path), "is not a regular file\n  name the vendor's .tar.gz file"),
        (lambda path: path.symlink_to(path.name), "cannot be read: "),
        (lambda path: path.touch(), "is empty\n  download it again, and compare its checksum with the vendor's"),
        (lambda path: path.write_bytes(b"\0"), "is not gzip\n  name the vendor's .tar.gz file"),
        (lambda path: path.write_bytes(b"PK\3\4"), "is not gzip, but a zip file\n"),
        (lambda path: path.write_bytes(b"<html>"), "is not gzip, but an HTML page\n"),
        (lambda path: path.write_bytes(gzip.compress(b"x")), "holds no tar archive\n"),
        (lambda path: path.write_bytes(gzip.compress(b"x" * 999)), "holds no tar archive\n"),
        (lambda path: path.write_bytes(gzip.compress(b"")), "has no folder vmware-vix-disklib-distrib; it is empty"),
    ],
)  # fmt: skip
def test_what_is_no_archive_at_all(tmp_path: Path, make: Callable[[Path], None], message: str) -> None:
    path = tmp_path / "a.tar.gz"
    make(path)
    with pytest.raises(ArchiveError) as caught:
        inspect(path, progress=Silent())
    assert str(caught.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            PermissionError(13, "Permission denied"),
            "no permission to read it\n  make it readable for this user",
        ),
        (
            OSError(5, "Input/output error"),
            "cannot be read: Input/output error\n  check the path and the disk",
        ),
        (FileNotFoundError(2, "gone"), "there is no such file\n  check the path; download the archive first"),
    ],
)
def test_a_file_that_cannot_be_opened(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, error: OSError, message: str
) -> None:
    def failing(*args: object) -> int:
        raise error

    path = archive()
    monkeypatch.setattr(os, "open", failing)
    with pytest.raises(ArchiveError) as caught:
        inspect(path, progress=Silent())
    assert str(caught.value) == f"{path}: {message}"


def test_an_interrupt_ends_the_process_at_once_and_without_noise(tmp_path: Path) -> None:
    program = """
import os, signal, sys
from pathlib import Path
from vddkctl.build.archive import inspect
from vddkctl.progress import Silent

class Interrupting(Silent):
    done = 0
    def task(self, label, total, unit="bytes"):
        return self
    def __enter__(self):
        return self
    def __exit__(self, *exc):
        return None
    def advance(self, amount):
        before, self.done = self.done, self.done + amount
        if before <= 2_000_000 < self.done:
            os.kill(os.getpid(), signal.SIGINT)

try:
    inspect(Path(sys.argv[1]), progress=Interrupting())
except KeyboardInterrupt:
    print("interrupted")
"""
    path = make_archive(tmp_path / "a.tar.gz", size=10_000_000)
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", program, path],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n", "")


@pytest.mark.parametrize(
    ("platform", "machine", "error"),
    [
        ("linux/amd64", "x86_64", None),
        ("linux/arm64", "aarch64", None),
        ("linux/arm64", "x86_64", "the libraries are for x86_64, the image is to be for linux/arm64"),
        ("linux/amd64", "aarch64", "the libraries are for aarch64, the image is to be for linux/amd64"),
        ("linux/amd64/v2", "x86_64", None),
        ("linux/arm/v7", "arm", None),
        ("linux/amd64/v2", "i386", "the libraries are for i386, the image is to be for linux/amd64/v2"),
        ("windows/amd64", "x86_64", "the libraries are for x86_64, the image is to be for windows/amd64"),
        ("linux/amd64", "x32", "the libraries are for x32, the image is to be for linux/amd64"),
    ],
)
def test_platforms(archive: Archive, platform: str, machine: str, error: str | None) -> None:
    facts = replace(inspect(archive(), progress=Silent()), machine=machine)
    check_platform(facts, platform, allow=True)
    if error is None:
        check_platform(facts, platform, allow=False)
        return
    with pytest.raises(ArchiveError) as caught:
        check_platform(facts, platform, allow=False, where="a.tar.gz")
    assert (caught.value.where, caught.value.what) == ("a.tar.gz", error)
    assert "x86-64 only" in caught.value.hint


MEASURE = """
import sys
from pathlib import Path
from vddkctl.build.archive import inspect
from vddkctl.build.normalise import normalise
from vddkctl.progress import Silent

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))

path = Path(sys.argv[1])
facts = inspect(path, progress=Silent())
print(peak())
normalise(path, facts, None, Silent())
print(peak())
"""


def test_memory_stays_flat(tmp_path: Path) -> None:
    path = make_archive(tmp_path / "a.tar.gz", size=40_000_000)
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, path],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    inspecting, normalising = map(int, done.stdout.split())
    assert inspecting < 60
    assert normalising < 80
