"""Every archive that is refused, with the exact words."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from vddkctl.build.archive import bounds, inspect
from vddkctl.build.archive.refusal import DOWNLOAD_AGAIN, NOT_VENDORS, PACK_AGAIN
from vddkctl.demo.archive_writer import Item
from vddkctl.errors import ArchiveError
from vddkctl.progress import Silent

ROOT = "vmware-vix-disklib-distrib"
LIB = f"{ROOT}/lib64"

Archive = Callable[..., Path]
Change = Callable[[list[Item]], list[Item]]


def refusal(path: Path) -> ArchiveError:
    with pytest.raises(ArchiveError) as caught:
        inspect(path, progress=Silent())
    return caught.value


def adding(*items: Item) -> Change:
    return lambda entries: [*entries, *items]


def without(*endings: str) -> Change:
    return lambda entries: [item for item in entries if not item.name.endswith(endings)]


def instead(name: str, **changes: object) -> Change:
    return lambda entries: [replace(item, **changes) if item.name == name else item for item in entries]


def renamed_root(entries: list[Item]) -> list[Item]:
    return [replace(item, name=item.name.replace(ROOT, "vddk")) for item in entries]


def link(name: str, target: str, kind: str = "symlink") -> Item:
    return Item(name, kind, link=target)


ENTRIES: list[tuple[Change, str, str, str]] = [
    # What is changed, the entry that is named, what is said of it, the hint.
    (adding(Item("/etc/passwd")), "/etc/passwd", "has an absolute path", NOT_VENDORS),
    (adding(Item(f"{ROOT}/../x")), f"{ROOT}/../x", "has a path with ..", NOT_VENDORS),
    (adding(Item(f"{ROOT}/null", "device")), f"{ROOT}/null", "is a device", NOT_VENDORS),
    (adding(Item(f"{ROOT}/pipe", "fifo")), f"{ROOT}/pipe", "is a named pipe", NOT_VENDORS),
    (
        adding(Item(f"{ROOT}/doc/.wh.intro.htm")),
        f"{ROOT}/doc/.wh.intro.htm",
        "has the name of a whiteout: in an image it would delete files of the base",
        NOT_VENDORS,
    ),
    (
        adding(Item(f"{ROOT}/\x1b[2Jx\udcff", "fifo")),
        f"{ROOT}/\\x1b[2Jx\\udcff",
        "is a named pipe",
        NOT_VENDORS,
    ),
    (
        adding(link(f"{LIB}/liba.so", "/usr/lib/liba.so")),
        f"{LIB}/liba.so",
        f"is a link to /usr/lib/liba.so, outside {ROOT}",
        NOT_VENDORS,
    ),
    (
        adding(link(f"{LIB}/liba.so", "../../liba.so")),
        f"{LIB}/liba.so",
        f"is a link to ../../liba.so, outside {ROOT}",
        NOT_VENDORS,
    ),
    (
        # What a later entry replaces counts as well.
        adding(link(f"{LIB}/liba.so", "/usr/lib/liba.so"), link(f"{LIB}/liba.so", "libssl.so")),
        f"{LIB}/liba.so",
        f"is a link to /usr/lib/liba.so, outside {ROOT}",
        NOT_VENDORS,
    ),
    (
        adding(link(f"{LIB}/liba.so", "a/../../../x"), link(f"{LIB}/liba.so", "libssl.so")),
        f"{LIB}/liba.so",
        f"is a link to a/../../../x, outside {ROOT}",
        NOT_VENDORS,
    ),
    (
        adding(link(f"{ROOT}/x", "/etc/passwd", "hardlink"), link(f"{ROOT}/x", f"{ROOT}/doc/README.txt", "hardlink")),
        f"{ROOT}/x",
        f"is a hard link to /etc/passwd, outside {ROOT}",
        NOT_VENDORS,
    ),
    (
        adding(link(f"{ROOT}/x", f"{ROOT}/no", "hardlink"), link(f"{ROOT}/x", f"{ROOT}/doc/README.txt", "hardlink")),
        f"{ROOT}/x",
        f"is a hard link to {ROOT}/no, which is not in the archive",
        NOT_VENDORS,
    ),
    (
        lambda entries: [Item(f"{LIB}/libssl.so.3", data=b"MZ" * 600), *entries],
        f"{LIB}/libssl.so.3",
        "is not an ELF library",
        PACK_AGAIN,
    ),
    (
        adding(Item(f"{ROOT}/doc/odd/", data=b"x")),
        f"{ROOT}/doc/odd/",
        "is no folder, but its name ends in a slash",
        NOT_VENDORS,
    ),
    (
        adding(link(f"{ROOT}/doc/odd/", "intro.htm")),
        f"{ROOT}/doc/odd/",
        "is no folder, but its name ends in a slash",
        NOT_VENDORS,
    ),
    (
        adding(link(f"{ROOT}/x", "\x1b[2J", "hardlink")),
        f"{ROOT}/x",
        f"is a hard link to \\x1b[2J, outside {ROOT}",
        NOT_VENDORS,
    ),
    (lambda entries: [link(ROOT, "..")], ROOT, f"is a link to .., outside {ROOT}", NOT_VENDORS),
    (
        # Each part looks harmless; only when followed does it lead out.
        adding(Item(f"{ROOT}/a/b", "folder"), link(f"{ROOT}/a/b/up", ".."), link(f"{ROOT}/x", "a/b/up/../../y")),
        f"{ROOT}/x",
        f"is a link to a/b/up/../../y, outside {ROOT}",
        NOT_VENDORS,
    ),
    (
        adding(link(f"{ROOT}/x", "../etc/passwd", "hardlink")),
        f"{ROOT}/x",
        f"is a hard link to ../etc/passwd, outside {ROOT}",
        NOT_VENDORS,
    ),
    (
        adding(link(f"{ROOT}/x", f"{ROOT}/nothing", "hardlink")),
        f"{ROOT}/x",
        f"is a hard link to {ROOT}/nothing, which is not in the archive",
        NOT_VENDORS,
    ),
    (
        adding(link(f"{ROOT}/x", f"{ROOT}/y", "hardlink"), link(f"{ROOT}/y", f"{ROOT}/x", "hardlink")),
        f"{ROOT}/x",
        f"is a hard link to {ROOT}/y, which is not in the archive",
        NOT_VENDORS,
    ),
    (
        adding(link(f"{ROOT}/x", LIB, "hardlink")),
        f"{ROOT}/x",
        f"is a hard link to {LIB}, a folder",
        NOT_VENDORS,
    ),
    (
        adding(Item(f"{ROOT}/doc/intro.htm", "folder")),
        f"{ROOT}/doc/intro.htm",
        "is listed twice, as a file and as a folder",
        NOT_VENDORS,
    ),
    (
        adding(link(f"{ROOT}/d", "doc"), Item(f"{ROOT}/d/new.htm")),
        f"{ROOT}/d/new.htm",
        f"lies below {ROOT}/d, which is a link",
        NOT_VENDORS,
    ),
    (
        instead(f"{LIB}/libvixDiskLib.so", kind="file", data=b"libvixDiskLib.so.8", link=""),
        f"{LIB}/libvixDiskLib.so",
        "is a text file that says libvixDiskLib.so.8: once a link, flattened when the archive was repacked",
        PACK_AGAIN,
    ),
    (
        instead(f"{LIB}/libssl.so", kind="file", data=b"", link=""),
        f"{LIB}/libssl.so",
        "is empty, not a library",
        PACK_AGAIN,
    ),
    (
        instead(f"{LIB}/libssl.so", kind="file", data=b"MZ" * 600, link=""),
        f"{LIB}/libssl.so",
        "is not an ELF library",
        PACK_AGAIN,
    ),
    (
        instead(f"{LIB}/libssl.so", kind="file", data=b"\x7fELF", link=""),
        f"{LIB}/libssl.so",
        "has a broken ELF header",
        PACK_AGAIN,
    ),
    (
        without("/libvixDiskLib.so"),
        f"{LIB}/libvixDiskLib.so",
        "is missing; Forklift looks for this name",
        NOT_VENDORS,
    ),
    (
        without("/libvixDiskLib.so.8"),
        f"{LIB}/libvixDiskLib.so",
        "is a broken link: libvixDiskLib.so → libvixDiskLib.so.8, which is not in the archive",
        PACK_AGAIN,
    ),
    (
        instead(f"{LIB}/libvixDiskLib.so.8", link="libvixDiskLib.so"),
        f"{LIB}/libvixDiskLib.so",
        "is a broken link: libvixDiskLib.so → libvixDiskLib.so.8 → libvixDiskLib.so, which is not in the archive",
        PACK_AGAIN,
    ),
    (
        instead(f"{LIB}/libvixDiskLib.so", link="../doc"),
        f"{LIB}/libvixDiskLib.so",
        f"leads to {ROOT}/doc, which is no library",
        NOT_VENDORS,
    ),
    (
        lambda entries: [Item(ROOT, "symlink", link="doc")],
        ROOT,
        "is not a folder",
        NOT_VENDORS,
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "entry", "what", "hint"),
    ENTRIES,
    ids=[f"{number}-{what[:40]}" for number, (_, _, what, _) in enumerate(ENTRIES)],
)
def test_an_entry_is_refused(archive: Archive, change: Change, entry: str, what: str, hint: str) -> None:
    path = archive(change)
    assert str(refusal(path)) == f"{path}: {entry}: {what}\n  {hint}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (renamed_root, f"has no folder {ROOT}; it holds vddk\n  name the vendor's .tar.gz file"),
        (
            lambda entries: [Item(name) for name in "cadb"],
            f"has no folder {ROOT}; it holds a, b, c, …\n  name the vendor's .tar.gz file",
        ),
        (
            without(".8.0.1"),
            f"has no {LIB}/libvixDiskLib.so.X.Y.Z: the library itself is missing\n  {NOT_VENDORS}",
        ),
        (
            lambda entries: [*entries, replace(entries[-3], name=f"{LIB}/libvixDiskLib.so.7.0.3")],
            f"holds several versions: 7.0.3, 8.0.1\n  {NOT_VENDORS}",
        ),
    ],
)
def test_an_archive_is_refused_as_a_whole(archive: Archive, change: Change, message: str) -> None:
    path = archive(change)
    assert str(refusal(path)) == f"{path}: {message}"


@pytest.mark.parametrize("kept", [1, 2, 9, 17, 200, -1, -8, -9])
def test_a_truncated_file_is_refused(archive: Archive, kept: int) -> None:
    path = archive()
    path.write_bytes(path.read_bytes()[:kept])
    what = "is not gzip" if kept == 1 else "is truncated: its gzip stream has no end"
    assert refusal(path).what == what


def test_a_tar_stream_that_was_cut_before_it_was_compressed_is_refused(archive: Archive) -> None:
    path = archive()
    plain = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(plain[:40_000]))
    assert (
        refusal(path).what == "is damaged: it ends in the middle of an entry at byte 40000 of the tar stream"
    )
    path.write_bytes(gzip.compress(plain[:700]))
    assert refusal(path).what == "is damaged: it ends in the middle of a header at byte 700 of the tar stream"


def test_a_broken_checksum_of_gzip_is_refused(archive: Archive) -> None:
    path = archive()
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    assert refusal(path).what.startswith("is damaged: its gzip stream breaks after ")
    assert refusal(path).hint == DOWNLOAD_AGAIN


def test_a_broken_header_in_the_middle_is_refused_where_tarfile_would_just_stop(archive: Archive) -> None:
    path = archive()
    plain = bytearray(gzip.decompress(path.read_bytes()))
    plain[512 + 100] ^= 1
    path.write_bytes(gzip.compress(plain))
    assert refusal(path).what == "is damaged: it has a broken header at byte 1024 of the tar stream"


def test_data_after_the_gzip_stream_is_refused(archive: Archive) -> None:
    path = archive()
    path.write_bytes(path.read_bytes() + b"\0\0signature")
    assert refusal(path).what == "has other data after its gzip stream"


def test_a_bomb_is_refused_long_before_it_goes_off(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tar.gz"
    member = gzip.compress(bytes(16 << 20))
    path.write_bytes(member * 64)
    error = refusal(path)
    assert str(error) == (
        f"{path}: unpacks to more than 200 times its size: a decompression bomb, or no VDDK archive\n"
        f"  {PACK_AGAIN}"
    )


def test_an_archive_that_is_too_large_is_refused(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "VENDOR", replace(bounds.VENDOR, unpacked=1 << 10))
    assert refusal(archive()).what.startswith("unpacks to more than ")


def test_too_many_entries_are_refused(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "VENDOR", replace(bounds.VENDOR, entries=24))
    assert refusal(archive()).what == "has more than 24 entries: this is no VDDK archive"
