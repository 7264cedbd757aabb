"""Layers that were made to hurt: whatever they hold, there is an answer, in bounded time and memory."""

import gzip
import io
import tarfile
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.verify.made import (
    BASE,
    ROOT,
    Layout,
    RawLayer,
    as_it_is,
    copied,
    failures,
    file,
    folder,
    items_of,
    link,
    only,
    tar,
    vendor_archive,
    warnings,
    zipped,
)
from vddkctl.demo.archive_writer import Item
from vddkctl.oci.digest import digest_of
from vddkctl.report.verify_text import verify_text
from vddkctl.verify import Status, Verification


def beside(layout: Layout, archive: Path, *items: Item) -> Verification:
    """The archive's layer on a base, and these entries in a layer of their own."""
    layout.put(zipped(BASE), zipped(tar(*items)), as_it_is(archive))
    return layout.verify(archive)


def test_a_large_extended_header(layout: Layout, archive: Path) -> None:
    verification = beside(layout, archive, file("a"), file("x", pax={"comment": "z" * (1 << 20)}))
    assert failures(verification) == ["layer"]
    assert "has an extended header of impossible size" in only(verification, "layer").message


def test_long_names(layout: Layout, archive: Path) -> None:
    verification = beside(layout, archive, file("n" * 5000))
    assert failures(verification) == ["layer"]
    assert "which has a name of more than 4096 bytes" in only(verification, "layer").message
    assert len(only(verification, "layer").message) < 500


def test_names_that_steer_a_terminal_are_written_out(layout: Layout, archive: Path) -> None:
    verification = beside(
        layout, archive, file("\x1b[2J/id_rsa"), file("a\nb/../x"), file(f"{ROOT}/lib64/\u202e\x9b.so")
    )
    assert "changes" in failures(verification)
    assert "secrets" in warnings(verification)
    text = verify_text(verification, "a\x1b[31m")
    assert not set(text) & {"\x1b", "\x9b", "\u202e"}
    assert "\\x1b[2J/id_rsa is named as an SSH key" in text


def test_a_user_or_command_that_steers_a_terminal(layout: Layout, archive: Path) -> None:
    layout.put(zipped(BASE), as_it_is(archive), User="\x1b[2J", Entrypoint=["\x1b[2J"], Env=["\x1bTOKEN=x"])
    verification = layout.verify(archive)
    assert failures(verification) == ["user", "program", "environment"]
    assert "\x1b" not in verify_text(verification, "x")


def test_every_kind_of_entry_in_a_base(layout: Layout, archive: Path) -> None:
    """What tar can hold, and the vendor's archive must not."""
    items = [
        Item("dev/console", "device", mode=0o600),
        Item("run/pipe", "fifo"),
        link("etc/abs", "/usr/etc"),
        link("etc/out", "../../../etc"),
        link("etc/same", "run/pipe", "hardlink"),
        file("usr/bin/su", b"x", 0o4755),
        file("huge-owner", uid=2**40),
        file("caps", pax={"SCHILY.xattr.security.capability": "\x01\x00"}),
        folder("secret-place", 0o700),
        file("\udcff\udcfe"),
    ]
    verification = beside(layout, archive, *items)
    assert (failures(verification), warnings(verification)) == ([], [])


def test_a_tar_in_gnu_s_format_with_sparse_files(layout: Layout, archive: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as made:
        long = tarfile.TarInfo("d/" * 60 + "name")
        made.addfile(long)
    layout.put(zipped(BASE), zipped(stream.getvalue()), as_it_is(archive))
    assert failures(layout.verify(archive)) == []


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Layout, Path]:
    root = tmp_path_factory.mktemp("hostile")
    return Layout(root), vendor_archive(root)


def survives(layout: Layout, archive: Path, layer: RawLayer) -> None:
    before = threading.active_count()
    descriptor = layout.put(zipped(BASE), layer, tag=None)
    for expected in (None, archive):
        verification = layout.verify(expected, descriptor=descriptor)
        assert all(check.message for check in verification.checks)
        assert all(check.hint for check in verification.checks if check.status is not Status.PASS)
        assert verify_text(verification, "x").isprintable() or "\n" in verify_text(verification, "x")
    assert threading.active_count() == before


anything = settings(suppress_health_check=[HealthCheck.too_slow])


@given(st.binary(max_size=3000))
@anything
def test_any_bytes_for_a_layer(place: tuple[Layout, Path], data: bytes) -> None:
    layout, archive = place
    for content in (data, b"\x1f\x8b\x08" + data, gzip.compress(data), b"\x28\xb5\x2f\xfd" + data):
        survives(layout, archive, RawLayer(content, digest_of(data)))


@given(st.data())
@anything
def test_any_damage_to_the_vendors_layer(place: tuple[Layout, Path], data: st.DataObject) -> None:
    """Its digests are right: it was pushed like that."""
    layout, archive = place
    plain = bytearray(gzip.decompress(as_it_is(archive).content))
    for _ in range(data.draw(st.integers(1, 6))):
        header = data.draw(st.integers(0, len(plain) // 512 - 1)) * 512
        plain[header + data.draw(st.integers(0, 511))] ^= data.draw(st.integers(1, 255))
    survives(layout, archive, zipped(bytes(plain)))


paths = st.sampled_from(
    [
        ROOT,
        f"{ROOT}/lib64",
        f"{ROOT}/lib64/libssl.so",
        f"{ROOT}/doc",
        "bin",
        "bin/cp",
        "usr",
        "usr/bin",
        "x",
        "",
    ]
)
whites = st.sampled_from(["", ".wh.", ".wh..wh.opq", ".wh..wh..opq"])


@st.composite
def entries(draw: st.DrawFn) -> Item:
    path, mark, kind = (
        draw(paths),
        draw(whites),
        draw(st.sampled_from(["file", "folder", "symlink", "hardlink"])),
    )
    head, _, name = path.rpartition("/")
    target = draw(paths | st.sampled_from(["..", "/", "../..", "."]))
    return Item(
        f"{head}/{mark}{name}".lstrip("/") or ".", kind, b"x", mode=draw(st.integers(0, 0o777)), link=target
    )


@given(st.lists(st.lists(entries(), max_size=6), min_size=1, max_size=3))
@anything
def test_any_layers_over_the_vendors(place: tuple[Layout, Path], layers: list[list[Item]]) -> None:
    layout, archive = place
    before = threading.active_count()
    above = [zipped(tar(*items)) for items in layers]
    descriptor = layout.put(zipped(BASE), copied(archive), *above, tag=None)
    verification = layout.verify(archive, descriptor=descriptor)
    assert ("libraries" in {check.check for check in verification.checks}) or not verification.holds
    assert threading.active_count() == before


@given(st.data())
@anything
def test_one_byte_of_one_file_is_found_by_the_comparison(
    place: tuple[Layout, Path], data: st.DataObject
) -> None:
    layout, archive = place
    items = [item for item in items_of(archive) if item.kind == "file"]
    chosen = data.draw(st.sampled_from(items))
    content = bytearray(chosen.data)
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    other = replace(chosen, data=bytes(content))
    layer = copied(archive, lambda all_: [other if item.name == other.name else item for item in all_])
    verification = layout.verify(archive, descriptor=layout.put(zipped(BASE), layer, tag=None))
    assert "archive" in failures(verification)
    assert f"{other.name.removeprefix(ROOT)[1:]} has other contents" in only(verification, "archive").message
