"""What libraries ask for, told from their bytes alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.verify.made import (
    BASE,
    ROOT,
    Layout,
    copied,
    file,
    items_of,
    only,
    said,
    tar,
    vendor_archive,
    zipped,
)
from vddkctl.demo.archive_writer import Item
from vddkctl.demo.elf_writer import shared_object
from vddkctl.verify import Status

LIB = f"{ROOT}/lib64"


def library(*needed: str) -> bytes:
    return shared_object("libextra.so.1", total=900, needed=needed)


def added(*items: Item) -> Callable[[list[Item]], list[Item]]:
    names = {item.name for item in items}
    return lambda before: [*(item for item in before if item.name not in names), *items]


def test_what_lies_beside_them_and_what_every_system_has_is_found(layout: Layout, archive: Path) -> None:
    layout.put(zipped(BASE), copied(archive))
    found = said(layout.verify(), "needs", Status.PASS)
    assert found == ["10 libraries and tools find what they need: 7 beside them, 3 of any system"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        (f"{LIB}/libextra.so.1", library("libfuse.so.2", "libc.so.6"), "libfuse.so.2 (for lib64/libextra.so.1)"),
        (f"{ROOT}/bin64/tool", library("libc.musl-x86_64.so.1"), "libc.musl-x86_64.so.1 (for bin64/tool)"),
        (f"{ROOT}/lib32/libextra.so.1", library("libvmomi.so"), "libvmomi.so (for lib32/libextra.so.1)"),
    ],
    ids=["a library", "a tool", "another folder"],
)  # fmt: skip
def test_what_is_in_neither_is_a_warning(
    layout: Layout, archive: Path, name: str, data: bytes, said: str
) -> None:
    layout.put(zipped(BASE), copied(archive, added(file(name, data, 0o755))))
    check = only(layout.verify(), "needs", Status.WARN)
    assert check.message == f"neither in the archive's folder nor in every system: {said}"


def test_a_library_of_the_base_does_not_count(layout: Layout, archive: Path) -> None:
    """It is in this image; the libraries are loaded in another one."""
    extra = added(file(f"{LIB}/libextra.so.1", library("libfuse.so.2"), 0o755))
    base = zipped(tar(file("usr/lib64/libfuse.so.2", library(), 0o755)))
    layout.put(zipped(BASE), base, copied(archive, extra))
    assert "libfuse.so.2" in only(layout.verify(), "needs", Status.WARN).message


def test_a_text_in_the_place_of_a_library_is_not_one(layout: Layout, archive: Path) -> None:
    flat = [
        replace(item, data=b"libvmomi") for item in items_of(archive) if item.name == f"{LIB}/libvmomi.so"
    ]
    layout.put(zipped(BASE), copied(archive, added(*flat)))
    assert "libvmomi.so (for lib64/libgvmomi.so" in only(layout.verify(), "needs", Status.WARN).message


def test_real_libraries_of_this_machine(layout: Layout, tmp_path: Path) -> None:
    """Of a compiler's own making: what readelf and ldd tell of them is what is told here."""
    real = next(
        path
        for folder in ("/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib64")
        if (path := Path(folder, "libstdc++.so.6")).exists()
    )
    extra = file(f"{LIB}/libstdc++.so.6", real.read_bytes(), 0o755)
    layout.put(zipped(BASE), copied(vendor_archive(tmp_path), added(extra)))
    (found,) = said(layout.verify(), "needs", Status.PASS)
    assert found.startswith("11 libraries and tools find what they need: 8 beside them, ")
