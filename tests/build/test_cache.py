import hashlib
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from vddkctl.build import cache as module
from vddkctl.build.archive import forget, inspect
from vddkctl.build.archive.identity import FileIdentity, identify
from vddkctl.build.cache import Cache, FactsCache
from vddkctl.build.normalise import normalise
from vddkctl.errors import ArchiveError
from vddkctl.progress import Silent
from vddkctl.vddk.archive import ArchiveFacts, LayerFacts, Library, LinkChain, Obstacle, Published

Archive = Callable[..., Path]

FACTS = ArchiveFacts(
    sha256="a" * 64, md5="b" * 32, size=1, diff_id="sha256:c", unpacked_size=2, entries=3, version="8.0.1",
    name_version=None, build=None, released=4, machine="x86_64", soname=None,
    libraries=(Library("lib64/a.so", "x86_64", None, 5),), links=(LinkChain("lib64", ("a", "b"), True),),
    obstacles=(Obstacle("x", "is odd"),), published=Published("8.0.1", "b" * 32, "somewhere"),
)  # fmt: skip
IDENTITY = FileIdentity("/a/vddk.tar.gz", 1, 2, 3, 4, 5)

text = st.text(max_size=20)


class Unexpected(Silent):
    def task(self, label: str, total: int | None, unit: str = "bytes") -> NoReturn:
        raise AssertionError(label)


def wait_for_the_clock(folder: Path, ctime_ns: int) -> None:
    """Until a file that is changed now has another time of change than ``ctime_ns``: kernels count in ticks."""
    probe = folder / "probe"
    while True:
        probe.touch()
        if probe.stat().st_ctime_ns > ctime_ns:
            return
        time.sleep(0.001)


def test_a_second_inspection_reads_nothing(archive: Archive, tmp_path: Path) -> None:
    cache = FactsCache(tmp_path / "cache")
    path = archive()
    first = inspect(path, progress=Silent(), cache=cache)
    assert inspect(path, progress=Unexpected(), cache=cache) == first


def test_a_file_that_changed_in_place_with_its_time_put_back_is_read_again(
    archive: Archive, tmp_path: Path
) -> None:
    cache = FactsCache(tmp_path / "cache")
    path = archive()
    first, before = inspect(path, progress=Silent(), cache=cache), path.stat()
    data = bytearray(path.read_bytes())
    data[4] ^= 1  # gzip's own time, which nothing else depends on
    wait_for_the_clock(tmp_path, before.st_ctime_ns)
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(before.st_mtime_ns, before.st_mtime_ns))
    second = inspect(path, progress=Silent(), cache=cache)
    assert (first.sha256, second.sha256) == (first.sha256, hashlib.sha256(data).hexdigest())
    assert second.sha256 != first.sha256


def test_facts_that_turned_out_wrong_can_be_dropped(archive: Archive, tmp_path: Path) -> None:
    cache = FactsCache(tmp_path / "cache")
    path = archive()
    right = inspect(path, progress=Silent())
    cache.put(identify(path), FACTS)
    assert inspect(path, progress=Silent(), cache=cache).sha256 == FACTS.sha256
    forget(path, cache)
    forget(path, cache)
    forget(tmp_path / "nothing", cache)
    assert inspect(path, progress=Silent(), cache=cache) == right


def test_what_a_name_says_is_never_remembered(archive: Archive, tmp_path: Path) -> None:
    cache = FactsCache(tmp_path / "cache")
    path = archive()
    link = tmp_path / "vddk.tar.gz"
    link.symlink_to(path)
    other = tmp_path / "VMware-vix-disklib-7.0.3-123456.x86_64.tar.gz"
    other.symlink_to(path)
    for _ in range(2):
        named = [inspect(name, progress=Silent(), cache=cache) for name in (link, path, other)]
        assert [(facts.name_version, facts.build) for facts in named] == [
            (None, None), ("8.0.1", "21562716"), ("7.0.3", "123456"),
        ]  # fmt: skip
    assert len(list((tmp_path / "cache" / "facts").iterdir())) == 1


def test_a_declared_checksum_binds_on_a_hit_too(archive: Archive, tmp_path: Path) -> None:
    cache = FactsCache(tmp_path / "cache")
    path = archive()
    inspect(path, progress=Silent(), cache=cache)
    with pytest.raises(ArchiveError, match="is not the declared file"):
        inspect(path, declared_sha256="1" * 64, progress=Silent(), cache=cache)


