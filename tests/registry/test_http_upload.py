"""How an upload goes on: in one piece, in pieces, anew; and what is not what it was."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from tests.registry.clients import MEBIBYTE, QUICK, blob_of, client, noise, put, reference_in
from tests.registry.samples import FileSource
from tests.support.fault_proxy import FaultProxy, faults
from tests.support.faults import (
    ALWAYS,
    UPLOADS,
    BodyLimit,
    Cut,
    RetryLater,
)
from tests.support.lies import AnswerHeaders
from tests.support.running_registry import RunningRegistry
from tests.support.short_lines import short_lines
from vddkctl.errors import RegistryError, UnreachableError
from vddkctl.oci.descriptor import Blob
from vddkctl.progress import Silent

SIZE = 6 * MEBIBYTE
LARGE = noise(SIZE)
PIECE = 4 * MEBIBYTE


def sent(proxy: FaultProxy) -> list[tuple[str, str]]:
    """The requests with a body, each with its range."""
    found = [*proxy.requests("PUT", UPLOADS), *proxy.requests("PATCH", UPLOADS)]
    return [(one.method, one.headers.get("content-range", "")) for one in proxy.requests() if one in found]


def test_after_a_break_it_goes_in_pieces_from_where_the_registry_stands(
    plain_registry: RunningRegistry, repository: str
) -> None:
    with faults(
        plain_registry,
        Cut("PUT", UPLOADS, after=1_000_000, resumable=True),
        Cut("PATCH", UPLOADS, nth=2, after=0),
    ) as proxy:
        put(proxy.front, repository, LARGE)
        second = 1_000_000 + PIECE
        assert sent(proxy) == [
            ("PUT", ""),
            ("PATCH", f"1000000-{second - 1}"),
            ("PATCH", f"{second}-{SIZE - 1}"),
            ("PATCH", f"{second}-{SIZE - 1}"),
            ("PUT", ""),
        ]
        assert sum(one.received for one in proxy.requests()) == SIZE
        assert proxy.count("POST") == 1


def test_a_line_on_which_no_connection_lasts_takes_it_in_pieces(
    plain_registry: RunningRegistry, repository: str
) -> None:
    large = noise(12 * MEBIBYTE)
    with short_lines(plain_registry, most=6 * MEBIBYTE) as front:
        put(front, repository, large)
    assert blob_of(large).descriptor.digest in plain_registry.layers(repository)


def test_an_upload_that_is_forgotten_begins_anew(plain_registry: RunningRegistry, repository: str) -> None:
    with faults(plain_registry, Cut("PUT", UPLOADS, after=3_000_000)) as proxy:
        put(proxy.front, repository, LARGE)
        assert proxy.count("POST") == 2
        assert sent(proxy)[1] == ("PATCH", f"0-{PIECE - 1}")


def test_an_answer_that_is_lost_is_not_asked_for_twice(
    plain_registry: RunningRegistry, repository: str
) -> None:
    with faults(plain_registry, Cut("PUT", UPLOADS, after=None)) as proxy:
        put(proxy.front, repository, LARGE)
        assert sent(proxy) == [("PUT", "")]
        assert proxy.requests()[-1].method == "HEAD"


def test_a_wrong_count_of_the_registry_costs_one_more_upload(
    plain_registry: RunningRegistry, repository: str
) -> None:
    """As one that counts a byte too many: the digest is wrong in the end, and so is nothing else."""
    status = {"Range": f"0-{3_000_000}"}
    script = (
        Cut("PUT", UPLOADS, after=3_000_000, resumable=True),
        AnswerHeaders("GET", UPLOADS, changed=status),
    )
    with faults(plain_registry, *script) as proxy:
        put(proxy.front, repository, LARGE)
        assert proxy.count("POST") == 2
        assert sent(proxy)[-1] == ("PUT", "")


@pytest.mark.parametrize(("limit", "piece"), [(PIECE, PIECE), (PIECE - 1, PIECE // 2), (70_000, 64 * 1024)])
def test_what_is_too_large_goes_in_pieces(
    plain_registry: RunningRegistry, repository: str, limit: int, piece: int
) -> None:
    content = LARGE if limit > MEBIBYTE else LARGE[:MEBIBYTE]
    with faults(plain_registry, BodyLimit("", UPLOADS, limit=limit)) as proxy:
        put(proxy.front, repository, content)
        pieces = [one for one in proxy.requests("PATCH") if one.status == 202]
        assert {one.received for one in pieces[:-1]} == {piece}
        assert sum(one.received for one in pieces) == len(content)


def test_a_registry_that_takes_no_small_pieces_gets_none(
    plain_registry: RunningRegistry, repository: str
) -> None:
    script = (
        AnswerHeaders("POST", UPLOADS, changed={"OCI-Chunk-Min-Length": str(5 * MEBIBYTE)}, times=ALWAYS),
        BodyLimit("", UPLOADS, limit=5 * MEBIBYTE),
    )
    with faults(plain_registry, *script) as proxy:
        put(proxy.front, repository, LARGE)
        pieces = [one.received for one in proxy.requests("PATCH")]
        assert pieces == [5 * MEBIBYTE, MEBIBYTE]
    script = (script[0], BodyLimit("", UPLOADS, limit=PIECE))
    with faults(plain_registry, *script) as proxy, pytest.raises(RegistryError, match="413"):
        put(proxy.front, f"{repository}-2", LARGE)


def test_a_busy_registry_gets_it_in_one_piece_later(plain_registry: RunningRegistry, repository: str) -> None:
    with faults(plain_registry, RetryLater("PUT", UPLOADS, times=2)) as proxy:
        put(proxy.front, repository, LARGE)
        assert sent(proxy) == [("PUT", "")] * 3


def test_progress_is_patience(plain_registry: RunningRegistry, repository: str) -> None:
    """More faults than patience would bear in a row, but each after another piece."""
    script = (
        BodyLimit("PUT", UPLOADS, limit=1),
        *(Cut("PATCH", UPLOADS, nth=2 * number, after=0) for number in range(1, 11)),
    )
    with faults(plain_registry, BodyLimit("", UPLOADS, limit=MEBIBYTE), *script, all_happen=False) as proxy:
        put(proxy.front, repository, LARGE)
        assert len([one for one in proxy.requests("PATCH") if one.status is None]) > QUICK.attempts


def test_going_in_circles_is_no_progress(plain_registry: RunningRegistry, repository: str) -> None:
    """The first piece is taken each time, and the second one costs the registry its memory."""
    script = (Cut("PATCH", UPLOADS, nth=2 * number, after=10) for number in range(1, 30))
    with (
        faults(plain_registry, BodyLimit("PUT", UPLOADS, limit=0), *script, all_happen=False) as proxy,
        pytest.raises(UnreachableError, match="cannot upload sha256:"),
    ):
        put(proxy.front, repository, LARGE)
    assert proxy.count("PATCH") == 2 * QUICK.attempts


# --- what is sent is not what it was ----------------------------------------------------------------------------------


def test_a_file_that_changed_is_not_taken(
    plain_registry: RunningRegistry, repository: str, tmp_path: Path
) -> None:
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(LARGE[::-1])
    blob = Blob(blob_of(LARGE).descriptor, FileSource(path))
    reference = reference_in(plain_registry, repository)
    with pytest.raises(RegistryError) as caught:
        client(plain_registry).put_blob(reference, blob, Silent())
    assert str(caught.value) == (
        f"{reference}: cannot upload {blob.descriptor.short}: the registry got other bytes than those it was made of\n"
        "  something writes to the file it comes from; run again when that is done"
    )
    assert plain_registry.layers(repository) == set()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda path: path.write_bytes(LARGE[:-1]),
            r"sha256:[0-9a-f]{64}: it is shorter than it was when it was looked at",
        ),
        (
            lambda path: path.unlink(),
            r"archive\.tar\.gz: its bytes cannot be read: No such file or directory",
        ),
        (
            lambda path: (path.unlink(), path.mkdir()),
            r"archive\.tar\.gz: its bytes cannot be read: Is a directory",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_no_fault_of_the_registry(
    plain_registry: RunningRegistry,
    repository: str,
    tmp_path: Path,
    spoil: Callable[[Path], object],
    message: str,
) -> None:
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(LARGE)
    spoil(path)
    blob = Blob(blob_of(LARGE).descriptor, FileSource(path))
    with faults(plain_registry) as proxy:
        with pytest.raises(RegistryError, match=message):
            client(proxy.front).put_blob(reference_in(proxy.front, repository), blob, Silent())
        assert proxy.count("PUT") <= 1
    assert plain_registry.layers(repository) == set()


class Trickle:
    """A stream that is no file: nothing can be sought in it, and it gives little at a time."""

    def __init__(self) -> None:
        self._stream = BytesIO(LARGE)
        self.close = self._stream.close

    def seekable(self) -> bool:
        return False

    def read(self, size: int) -> bytes:
        return self._stream.read(min(size, 10_000))


def test_a_stream_that_cannot_be_sought_is_read_again(
    plain_registry: RunningRegistry, repository: str
) -> None:
    opened: list[Trickle] = []

    class Source:
        def open(self) -> BinaryIO:
            opened.append(Trickle())
            return cast("BinaryIO", opened[-1])

    blob = Blob(blob_of(LARGE).descriptor, Source())
    with faults(plain_registry, Cut("PUT", UPLOADS, after=1_000_000, resumable=True)) as proxy:
        client(proxy.front).put_blob(reference_in(proxy.front, repository), blob, Silent())
        assert sum(one.received for one in proxy.requests()) == SIZE
    assert len(opened) == 2
