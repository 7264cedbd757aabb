"""Layers that unpack to too much, or have too much in them: what is read and kept is bounded."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.verify.made import (
    BASE,
    ROOT,
    Layout,
    as_it_is,
    failures,
    file,
    folder,
    link,
    only,
    tar,
    zipped,
)
from tests.verify.test_hostile import beside
from vddkctl.verify import overlay, reading
from vddkctl.verify.layer import Item as Kept


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

    def weigh(self: overlay.Overlay, item: Kept, digest: str) -> None:
        kept.append(len(item.found.head))
        add(self, item, digest)

    monkeypatch.setattr(overlay.Overlay, "_add", weigh)
    beside(layout, archive, *(file(f"{ROOT}/doc/{number}", bytes(1024)) for number in range(200)))
    assert len(kept) > 200
    assert sum(size >= 1024 for size in kept) < 20


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
