"""What is no reason to refuse an archive, but keeps it from being a layer as it stands."""

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from vddkctl.build.archive import inspect
from vddkctl.demo.archive_writer import Item, write_archive
from vddkctl.demo.sample import sample_items
from vddkctl.progress import Silent
from vddkctl.vddk.archive import Obstacle

ROOT = "vmware-vix-disklib-distrib"
END = "(end of the archive)"

Archive = Callable[..., Path]
Change = Callable[[list[Item]], list[Item]]


def found(path: Path) -> list[tuple[str, str]]:
    return [(obstacle.entry, obstacle.reason) for obstacle in inspect(path, progress=Silent()).obstacles]


def adding(*items: Item) -> Change:
    return lambda entries: [*entries, *items]


NOTE = f"{ROOT}/note"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (adding(), []),
        (adding(Item(NOTE, uid=65_535, gid=201, mode=0o444)), []),
        (lambda entries: [replace(item, name=f"./{item.name}") for item in entries], []),
        (adding(Item(NOTE, mode=0o640)), [(NOTE, "is not readable for all users (mode 0640)")]),
        (adding(Item(NOTE, mode=0o744)), [(NOTE, "is not executable for all users (mode 0744)")]),
        (
            adding(Item(NOTE, mode=0o700)),
            [
                (NOTE, "is not readable for all users (mode 0700)"),
                (NOTE, "is not executable for all users (mode 0700)"),
            ],
        ),
        (
            adding(Item(NOTE, "folder", mode=0o754)),
            [(NOTE, "is a folder that is not open to all users (mode 0754)")],
        ),
        (
            adding(Item(NOTE, mode=0o4755)),
            [(NOTE, "has a set-user-ID, set-group-ID or sticky bit (mode 4755)")],
        ),
        (
            adding(Item(NOTE, "folder", mode=0o1777)),
            [(NOTE, "has a set-user-ID, set-group-ID or sticky bit (mode 1777)")],
        ),
        (
            adding(Item(NOTE, uid=65_536, gid=1_000_000)),
            [
                (NOTE, "belongs to user 65536, beyond what rootless runtimes map"),
                (NOTE, "belongs to group 1000000, beyond what rootless runtimes map"),
            ],
        ),
        (adding(Item(NOTE, uid=-2)), [(NOTE, "belongs to user -2, beyond what rootless runtimes map")]),
        (adding(Item(f"._{ROOT}")), [(f"._{ROOT}", f"lies outside {ROOT}")]),
        (adding(Item("./", "folder")), [(".", f"lies outside {ROOT}")]),
        (
            adding(Item(NOTE, pax={"SCHILY.xattr.user.x": "1"})),
            [(NOTE, "has extended attributes (SCHILY.xattr.user.x)")],
        ),
        (adding(Item(NOTE), Item(NOTE)), [(NOTE, "is listed more than once")]),
        (
            adding(Item(NOTE, "hardlink", link=f"{ROOT}/later"), Item(f"{ROOT}/later")),
            [(NOTE, "is a hard link to an entry that comes later")],
        ),
        (
            lambda entries: [item for item in entries if item.name != f"{ROOT}/doc/"],
            [(f"{ROOT}/doc", "is not listed: some runtimes then create it for root alone")],
        ),
        (
            adding(Item(f"{ROOT}/\x1b[2J", mode=0o600)),
            [(f"{ROOT}/\\x1b[2J", "is not readable for all users (mode 0600)")],
        ),
    ],
)  # fmt: skip
def test_obstacles(archive: Archive, change: Change, expected: list[tuple[str, str]]) -> None:
    assert found(archive(change)) == expected


def test_private_modes_are_named_one_by_one(tmp_path: Path) -> None:
    items = sample_items(private=True)
    path = write_archive(tmp_path / "a.tar.gz", items)
    facts = inspect(path, progress=Silent())
    assert not facts.verbatim
    assert Obstacle(f"{ROOT}/doc/intro.htm", "is not readable for all users (mode 0440)") in facts.obstacles
    assert len(facts.obstacles) == sum(item.kind == "file" for item in items)


def test_what_follows_the_end_mark(archive: Archive) -> None:
    path = archive()
    plain = gzip.decompress(path.read_bytes())

    path.write_bytes(gzip.compress(plain) + bytes(100))
    assert found(path) == [(END, "100 zero bytes follow the gzip stream")]
    path.write_bytes(gzip.compress(plain + bytes(10_240)))
    assert found(path) == []
    path.write_bytes(gzip.compress(plain + b"something else"))
    assert found(path) == [(END, "more data follows the tar end mark")]
    path.write_bytes(gzip.compress(plain[:-1024]))
    assert found(path) == [(END, "the tar end mark is missing")]


def test_a_sparse_file_is_an_obstacle(archive: Archive) -> None:
    path = archive()
    info = tarfile.TarInfo(NOTE)
    info.size = 4
    info.pax_headers = {
        "GNU.sparse.map": "0,2,5000,2",
        "GNU.sparse.size": "6000",
        "GNU.sparse.name": f"{NOTE}.s",
    }
    plain = gzip.decompress(path.read_bytes())[:-1024]
    plain += info.tobuf(tarfile.PAX_FORMAT) + b"abcd" + bytes(508) + bytes(1024)
    with tarfile.open(fileobj=io.BytesIO(plain)) as witness:
        assert witness.getmember(f"{NOTE}.s").size == 6000
    path.write_bytes(gzip.compress(plain))
    assert found(path) == [(f"{NOTE}.s", "is a sparse file, which not every runtime unpacks")]


def test_what_tar_unpacks_and_runtimes_do_not(archive: Archive) -> None:
    path = archive()
    plain = gzip.decompress(path.read_bytes())[:-1024]
    info = tarfile.TarInfo(NOTE)
    info.type, info.mode = tarfile.CONTTYPE, 0o644
    path.write_bytes(gzip.compress(plain + info.tobuf() + bytes(1024)))
    assert found(path) == [(NOTE, "is of tar's type 7, which not every runtime unpacks")]
    named = tarfile.TarInfo.create_pax_global_header({"path": NOTE})
    path.write_bytes(gzip.compress(plain + named + tarfile.TarInfo(f"{ROOT}/x").tobuf() + bytes(1024)))
    assert found(path) == [(NOTE, "takes its path from a global pax header, which not every runtime heeds")]
    # A name of its own comes before it; and a comment, as git archive writes it, changes nothing.
    own = tarfile.TarInfo(f"{ROOT}/x")
    own.pax_headers = {"path": own.name}
    path.write_bytes(gzip.compress(plain + named + own.tobuf(tarfile.PAX_FORMAT) + bytes(1024)))
    assert found(path) == []
    comment = tarfile.TarInfo.create_pax_global_header({"comment": "x"})
    path.write_bytes(gzip.compress(comment + plain + bytes(1024)))
    assert found(path) == []
