"""An archive as a stream that is no file: the same digests, wherever the bytes come from."""

import gzip
import hashlib
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from vddkctl.build.archive import inspect
from vddkctl.build.archive.inflate import Inflater
from vddkctl.build.archive.plain import PlainStream
from vddkctl.demo.sample import make_archive
from vddkctl.errors import RegistryError
from vddkctl.progress import Silent


def test_it_tells_what_the_file_tells(tmp_path: Path) -> None:
    path = make_archive(tmp_path / "a.tar.gz", size=300_000)
    facts, content, closed = inspect(path, progress=Silent()), path.read_bytes(), threading.Event()

    def pieces() -> Generator[bytes, None, None]:
        try:
            for start in range(0, len(content), 10_007):
                yield content[start : start + 10_007]
        finally:
            closed.set()

    with Silent().task("", None) as task, PlainStream(pieces(), Inflater("a"), task).running() as stream:
        plain = b"".join(stream)
    assert (stream.sha256, stream.md5, stream.diff_id) == (facts.sha256, facts.md5, facts.diff_id)
    assert (stream.size, stream.unpacked_size) == (facts.size, facts.unpacked_size)
    assert hashlib.sha256(plain).hexdigest() == hashlib.sha256(gzip.decompress(content)).hexdigest()
    assert closed.is_set()


def test_an_error_of_the_source_is_the_readers_and_the_source_is_closed() -> None:
    closed = threading.Event()

    def pieces() -> Generator[bytes, None, None]:
        try:
            yield gzip.compress(b"begun")[:-4]
            raise RegistryError("the registry is away")
        finally:
            closed.set()

    before = threading.active_count()
    with (
        Silent().task("", None) as task,
        pytest.raises(RegistryError, match="the registry is away"),
        PlainStream(pieces(), Inflater("a"), task).running() as stream,
    ):
        list(stream)
    assert closed.is_set()
    assert threading.active_count() == before
