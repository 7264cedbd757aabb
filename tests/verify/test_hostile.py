"""Layers that were made to hurt: whatever they hold, there is an answer, in bounded time and memory."""

import gzip
import io
import tarfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from vddkctl.verify import Status, Verification, overlay, reading


def beside(layout: Layout, archive: Path, *items: Item) -> Verification:
    """The archive's layer on a base, and these entries in a layer of their own."""
    layout.put(zipped(BASE), zipped(tar(*items)), as_it_is(archive))
    return layout.verify(archive)


def test_a_bomb_is_not_read_to_its_end(
    layout: Layout, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MUCH", replace(reading.MUCH, unpacked=8 << 20))
    big = tar(file("zeros", bytes(16 << 20)))
    layout.put(zipped(BASE), as_it_is(archive), zipped(big))
    verification = layout.verify(archive)
    assert failures(verification) == ["layer"]
    assert "a decompression bomb, or more than can be looked into" in only(verification, "layer").message


def sparse(name: str, size: int) -> bytes:
    """A file that is one large hole."""
    keys = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": name}
    info = tarfile.TarInfo(name)
    info.size, info.pax_headers = 512, {**keys, "GNU.sparse.realsize": str(size)}
    body = f"1\n{size}\n0\n".encode().ljust(512, b"\0")
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape") + body + bytes(1024)


@pytest.mark.parametrize(
    "make", [lambda name: tar(file(name, bytes(6 << 20))), lambda name: sparse(name, 6 << 20)]
)
def test_bombs_in_several_layers_are_counted_together(
    layout: Layout, archive: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[str], bytes]
) -> None:
    monkeypatch.setattr(reading, "MUCH", replace(reading.MUCH, unpacked=10 << 20, sparse=10 << 20))
    one, two = zipped(make("one")), zipped(make("two"))
    layout.put(zipped(BASE), as_it_is(archive), one)
    assert failures(layout.verify(archive)) == []
    layout.put(zipped(BASE), as_it_is(archive), one, two)
    verification = layout.verify(archive)
    assert failures(verification) == ["layer"]
    assert "with the layers before it" in only(verification, "layer").message


def test_of_small_files_no_contents_are_kept(
    layout: Layout, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []
    add = overlay.Overlay._add

    def weigh(self: overlay.Overlay, item: Item, digest: str) -> None:
        kept.append(len(item.found.head))
        add(self, item, digest)

    monkeypatch.setattr(overlay.Overlay, "_add", weigh)
    beside(layout, archive, *(file(f"{ROOT}/doc/{number}", bytes(1024)) for number in range(200)))
    assert len(kept) > 200
    assert sum(size >= 1024 for size in kept) < 20


def of_type(kind: bytes, plain: bytes) -> bytes:
    """The same tar, its first entry of another type."""
    header = bytearray(plain[:512])
    header[156:157], header[148:156] = kind, b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + plain[512:]


def named_for_all(key: str, value: str) -> bytes:
    return tarfile.TarInfo.create_pax_global_header({key: value})


@pytest.mark.parametrize(
    ("layer", "what"),
    [
        (of_type(b"7", tar(file("etc/x"))), "etc/x is of tar's type 7, which not every runtime unpacks"),
        (
            of_type(b"S", tar(file("etc/x", b""))),
            "etc/x is a sparse file in GNU tar's old form, which not every runtime unpacks",
        ),
        (of_type(b"V", tar(file("etc/x"))), "etc/x is of a type that no runtime unpacks"),
        (tar(file("a"), file("./a")), "a is in it twice: podman and CRI-O refuse that"),
        (tar(folder("d"), folder("d/")), "d is in it twice: podman and CRI-O refuse that"),
        (
            named_for_all("path", "etc/y") + tar(file("etc/x")),
            "etc/y takes its path from a global pax header, which not every runtime heeds",
        ),
        (
            tar(file("etc/x"), file("etc/.wh.x", b"")),
            "etc/.wh.x takes away what the same layer has put there: runtimes differ on that",
        ),
        (
            tar(link("etc/y", "etc/nothing", "hardlink")),
            "etc/y is a hard link to etc/nothing, which no layer has put there before",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_runtimes_refuse_or_unpack_otherwise(
    layout: Layout, archive: Path, layer: bytes, what: str
) -> None:
    layout.put(zipped(BASE), zipped(layer), as_it_is(archive))
    verification = layout.verify(archive)
    assert failures(verification) == ["layer"]
    assert only(verification, "layer").message == what


def test_a_global_header_that_names_no_entry_is_none_of_it(layout: Layout, archive: Path) -> None:
    """As git archive writes it."""
    layout.put(zipped(BASE), zipped(named_for_all("comment", "0" * 40) + tar(file("x"))), as_it_is(archive))
    assert failures(layout.verify(archive)) == []


def test_a_hard_link_into_a_lower_layer_is_a_warning(layout: Layout, archive: Path) -> None:
    """podman makes it on some of its storage drivers."""
    verification = beside(layout, archive, link("etc/y", "bin/busybox", "hardlink"))
    assert (failures(verification), warnings(verification)) == ([], ["layer"])


def test_zero_bytes_behind_the_gzip_stream(layout: Layout, archive: Path) -> None:
    layer = zipped(tar(file("etc/x")))
    layout.put(zipped(BASE), replace(layer, content=layer.content + bytes(512)), as_it_is(archive))
    verification = layout.verify(archive)
    assert failures(verification) == ["layer"]
    message = only(verification, "layer").message
    assert message == "512 zero bytes follow its gzip stream, which runtimes refuse"


def test_zeros_in_a_base_are_no_bomb(layout: Layout, archive: Path) -> None:
    """Unlike in the vendor's archive: a base may have an empty database, or a log that is one large hole."""
    layer = zipped(tar(file("var/log/lastlog", bytes(80 << 20))))
    assert len(layer.content) < 200_000
    layout.put(zipped(BASE), layer, as_it_is(archive))
    assert failures(layout.verify(archive)) == []


def test_what_is_kept_is_bounded_for_all_layers_together(
    layout: Layout, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "KEPT", replace(reading.KEPT, entries=100))
    many = [zipped(tar(*(folder(f"{name}{number}") for number in range(40)))) for name in "ab"]
    layout.put(zipped(BASE), *many, as_it_is(archive))
    verification = layout.verify(archive)
    assert failures(verification)[0] == "layer"
    assert (
        "has more than 100 entries: this is more than can be looked into"
        in only(verification, "layer").message
    )


def test_files_of_a_base_are_not_kept(layout: Layout, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "KEPT", replace(reading.KEPT, entries=60))
    assert (
        failures(beside(layout, archive, *(file(f"usr/share/doc/{number}") for number in range(500)))) == []
    )


def test_entries_are_bounded(layout: Layout, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MUCH", replace(reading.MUCH, entries=100))
    verification = beside(layout, archive, *(file(f"n{number}") for number in range(101)))
    assert failures(verification) == ["layer"]


def test_links_that_lead_through_each_other_are_bounded(
    layout: Layout, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlay, "_MAX_STEPS", 5000)
    links = [link(f"l{number}", f"l{number + 1}/x/x/x") for number in range(100)]
    through = [folder(f"l{number}/y") for number in range(100)]
    verification = beside(layout, archive, *links, *through)
    assert "links" in failures(verification)
    assert only(verification, "links").message == "has links that lead through too many others"


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
