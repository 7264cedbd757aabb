import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vddkctl.demo.elf_writer import shared_object
from vddkctl.vddk.elf import HEAD_BYTES, MOST_NEEDED, TAIL_BYTES, ElfFacts, ElfProbe


def probe(data: bytes, step: int = 65_536) -> ElfProbe:
    probe = ElfProbe()
    for start in range(0, len(data), step):
        probe.feed(data[start : start + step])
    return probe


def system_libraries() -> list[Path]:
    folders = [
        Path(p) for p in ("/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib64") if Path(p).is_dir()
    ]
    names = ("libc.so.6", "libm.so.6", "libz.so.1", "libstdc++.so.6", "libpthread.so.0")
    return [path for folder in folders for name in names if (path := folder / name).exists()]


def test_real_libraries_of_this_machine_have_the_soname_they_are_called_by() -> None:
    libraries = system_libraries()
    assert libraries
    for path in libraries:
        facts = probe(path.read_bytes()).result()
        assert facts is not None
        assert (facts.soname, facts.bits, facts.kind) == (path.name, 64, "shared")


def test_readelf_reads_what_is_assembled_here(tmp_path: Path) -> None:
    readelf = shutil.which("readelf")
    path = tmp_path / "libx.so"
    path.write_bytes(shared_object("libvixDiskLib.so.8", total=9000).ljust(9000, b"x"))
    assert probe(path.read_bytes()).result() == ElfFacts(
        "x86_64", 64, "shared", "libvixDiskLib.so.8", loads=True
    )
    if readelf:
        done = subprocess.run([readelf, "-d", path], capture_output=True, text=True, check=True)
        assert "Library soname: [libvixDiskLib.so.8]" in done.stdout
        assert done.stderr == ""


def _moved(where: int, size: int) -> bytes:
    """A library of ``size`` bytes whose dynamic section and strings lie at ``where``."""
    start = bytearray(shared_object("libmoved.so.3", total=size).ljust(size, b"\0"))
    moved = where
    struct.pack_into("<Q", start, 64 + 56 + 8, moved)  # PT_DYNAMIC's file offset
    tags = [(14, 1), (5, moved + 512), (10, 15), (0, 0)]
    start[moved : moved + 64] = b"".join(struct.pack("<QQ", *tag) for tag in tags)
    start[moved + 512 : moved + 527] = b"\0libmoved.so.3\0"
    return bytes(start)


@pytest.mark.parametrize(
    ("where", "size"),
    [
        (4096, 8192),
        (HEAD_BYTES - 600, HEAD_BYTES),
        (HEAD_BYTES + 100, HEAD_BYTES + 2000),
        (HEAD_BYTES + TAIL_BYTES + 1000, HEAD_BYTES + 2 * TAIL_BYTES),
    ],
    ids=["head", "end of the head", "behind the head", "tail"],
)
def test_the_soname_is_found_where_patchelf_may_put_it(where: int, size: int) -> None:
    facts = probe(_moved(where, size), 1_000_003).result()
    assert facts is not None
    assert facts.soname == "libmoved.so.3"


def test_a_dynamic_section_in_the_middle_of_a_large_file_is_kept() -> None:
    size = HEAD_BYTES + 3 * TAIL_BYTES
    data = bytearray(_moved(HEAD_BYTES + 1000, size))
    # The strings stay in the head; only the dynamic section is where nothing else is kept.
    struct.pack_into("<Q", data, HEAD_BYTES + 1000 + 24, 8192)
    data[8192:8207] = b"\0libmoved.so.3\0"
    facts = probe(bytes(data), 1_000_003).result()
    assert facts is not None
    assert facts.soname == "libmoved.so.3"


@pytest.mark.parametrize(
    ("data", "facts"),
    [
        (b"", None),
        (b"\x7fELF", None),
        (b"libvixDiskLib.so.8", None),
        (b"\x7fELF" + bytes(60), None),
        (shared_object(None, total=400), ElfFacts("x86_64", 64, "shared", None, loads=True)),
        (shared_object("a.so", machine="aarch64", total=400), ElfFacts("aarch64", 64, "shared", "a.so", loads=True)),
        # An ELF header for 32-bit big-endian PowerPC, and one for a machine without a name here.
        (b"\x7fELF\1\2\1" + bytes(9) + struct.pack(">HH", 3, 20) + bytes(40), ElfFacts("ppc", 32, "shared", None)),
        (b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HH", 9, 999) + bytes(44), ElfFacts("machine-999", 64, "type-9", None)),
    ],
)  # fmt: skip
def test_headers(data: bytes, facts: ElfFacts | None) -> None:
    assert probe(data).result() == facts


def test_a_program_that_wants_a_loader_says_so() -> None:
    facts = probe(Path(sys.executable).resolve().read_bytes()).result()
    assert facts is not None
    assert (facts.loads, facts.interpreter) == (True, True)


@given(st.data())
def test_any_damage_is_survived_and_the_pieces_do_not_matter(data: st.DataObject) -> None:
    whole = bytearray(shared_object("libvixDiskLib.so.8", total=600))
    for _ in range(data.draw(st.integers(0, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    assert probe(cut, data.draw(st.integers(1, 700))).result() == probe(cut).result()


def test_readelf_names_the_same_needed_libraries() -> None:
    readelf = shutil.which("readelf")
    if readelf is None:
        pytest.skip("no readelf here")
    for path in system_libraries():
        facts = probe(path.read_bytes()).result()
        done = subprocess.run([readelf, "-dW", path], capture_output=True, text=True, check=True)
        told = [line.split("[")[1].rstrip("]") for line in done.stdout.splitlines() if "(NEEDED)" in line]
        assert facts is not None
        assert list(facts.needed) == told, path


def test_needed_libraries_are_told_in_order_and_within_bounds() -> None:
    names = [f"lib{number}.so.1" for number in range(2 * MOST_NEEDED)]
    facts = probe(shared_object("libx.so.1", total=60_000, needed=names)).result()
    assert facts is not None
    assert facts.soname == "libx.so.1"
    assert list(facts.needed) == names[:MOST_NEEDED]


@pytest.mark.skipif(sys.platform != "linux", reason="a program of Linux")
def test_the_assembled_program_runs(tmp_path: Path) -> None:
    machine = os.uname().machine
    if machine not in ("x86_64", "aarch64"):
        pytest.skip("not assembled for this machine")
    path = tmp_path / "tool"
    path.write_bytes(shared_object(None, machine=machine, total=9000, says="done").ljust(9000, b"\0"))
    path.chmod(0o755)
    assert subprocess.run([path], capture_output=True, check=True).stdout == b"done\n"