@pytest.mark.parametrize(
    "change", [{"path": "/b"}, {"size": 9}, {"mtime_ns": 9}, {"ctime_ns": 9}, {"inode": 9}]
)
def test_another_file_is_not_mistaken_for_it(tmp_path: Path, change: dict[str, object]) -> None:
    cache = FactsCache(tmp_path)
    cache.put(IDENTITY, FACTS)
    assert cache.get(IDENTITY) == FACTS
    assert cache.get(replace(IDENTITY, **change)) is None


@given(st.builds(ArchiveFacts, obstacles=st.lists(st.builds(Obstacle, text, text), max_size=2).map(tuple)))
def test_facts_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, facts: ArchiveFacts) -> None:
    cache = FactsCache(tmp_path_factory.getbasetemp() / "facts")
    cache.put(IDENTITY, facts)
    assert cache.get(IDENTITY) == facts


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff\xfe", b"0" * 64 + b"\n{}"])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, damage: bytes) -> None:
    cache = FactsCache(tmp_path)
    cache.put(IDENTITY, FACTS)
    (file,) = (tmp_path / "facts").iterdir()
    file.write_bytes(damage)
    assert cache.get(IDENTITY) is None
    file.write_bytes(file.read_bytes()[:-3])
    assert cache.get(IDENTITY) is None
    cache.put(IDENTITY, FACTS)
    assert cache.get(IDENTITY) == FACTS


@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b"7", b"null", b'{"libraries": 5}', b'{"sha256": ""}', b"{", b"\xff", b"[" * 100_000],
)
def test_a_file_of_another_shape_is_as_good_as_none(archive: Archive, tmp_path: Path, body: bytes) -> None:
    cache, path = Cache(tmp_path / "cache"), archive()
    facts = inspect(path, progress=Silent(), cache=cache.facts)
    layer = normalise(path, facts, cache.layers, Silent()).facts
    for file in (tmp_path / "cache").rglob("*.json"):
        file.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    assert cache.facts.get(identify(path)) is None
    assert inspect(path, progress=Silent(), cache=cache.facts) == facts
    assert normalise(path, facts, cache.layers, Silent()).facts == layer


def test_files_are_for_their_owner_alone(archive: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "cache" / "vddkctl"
    cache = Cache(folder)
    path = archive()
    normalise(path, inspect(path, progress=Silent(), cache=cache.facts), cache.layers, Silent())
    modes = {(item.is_dir(), stat.S_IMODE(item.stat().st_mode)) for item in [folder, *folder.rglob("*")]}
    assert modes == {(True, 0o700), (False, 0o600)}
    assert not list(folder.rglob(".*"))


def test_only_the_newest_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FACTS", 3)
    cache = FactsCache(tmp_path)
    for number in range(5):
        cache.put(replace(IDENTITY, inode=number), FACTS)
        for file in (tmp_path / "facts").iterdir():
            before = file.stat().st_mtime_ns - 1_000_000_000
            os.utime(file, ns=(before, before))
    kept = [number for number in range(5) if cache.get(replace(IDENTITY, inode=number))]
    assert kept == [2, 3, 4]


def test_only_the_newest_layers_are_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    folder = tmp_path / "cache" / "layers"
    for number in range(6):
        with cache.layers.writing() as new:
            new.file.write(b"x")
            new.keep(f"layer{number}", LayerFacts("sha256:x", "sha256:y", 1, False))
        for file in folder.iterdir():
            before = file.stat().st_mtime_ns - 1_000_000_000
            os.utime(file, ns=(before, before))
    assert sorted(file.name for file in folder.iterdir()) == [
        f"layer{number}.{ending}" for number in range(2, 6) for ending in ("json", "tar.gz")
    ]


def test_what_a_killed_run_left_is_removed_after_an_hour(tmp_path: Path) -> None:
    cache = FactsCache(tmp_path)
    cache.put(IDENTITY, FACTS)
    old, young = tmp_path / "facts" / ".new-old", tmp_path / "facts" / ".new-young"
    old.touch()
    young.touch()
    os.utime(old, (1, 1))
    cache.put(IDENTITY, FACTS)
    assert (old.exists(), young.exists()) == (False, True)


@pytest.mark.parametrize("kind", ["a file in the way", "a folder that is a file", "a broken link"])
def test_a_folder_that_cannot_be_used_never_fails_a_run(archive: Archive, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "cache"
    if kind == "a file in the way":
        folder.mkdir()
        (folder / "facts").write_text("")
        (folder / "layers").write_text("")
    elif kind == "a folder that is a file":
        folder.write_text("")
    else:
        folder.symlink_to(tmp_path / "nowhere" / "at" / "all")
    cache, path = Cache(folder), archive()
    facts = inspect(path, progress=Silent(), cache=cache.facts)
    made = normalise(path, facts, cache.layers, Silent())
    with made.source.open() as stream:
        assert len(stream.read()) == made.facts.size
