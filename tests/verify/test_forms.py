"""Layers that tar unpacks, and runtimes refuse or unpack each in its own way: they fail."""

import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.verify.made import (
    BASE,
    Layout,
    as_it_is,
    failures,
    file,
    folder,
    link,
    only,
    tar,
    warnings,
    zipped,
)


def of_type(kind: bytes, plain: bytes) -> bytes:
    """The same tar, its first entry of another type."""
    header = bytearray(plain[:512])
    header[156:157], header[148:156] = kind, b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + plain[512:]


def named_for_all(key: str, value: str) -> bytes:
    return tarfile.TarInfo.create_pax_global_header({key: value})


@pytest.mark.parametrize(
    ("layer", "what"),
    [
        (of_type(b"7", tar(file("etc/x"))), "etc/x is of tar's type 7, which not every runtime unpacks"),
        (
            of_type(b"S", tar(file("etc/x", b""))),
            "etc/x is a sparse file in GNU tar's old form, which not every runtime unpacks",
        ),
        (of_type(b"V", tar(file("etc/x"))), "etc/x is of a type that no runtime unpacks"),
        (tar(file("a"), file("./a")), "a is in it twice: podman and CRI-O refuse that"),
        (tar(folder("d"), folder("d/")), "d is in it twice: podman and CRI-O refuse that"),
        (
            named_for_all("path", "etc/y") + tar(file("etc/x")),
            "etc/y takes its path from a global pax header, which not every runtime heeds",
        ),
        (
            tar(file("etc/x"), file("etc/.wh.x", b"")),
            "etc/.wh.x takes away what the same layer has put there: runtimes differ on that",
        ),
        (
            tar(link("etc/y", "etc/nothing", "hardlink")),
            "etc/y is a hard link to etc/nothing, which no layer has put there before",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_runtimes_refuse_or_unpack_otherwise(
    layout: Layout, archive: Path, layer: bytes, what: str
) -> None:
    layout.put(zipped(BASE), zipped(layer), as_it_is(archive))
    verification = layout.verify(archive)
    assert failures(verification) == ["layer"]
    assert only(verification, "layer").message == what


def test_a_global_header_that_names_no_entry_is_none_of_it(layout: Layout, archive: Path) -> None:
    """As git archive writes it."""
    layout.put(zipped(BASE), zipped(named_for_all("comment", "0" * 40) + tar(file("x"))), as_it_is(archive))
    assert failures(layout.verify(archive)) == []


def test_a_hard_link_into_a_lower_layer_is_a_warning(layout: Layout, archive: Path) -> None:
    """podman makes it on some of its storage drivers."""
    layout.put(zipped(BASE), zipped(tar(link("etc/y", "bin/busybox", "hardlink"))), as_it_is(archive))
    verification = layout.verify(archive)
    assert (failures(verification), warnings(verification)) == ([], ["layer"])


def test_zero_bytes_behind_the_gzip_stream(layout: Layout, archive: Path) -> None:
    layer = zipped(tar(file("etc/x")))
    layout.put(zipped(BASE), replace(layer, content=layer.content + bytes(512)), as_it_is(archive))
    verification = layout.verify(archive)
    assert failures(verification) == ["layer"]
    message = only(verification, "layer").message
    assert message == "512 zero bytes follow its gzip stream, which runtimes refuse"
