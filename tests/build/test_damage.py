"""Whatever the bytes are: facts, or an ArchiveError; and never a thread that stays."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vddkctl.build.archive import inspect
from vddkctl.build.archive.ahead import Ahead
from vddkctl.demo.archive_writer import write_archive
from vddkctl.demo.sample import sample_items
from vddkctl.errors import ArchiveError
from vddkctl.progress import Silent


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damage") / "a.tar.gz"


@pytest.fixture(scope="module")
def whole(place: Path) -> bytes:
    return write_archive(place, sample_items(size=3000)).read_bytes()


def survives(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    before = threading.active_count()
    refused: ArchiveError | None = None
    try:
        inspect(path, progress=Silent())
    except ArchiveError as error:
        refused = error
    assert refused is None or (refused.where.startswith(str(path)) and refused.hint)
    assert threading.active_count() == before


@given(st.binary(max_size=3000))
def test_any_bytes(place: Path, data: bytes) -> None:
    survives(place, data)
    survives(place, b"\x1f\x8b\x08" + data)
    survives(place, gzip.compress(data))


@given(st.data())
def test_any_damage_to_the_file(place: Path, whole: bytes, data: st.DataObject) -> None:
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    survives(place, bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))


@given(st.data())
def test_any_damage_to_the_contents(place: Path, whole: bytes, data: st.DataObject) -> None:
    plain = bytearray(gzip.decompress(whole))
    for _ in range(data.draw(st.integers(1, 6))):
        # Headers are where damage is interesting; filler is most of the bytes.
        header = data.draw(st.integers(0, len(plain) // 512 - 1)) * 512
        plain[header + data.draw(st.integers(0, 511))] ^= data.draw(st.integers(1, 255))
    survives(place, gzip.compress(bytes(plain), 1))


def test_every_truncation_of_a_small_archive_is_refused(place: Path, whole: bytes) -> None:
    for kept in range(0, len(whole), max(1, len(whole) // 200)):
        place.write_bytes(whole[:kept])
        with pytest.raises(ArchiveError, match=r"is empty|is not gzip|is truncated"):
            inspect(place, progress=Silent())


def test_items_come_in_order_and_an_error_comes_where_its_item_would() -> None:
    def numbers() -> Iterator[int]:
        yield from range(100)
        raise ArchiveError("the disk is gone")

    with Ahead(numbers(), depth=3) as ahead:
        assert [next(ahead) for _ in range(100)] == list(range(100))
        with pytest.raises(ArchiveError, match="the disk is gone"):
            next(ahead)


def test_leaving_early_closes_the_source_and_ends_the_thread() -> None:
    made = []
    closed = threading.Event()

    def numbers() -> Iterator[int]:
        try:
            for number in range(1_000_000):
                made.append(number)
                yield number
        finally:
            closed.set()

    before = threading.active_count()
    with suppress(KeyboardInterrupt), Ahead(numbers(), depth=3) as ahead:
        assert next(ahead) == 0
        raise KeyboardInterrupt
    assert closed.is_set()
    assert len(made) <= 6
    assert threading.active_count() == before


def test_ctrl_c_does_not_wait_for_a_source_that_stays_silent() -> None:
    left, over = threading.Event(), threading.Event()

    def silence() -> Iterator[int]:
        yield 0
        over.wait()

    def read() -> None:
        with suppress(KeyboardInterrupt), Ahead(silence(), depth=3) as ahead:
            assert next(ahead) == 0
            raise KeyboardInterrupt
        left.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert left.wait(60)
    finally:
        over.set()
        reader.join()
