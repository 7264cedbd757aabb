"""Archives that cost next to nothing to write, and would cost a lot to read."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from vddkctl.build.archive import bounds, inspect, tree
from vddkctl.build.archive.refusal import PACK_AGAIN
from vddkctl.build.archive.tar import TarStream
from vddkctl.demo.archive_writer import Item, write_archive
from vddkctl.demo.sample import sample_items
from vddkctl.errors import ArchiveError
from vddkctl.progress import Silent

ROOT = "vmware-vix-disklib-distrib"
DEEP = f"{ROOT}/" + "a/" * 63

Archive = Callable[..., Path]
Change = Callable[[list[Item]], list[Item]]


def adding(*items: Item) -> Change:
    return lambda entries: [*entries, *items]


def refusal(path: Path) -> ArchiveError:
    with pytest.raises(ArchiveError) as caught:
        inspect(path, progress=Silent())
    assert caught.value.hint == PACK_AGAIN
    return caught.value


def _record(key: str, value: bytes) -> bytes:
    body = f" {key}=".encode() + value + b"\n"
    length = len(body)
    while length != len(str(length)) + len(body):
        length = len(str(length)) + len(body)
    return str(length).encode() + body


def _header(kind: bytes, body: bytes = b"", name: str = "x") -> bytes:
    import tarfile

    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(body)
    return info.tobuf(tarfile.USTAR_FORMAT) + body + bytes(-len(body) % 512)


def walk(*parts: bytes) -> list[str]:
    chunks: Iterator[bytes] = iter([*parts, bytes(1024)])
    return [entry.name for entry in TarStream(chunks, "a")]


@pytest.mark.parametrize(
    ("item", "what"),
    [
        (Item(f"{ROOT}/" + "n" * 4096), "has a name of more than 4096 bytes"),
        (Item(f"{ROOT}/" + "é" * 2040), "has a name of more than 4096 bytes"),
        (Item(f"{ROOT}/" + "n" * 4096, pax={"comment": "x"}), "has a name of more than 4096 bytes"),
        (Item(f"{ROOT}/" + "a/" * 500_000 + "x"), "has a name of more than 4096 bytes"),
        (Item(DEEP + "x"), "has a name of more than 64 parts"),
        (Item("a/" * 64 + "x"), "has a name of more than 64 parts"),
        (Item(f"{ROOT}/l", "symlink", link="n" * 4097), "has a link to a name of more than 4096 bytes"),
        (Item(f"{ROOT}/l", "symlink", link="a/" * 65), "has a link to a name of more than 64 parts"),
        (Item(f"{ROOT}/l", "hardlink", link=DEEP + "x"), "has a link to a name of more than 64 parts"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_long_names_are_refused(archive: Archive, item: Item, what: str) -> None:
    path = archive(adding(item))
    error = refusal(path)
    assert error.what == what
    assert error.where.startswith(f"{path}: {item.name[:100]}")


def test_names_as_long_as_they_may_be(archive: Archive) -> None:
    long = f"{ROOT}/" + "n" * (4096 - len(ROOT) - 1)
    facts = inspect(
        archive(
            adding(
                Item(long), Item(f".//{DEEP}"[:-1]), Item(f"{ROOT}/l", "symlink", link="./" * 2000 + "lib64")
            )
        ),
        progress=Silent(),
    )
    assert facts.entries == 28


def test_all_names_together_are_bounded(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [Item(f"{ROOT}/n{number}", "symlink", link="lib64/" + "./" * 2000) for number in range(300)]
    monkeypatch.setattr(bounds, "VENDOR", replace(bounds.VENDOR, names=1 << 20))
    what = "has more than 1 MiB of names: this is no VDDK archive"
    assert refusal(archive(adding(*items))).what == what
    many = {f"SCHILY.xattr.user.{'n' * 1000}{number}": "1" for number in range(100)}
    assert refusal(archive(adding(*[Item(f"{ROOT}/n{n}", pax=many) for n in range(20)]))).what == what
    assert inspect(archive(adding(*items[:200])), progress=Silent()).entries == 225


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
def test_extended_headers_are_bounded(monkeypatch: pytest.MonkeyPatch, kind: bytes) -> None:
    extension = _header(kind, b"abc" if kind in b"LK" else _record("comment", b"z" * 1000))
    monkeypatch.setattr(bounds, "VENDOR", replace(bounds.VENDOR, entries=20))
    assert walk(extension * 19, _header(b"0"))
    with pytest.raises(ArchiveError, match="has more than 20 entries"):
        walk(extension * 20, _header(b"0"))
    with pytest.raises(ArchiveError, match="has more than 20 entries"):
        walk((extension + _header(b"0")) * 11)
    monkeypatch.setattr(bounds, "VENDOR", replace(bounds.VENDOR, extensions=0))
    with pytest.raises(ArchiveError, match="has more than 0 MiB of extended headers"):
        walk(extension, _header(b"0"))


def test_what_is_not_read_of_a_pax_header_is_not_kept() -> None:
    stream = TarStream(
        iter([_header(b"g", _record("comment", b"z" * 9000) + _record("uid", b"7")), _header(b"0")]), "a"
    )
    assert [entry.uid for entry in stream] == [7]
    assert stream._global == {"uid": b"7"}


@pytest.mark.parametrize("key", ["uid", "gid", "size", "mtime"])
def test_numbers_of_any_length_are_not_kept(key: str) -> None:
    with pytest.raises(ArchiveError, match=r"makes no sense \(a number of more than 20 digits\)"):
        walk(_header(b"x", _record(key, b"9" * 3000)), _header(b"0"))


def test_folders_that_no_entry_lists_count_as_entries(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "VENDOR", replace(bounds.VENDOR, entries=200))
    items = [Item(f"{ROOT}/{number}/{'a/' * 40}x") for number in range(5)]
    assert refusal(archive(adding(*items))).what == "has more than 200 entries: this is no VDDK archive"
    assert inspect(archive(adding(*items[:3])), progress=Silent()).entries == 28


def test_links_that_lead_through_many_others_are_bounded(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [Item(f"{ROOT}/l{number}", "symlink", link=f"l{number + 1}/x/x/x") for number in range(100)]
    monkeypatch.setattr(tree, "MAX_STEPS", 5000)
    what = "has links that lead through too many others: this is no VDDK archive"
    assert refusal(archive(adding(*items))).what == what


def test_a_long_chain_of_links_is_told_in_part(archive: Archive) -> None:
    items = [Item(f"{ROOT}/l{number}", "symlink", link=f"l{number + 1}") for number in range(2000)]
    facts = inspect(archive(adding(*items)), progress=Silent())
    assert max(len(chain.names) for chain in facts.links) == 10
    assert {chain.broken for chain in facts.links if chain.names[0] == "l0"} == {True}


def test_a_long_chain_of_hard_links_is_followed_to_its_end(archive: Archive) -> None:
    links = [Item(f"{ROOT}/h{n}", "hardlink", link=f"{ROOT}/h{n + 1}") for n in range(5000)]
    facts = inspect(archive(adding(*links, Item(f"{ROOT}/h5000"))), progress=Silent())
    assert len(facts.obstacles) == 5000
    what = f"is a hard link to {ROOT}/h1, which is not in the archive"
    with pytest.raises(ArchiveError) as caught:
        inspect(archive(adding(*links)), progress=Silent())
    assert (caught.value.what, caught.value.where.rpartition("/")[2]) == (what, "h0")


def test_a_folder_of_before_posix_is_known_by_its_whole_name(tmp_path: Path) -> None:
    """A slash at the place where a header cuts a long name says nothing."""
    long = "d" * 99 + "/file"
    name = _header(b"L", f"{long}\0".encode())
    stream = TarStream(iter([name, _header(b"\0", b"x", long[:100]), _header(b"\0", name="d/")]), "a")
    assert [(entry.name, entry.kind) for entry in stream] == [(long, "file"), ("d", "folder")]
    path = write_archive(tmp_path / "a.tar.gz", sample_items())
    assert inspect(path, progress=Silent()).verbatim
