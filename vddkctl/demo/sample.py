"""A sample archive: of the vendor's shape, with real ELF files and link chains, and nothing of the vendor's in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from vddkctl.demo.archive_writer import RATIO, Item, write_archive
from vddkctl.demo.elf_writer import shared_object
from vddkctl.vddk.archive import ROOT

VENDOR_ID = 201
"""The owner in the vendor's archives."""

RELEASED = 1_680_307_200
"""The time of every entry: 2023-04-01T00:00:00Z."""

# Name, version behind ".so", share of the filler, libraries of the archive that it needs. The main one comes on top.
_LIBRARIES = (
    ("libcrypto", "3", 0.05, ()),
    ("libcurl", "4.8.0", 0.02, ("libssl.so.3", "libcrypto.so.3")),
    ("libdiskLibPlugin", "", 0.09, ("libgvmomi.so", "libvim-types.so")),
    ("libgvmomi", "", 0.07, ("libvmomi.so", "libvmacore.so")),
    ("libssl", "3", 0.02, ("libcrypto.so.3",)),
    ("libvim-types", "", 0.35, ("libvmomi.so",)),
    ("libvmacore", "", 0.12, ("libssl.so.3", "libcrypto.so.3", "libcurl.so.4")),
    ("libvmomi", "", 0.12, ("libvmacore.so",)),
)
_MAIN_NEEDS = ("libcrypto.so.3", "libssl.so.3")
_SYSTEM = ("libstdc++.so.6", "libgcc_s.so.1", "libc.so.6")
"""What all of them need of the system they are loaded in."""

_TOOL_SAYS = "A sample of vmware-vdiskmanager: it does nothing."
_MAIN_SHARE = 0.10
_TOOL_SHARE = 0.06


def sample_name(version: str = "8.0.1", build: str = "21562716", machine: str = "x86_64") -> str:
    """The name the vendor would give the file; VDDK 9 is named in another style than those before."""
    style = f"{version}.{build}" if int(version.partition(".")[0]) >= 9 else f"{version}-{build}"
    return f"VMware-vix-disklib-{style}.{machine}.tar.gz"


def make_archive(
    path: Path,
    *,
    version: str = "8.0.1",
    size: int = 40_000_000,
    machine: str = "x86_64",
    odd: bool = True,
    private: bool = False,
    lib32: bool = False,
) -> Path:
    """Write a sample of about ``size`` compressed bytes to ``path``: the same bytes each time.

    ``odd``: owners and modes as the vendor has them, fit for a layer as they are; otherwise root's and the usual
    ones. ``private``: some modes that only the owner can use, so that the layer has to be normalised.
    """
    items = sample_items(version=version, size=size, machine=machine, odd=odd, private=private, lib32=lib32)
    return write_archive(path, items)


def sample_items(
    *,
    version: str = "8.0.1",
    size: int = 40_000,
    machine: str = "x86_64",
    odd: bool = True,
    private: bool = False,
    lib32: bool = False,
) -> list[Item]:
    """The entries of :func:`make_archive`, to be changed before :func:`write_archive` takes them."""
    folder, plain, program = (0o755, 0o444, 0o555) if odd else (0o755, 0o644, 0o755)
    if private:
        plain, program = 0o440, 0o744
    owner = VENDOR_ID if odd else 0

    def item(name: str, kind: str, mode: int, data: bytes = b"", fill: int = 0, link: str = "") -> Item:
        return Item(f"{ROOT}/{name}", kind, data, fill, mode, owner, owner, RELEASED, link)

    def elf(name: str, soname: str | None, share: float, needs: Sequence[str] = ()) -> Item:
        total, mode, says = int(share * size * RATIO), program, None if soname else _TOOL_SAYS
        start = shared_object(soname, machine=machine, total=total, needed=needs, says=says)
        return item(name, "file", mode, start, max(0, total - len(start)))

    def libraries(lib: str) -> Iterator[Item]:
        yield item(f"{lib}/", "folder", folder)
        for name, tail, share, needs in _LIBRARIES:
            yield from _library(f"{lib}/{name}.so", tail, share, needs)
        yield from _library(f"{lib}/libvixDiskLib.so", version, _MAIN_SHARE, _MAIN_NEEDS)

    def _library(name: str, tail: str, share: float, needs: Sequence[str]) -> Iterator[Item]:
        file = f"{name}.{tail}" if tail else name
        major = f"{name}.{tail.partition('.')[0]}" if tail else name
        yield elf(file, major.rpartition("/")[2], share, (*needs, *_SYSTEM))
        for link, target in ((major, file), (name, major)):
            if link != target:
                yield item(link, "symlink", 0o777, link=target.rpartition("/")[2])

    items = [item("", "folder", folder), item("bin64/", "folder", folder)]
    items += [elf("bin64/vmware-vdiskmanager", None, _TOOL_SHARE)]
    items += [item("doc/", "folder", folder)]
    items += [item(f"doc/{name}", "file", plain, text.encode()) for name, text in _DOCUMENTS.items()]
    items += [item("include/", "folder", folder)]
    items += [item(f"include/{name}", "file", plain, text.encode()) for name, text in _HEADERS.items()]
    items += libraries("lib64")
    items += libraries("lib32") if lib32 else ()
    return items


_DOCUMENTS = {
    "README.txt": "A sample of the shape of a VDDK archive. The libraries hold filler and cannot be used.\n",
    "intro.htm": "<html><body><h1>Sample</h1><p>Nothing to read here.</p></body></html>\n",
}
_HEADERS = {
    "vixDiskLib.h": "/* A sample: no declarations. */\n#ifndef SAMPLE_H\n#define SAMPLE_H\n#endif\n",
    "vm_basic_types.h": "/* A sample: no declarations. */\n",
}
