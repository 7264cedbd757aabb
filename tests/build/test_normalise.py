import errno
import gzip
import hashlib
import io
import random
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from vddkctl.build.archive import inspect
from vddkctl.build.cache import LayerCache
from vddkctl.build.layer import layer_of
from vddkctl.build.normalise import normalise
from vddkctl.demo.archive_writer import Item, write_archive
from vddkctl.demo.sample import make_archive, sample_items
from vddkctl.errors import ArchiveError
from vddkctl.oci.descriptor import BlobSource
from vddkctl.progress import Silent
from vddkctl.vddk.archive import LayerFacts

ROOT = "vmware-vix-disklib-distrib"

Archive = Callable[..., Path]


def read(source: BlobSource) -> bytes:
    with source.open() as stream:
        return stream.read()


def layer(path: Path, cache: LayerCache | None = None) -> tuple[LayerFacts, bytes]:
    made = normalise(path, inspect(path, progress=Silent()), cache, Silent())
    return made.facts, read(made.source)


def listing(data: bytes) -> list[tuple[object, ...]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return [(i.name, i.type, i.mode, i.uid, i.gid, i.uname, i.mtime, i.linkname) for i in tar]


def contents(data: bytes) -> dict[str, bytes | str | None]:
    """What tarfile would unpack, by name: bytes of files (also through hard links), targets of links."""
    found: dict[str, bytes | str | None] = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for info in tar:
            if info.issym():
                found[info.name] = info.linkname
            elif info.islnk():
                found[info.name] = found[info.linkname]
            else:
                file = tar.extractfile(info)
                found[info.name] = file.read() if file else None
    return found


def test_a_fit_archive_is_the_layer_itself(archive: Archive) -> None:
    path = archive()
    facts = inspect(path, progress=Silent())
    layer, source = layer_of(path, facts, None, Silent())
    assert layer == LayerFacts(f"sha256:{facts.sha256}", facts.diff_id, facts.size, True)
    assert read(source) == read(source) == path.read_bytes()


def test_a_file_that_changed_since_inspection_is_no_layer(archive: Archive) -> None:
    path = archive()
    facts = inspect(path, progress=Silent())
    _, source = layer_of(path, facts, None, Silent())
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ArchiveError, match="was changed meanwhile"):
        source.open()
    with pytest.raises(ArchiveError, match="was changed since it was inspected"):
        layer_of(path, facts, None, Silent())
    with pytest.raises(ArchiveError, match="was changed since it was inspected"):
        normalise(path, facts, None, Silent())


def test_an_archive_with_obstacles_becomes_a_normalised_layer(tmp_path: Path) -> None:
    path = make_archive(tmp_path / "a.tar.gz", size=3_000_000, private=True)
    facts, source = layer_of(path, inspect(path, progress=Silent()), None, Silent())
    data = read(source)
    assert facts == LayerFacts(
        f"sha256:{hashlib.sha256(data).hexdigest()}",
        f"sha256:{hashlib.sha256(gzip.decompress(data)).hexdigest()}",
        len(data),
        False,
    )
    assert contents(data) == contents(path.read_bytes())


def test_entries_are_sorted_roots_and_without_times(archive: Archive) -> None:
    def change(items: list[Item]) -> list[Item]:
        kept = [item for item in items if item.name != f"{ROOT}/doc/"]
        return [
            Item("._junk"),
            *reversed(kept),
            Item("PaxHeaders/x"),
            Item(f"{ROOT}/é" + "n" * 120, mode=0o600),
        ]

    _, data = layer(archive(change))
    rows = listing(data)
    found = [str(row[0]) for row in rows]
    assert found == sorted(found, key=lambda name: name.split("/"))
    assert found[:2] == [ROOT, f"{ROOT}/bin64"]
    assert f"{ROOT}/doc" in found
    assert all(name == ROOT or name.startswith(f"{ROOT}/") for name in found)
    assert {row[3:7] for row in rows} == {(0, 0, "", 0)}
    assert {(row[1], row[2]) for row in rows} == {
        (tarfile.DIRTYPE, 0o755), (tarfile.REGTYPE, 0o755), (tarfile.REGTYPE, 0o644), (tarfile.SYMTYPE, 0o777),
    }  # fmt: skip


