"""The tar walker against Python's own: the same entries for whatever tarfile writes, and for GNU tar's formats."""

import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vddkctl.build.archive.tar import Entry, TarStream
from vddkctl.errors import ArchiveError

TYPES = {
    tarfile.REGTYPE: "file",
    tarfile.DIRTYPE: "folder",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink",
    tarfile.CHRTYPE: "device",
    tarfile.FIFOTYPE: "fifo",
}

part = st.text(st.characters(exclude_characters="\0/", codec="utf-8"), min_size=1, max_size=90)
names = st.lists(part, min_size=1, max_size=5).map("/".join)
ids = st.integers(0, 0o7777777) | st.integers(0, 2**40)


@st.composite
def infos(draw: st.DrawFn) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(draw(names))
    info.type = draw(st.sampled_from(sorted(TYPES)))
    data = draw(st.binary(max_size=1100)) if info.type == tarfile.REGTYPE else b""
    info.size = len(data)
    info.mode = draw(st.integers(0, 0o7777))
    info.uid, info.gid = draw(ids), draw(ids)
    info.mtime = draw(st.integers(0, 2**33))
    if info.type in (tarfile.SYMTYPE, tarfile.LNKTYPE):
        info.linkname = draw(names)
    return info, data


def chunks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def walk(data: bytes, size: int = 65_536) -> list[tuple[Entry, bytes]]:
    tar = TarStream(chunks(data, size), "a")
    return [(entry, b"".join(tar.content()) if entry.kind == "file" else b"") for entry in tar]


def witness(data: bytes) -> list[tuple[Entry, bytes]]:
    found = []
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for info in tar:
            content = tar.extractfile(info) if info.isreg() else None
            entry = Entry(
                info.name, TYPES[info.type], info.size, info.mode & 0o7777, info.uid, info.gid, int(info.mtime),  # type: ignore[arg-type]
                info.linkname,
            )  # fmt: skip
            found.append((entry, content.read() if content else b""))
    return found


def comparable(found: list[tuple[Entry, bytes]]) -> list[tuple[object, ...]]:
    return [
        (e.name.rstrip("/"), e.kind, e.size, e.mode, e.uid, e.gid, e.mtime, e.link, content)
        for e, content in found
    ]


@given(
    st.lists(infos(), max_size=6),
    st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT]),
    st.integers(1, 3000),
)
def test_it_lists_what_tarfile_lists(
    entries: list[tuple[tarfile.TarInfo, bytes]], form: int, size: int
) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for info, data in entries:
            try:
                tar.addfile(info, io.BytesIO(data))
            except ValueError:  # a name or a number that plain ustar cannot hold
                assert form == tarfile.USTAR_FORMAT
    assert comparable(walk(buffer.getvalue(), size)) == comparable(witness(buffer.getvalue()))


@given(st.lists(infos(), min_size=1, max_size=3), st.data())
def test_damage_is_an_archive_error_or_no_damage_at_all(
    entries: list[tuple[tarfile.TarInfo, bytes]], data: st.DataObject
) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, content in entries:
            tar.addfile(info, io.BytesIO(content))
    raw = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    refused: ArchiveError | None = None
    try:
        walk(cut)
    except ArchiveError as error:
        refused = error
    assert refused is None or refused.where == "a"


@pytest.mark.parametrize(
    "form", [["--format=gnu"], *(["--format=pax", f"--sparse-version={v}"] for v in ("0.0", "0.1", "1.0"))]
)
def test_sparse_files_of_gnu_tar_come_out_whole(tmp_path: Path, form: list[str]) -> None:
    content = bytearray(400_000)
    for place in range(0, 400_000, 20_480):
        content[place : place + 700] = bytes([place % 251 + 1]) * 700
    with (tmp_path / "sparse").open("wb") as file:
        for place in range(0, 400_000, 20_480):
            file.seek(place)
            file.write(content[place : place + 700])
        file.truncate(400_000)
    (tmp_path / "next").write_bytes(b"after")
    tar = shutil.which("tar")
    assert tar
    done = subprocess.run(
        [tar, "-cS", "--hole-detection=raw", *form, "-C", tmp_path, "sparse", "next"],
        capture_output=True, check=True,
    )  # fmt: skip
    assert len(done.stdout) < 300_000
    (sparse, whole), (after, text) = walk(done.stdout, 1000)
    assert (sparse.name, sparse.sparse, sparse.size, whole) == ("sparse", True, 400_000, bytes(content))
    assert (after.name, after.sparse, text) == ("next", False, b"after")


def test_contents_that_nobody_reads_are_passed_over() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in ("a", "b"):
            info = tarfile.TarInfo(name)
            info.size = 5000
            tar.addfile(info, io.BytesIO(b"x" * 5000))
    stream = TarStream(chunks(buffer.getvalue(), 100), "a")
    assert [entry.name for entry in stream] == ["a", "b"]
    assert (stream.ended, stream.trailing) == (True, False)


def _pax(body: bytes) -> bytes:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, len(body)
    return info.tobuf(tarfile.USTAR_FORMAT) + body + bytes(-len(body) % 512)


FILE = tarfile.TarInfo("f").tobuf(tarfile.USTAR_FORMAT)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (_pax(b"7 a=bc\n") + bytes(1024), "is damaged: it ends with an extended header that has no entry at byte 1536"),
        (_pax(b"99 a=bc\n") + FILE, "is damaged: it has a broken pax header, a record is not whole, at byte 1024"),
        (_pax(b"a=b\n") + FILE, "is damaged: it has a broken pax header, a record has no length, at byte 1024"),
        (_pax(b"12 size=-1\n\n") + FILE, "is damaged: it has a header that makes no sense (negative size) at byte 1536"),
        (_pax(b"12 mtime=x\n\n"[:12]) + FILE, "is damaged: it has a header that makes no sense "),
        (_pax(b"22 GNU.sparse.major=9\n") + FILE, "is damaged: it has a header that makes no sense (an unknown sparse format)"),
        (_pax(b"25 GNU.sparse.map=0,5,2,\n") + FILE, "is damaged: it has a header that makes no sense (a sparse map is not whole)"),
        (_pax(b"17 size=99999999\n") + FILE, "is damaged: it ends in the middle of an entry at byte 1536"),
    ],
)  # fmt: skip
def test_broken_headers_are_named(data: bytes, what: str) -> None:
    with pytest.raises(ArchiveError) as caught:
        walk(data)
    assert caught.value.what.startswith(what)


def test_sparse_files_that_unpack_to_too_much_are_refused() -> None:
    body = b"21 GNU.sparse.map=0,0\n"
    size = b"30 GNU.sparse.size=9999999999\n"
    with pytest.raises(ArchiveError, match="has sparse files that unpack to more than 1 GiB"):
        walk(_pax(b"22" + body[2:] + size) + FILE)