def test_gzip_and_tar_read_it(archive: Archive, tmp_path: Path) -> None:
    _, data = layer(archive())
    path = tmp_path / "layer.tar.gz"
    path.write_bytes(data)
    gzip_tool, tar_tool = shutil.which("gzip"), shutil.which("tar")
    assert gzip_tool
    assert tar_tool
    subprocess.run([gzip_tool, "-t", path], check=True, capture_output=True)
    done = subprocess.run([tar_tool, "tzf", path], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[0] == f"{ROOT}/"
    assert done.stderr == ""


def test_the_names_of_one_file_are_a_file_and_hard_links_after_it(archive: Archive) -> None:
    one = Item(f"{ROOT}/m", data=b"one", mode=0o755)
    _, data = layer(
        archive(
            lambda items: [
                *items,
                Item(f"{ROOT}/early", "hardlink", link=f"{ROOT}/late"),
                Item(f"{ROOT}/late", data=b"late"),
                one,
                Item(f"{ROOT}/a", "hardlink", link=f"{ROOT}/m"),
                Item(f"{ROOT}/z", "hardlink", link=f"{ROOT}/a"),
                # A later entry replaces the name, not the file that its other names share.
                replace(one, data=b"two"),
            ]
        )
    )
    rows = {str(row[0]).removeprefix(f"{ROOT}/"): (row[1], row[7]) for row in listing(data)}
    assert (rows["a"], rows["z"]) == ((tarfile.REGTYPE, ""), (tarfile.LNKTYPE, f"{ROOT}/a"))
    assert (rows["early"], rows["late"]) == ((tarfile.REGTYPE, ""), (tarfile.LNKTYPE, f"{ROOT}/early"))
    found = {name.removeprefix(f"{ROOT}/"): value for name, value in contents(data).items()}
    assert (found["a"], found["z"], found["m"], found["late"]) == (b"one", b"one", b"two", b"late")


def test_sparse_files_are_written_whole(archive: Archive) -> None:
    path = archive()
    info = tarfile.TarInfo(f"{ROOT}/s")
    info.size = 4
    info.pax_headers = {"GNU.sparse.map": "0,2,5000,2", "GNU.sparse.size": "6000"}
    plain = gzip.decompress(path.read_bytes())[:-1024]
    path.write_bytes(
        gzip.compress(plain + info.tobuf(tarfile.PAX_FORMAT) + b"abcd" + bytes(508) + bytes(1024))
    )
    _, data = layer(path)
    assert contents(data)[f"{ROOT}/s"] == b"ab" + bytes(4998) + b"cd" + bytes(998)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("normalise")


@given(st.randoms(use_true_random=False), st.integers(0, 9), st.booleans())
def test_order_owners_times_and_packing_make_no_difference(
    place: Path, chance: random.Random, level: int, dotted: bool
) -> None:
    items = sample_items(size=3000)
    _, expected = layer(write_archive(place / "one.tar.gz", items))
    chance.shuffle(items)
    other = [
        replace(
            item,
            name=f"./{item.name}" if dotted else item.name,
            uid=chance.randrange(70_000),
            gid=chance.randrange(70_000),
            mtime=chance.randrange(2**31),
            mode=item.mode & chance.choice([0o777, 0o755, 0o700, 0o555]),
        )
        for item in items
    ]
    path = place / "other.tar.gz"
    write_archive(path, other)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), level))
    assert layer(path)[1] == expected


def test_the_bytes_are_the_same_on_every_machine(archive: Archive) -> None:
    facts, _ = layer(archive())
    assert facts.digest == "sha256:7d9b0c92d074f97d1982587b57c285795d0f303d890bbdf919e18917c318fa88"
    assert facts.diff_id == "sha256:7f9c718dde95c007400ef6cb81eb3fb8d6ef865a4ab1d5732587a869e7708ab3"


def test_a_kept_layer_is_used_again_without_the_archive(archive: Archive, tmp_path: Path) -> None:
    cache = LayerCache(tmp_path / "cache")
    path = archive()
    facts = inspect(path, progress=Silent())
    first = normalise(path, facts, cache, Silent())
    data = read(first.source)
    path.unlink()
    second = normalise(path, facts, cache, Silent())
    assert second.facts == first.facts
    assert read(second.source) == read(second.source) == data


def test_a_layer_stays_readable_when_the_cache_drops_it(archive: Archive, tmp_path: Path) -> None:
    cache = LayerCache(tmp_path / "cache")
    path = archive()
    made = normalise(path, inspect(path, progress=Silent()), cache, Silent())
    shutil.rmtree(tmp_path / "cache")
    assert f"sha256:{hashlib.sha256(read(made.source)).hexdigest()}" == made.facts.digest


def test_a_damaged_kept_layer_is_found_when_it_is_used_and_made_anew(
    archive: Archive, tmp_path: Path
) -> None:
    cache = LayerCache(tmp_path / "cache")
    path = archive()
    facts = inspect(path, progress=Silent())
    first = normalise(path, facts, cache, Silent())
    (file,) = (tmp_path / "cache" / "layers").glob("*.tar.gz")
    data = file.read_bytes()
    damaged = bytearray(data)
    damaged[100] ^= 1
    file.write_bytes(damaged)
    again = normalise(path, facts, cache, Silent())
    assert again.facts == first.facts
    assert read(again.source) == read(again.source) == file.read_bytes() == data


def test_a_damaged_kept_layer_of_an_archive_that_is_gone_is_an_error_of_the_archive(
    archive: Archive, tmp_path: Path
) -> None:
    cache = LayerCache(tmp_path / "cache")
    path = archive()
    facts = inspect(path, progress=Silent())
    size = normalise(path, facts, cache, Silent()).facts.size
    (file,) = (tmp_path / "cache" / "layers").glob("*.tar.gz")
    file.write_bytes(bytes(size))
    path.unlink()
    with pytest.raises(ArchiveError, match="there is no such file"):
        normalise(path, facts, cache, Silent()).source.open()


def test_a_layer_is_made_elsewhere_where_the_cache_has_no_room(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def write(self, data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    cache = LayerCache(tmp_path / "cache")
    path = archive()
    facts = inspect(path, progress=Silent())
    with cache.writing() as new:
        monkeypatch.setattr(cache, "writing", lambda: nullcontext(new))
        monkeypatch.setattr(new, "file", Full())
        made = normalise(path, facts, cache, Silent())
    assert f"sha256:{hashlib.sha256(read(made.source)).hexdigest()}" == made.facts.digest
    assert not list((tmp_path / "cache" / "layers").iterdir())


def test_a_long_chain_of_hard_links_to_what_comes_later_is_one_file(archive: Archive) -> None:
    links = [Item(f"{ROOT}/h{number}", "hardlink", link=f"{ROOT}/h{number + 1}") for number in range(3000)]
    _, data = layer(archive(lambda items: [*items, *links, Item(f"{ROOT}/h3000", data=b"x")]))
    targets = {row[7] for row in listing(data) if row[1] == tarfile.LNKTYPE}
    assert targets == {f"{ROOT}/h0"}
