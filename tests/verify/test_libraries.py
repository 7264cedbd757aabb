"""Libraries that are libraries, links that are links, for the right processor, open to any user."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.verify.made import (
    BASE,
    ROOT,
    Change,
    Layout,
    as_it_is,
    copied,
    failures,
    file,
    folder,
    items_of,
    link,
    only,
    program,
    said,
    tar,
    vendor_archive,
    warnings,
    zipped,
)
from vddkctl.demo.archive_writer import Item
from vddkctl.verify import Status, Verification

LIB = f"{ROOT}/lib64"
ENTRY = f"{LIB}/libvixDiskLib.so"


def without(*names: str) -> Change:
    return lambda items: [item for item in items if item.name.rstrip("/") not in names]


def instead(*others: Item) -> Change:
    """Other entries in the place of those with their names."""
    names = [item.name.rstrip("/") for item in others]
    return lambda items: [*without(*names)(items), *others]


def with_mode(mode: int, *names: str) -> Change:
    return lambda items: [
        replace(item, mode=mode) if item.name.rstrip("/") in names else item for item in items
    ]


def verified(layout: Layout, archive: Path, change: Change, **more: Any) -> Verification:
    """The archive's files, changed, with nothing to compare them with."""
    layout.put(zipped(BASE), copied(archive, change), **more)
    return layout.verify()


@pytest.mark.parametrize(
    ("change", "check", "what"),
    [
        (instead(file(f"{LIB}/libssl.so.3", b"")), "libraries", f"{LIB}/libssl.so.3 is empty, not a library"),
        (
            instead(file(f"{LIB}/libssl.so", b"libssl.so.3")),
            "libraries",
            f"{LIB}/libssl.so is a text file that says libssl.so.3: once a link, flattened when the archive was repacked",
        ),
        (
            instead(file(f"{LIB}/libssl.so.3", b"MZ" * 4000)),
            "libraries",
            f"{LIB}/libssl.so.3 is not an ELF library",
        ),
        (
            without(f"{ENTRY}.8.0.1"),
            "libraries",
            f"has no {ENTRY}.X.Y.Z: the library itself is missing",
        ),
        (without(ENTRY), "libraries", f"{ENTRY} is missing; Forklift looks for this name"),
        (
            without(f"{ENTRY}.8"),
            "libraries",
            f"{ENTRY} is a broken link: libvixDiskLib.so → libvixDiskLib.so.8, which is not in the archive",
        ),
        (
            instead(link(f"{ENTRY}.8", f"/{ENTRY}.8.0.1")),
            "links",
            f"{ENTRY}.8 is a link to /{ENTRY}.8.0.1, outside {ROOT}",
        ),
        (
            instead(link(f"{ENTRY}.8", f"../../{ENTRY}.8.0.1")),
            "links",
            f"{ENTRY}.8 is a link to ../../{ENTRY}.8.0.1, outside {ROOT}",
        ),
        (
            instead(link(f"{LIB}/x.so", "etc/passwd", "hardlink")),
            "links",
            f"{LIB}/x.so is a hard link to etc/passwd, outside {ROOT}",
        ),
        (instead(Item(f"{LIB}/null", "device")), "links", f"{LIB}/null is a device"),
        (instead(Item(f"{LIB}/pipe", "fifo")), "links", f"{LIB}/pipe is a named pipe"),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else "",
)
def test_what_would_fail_in_a_migration(
    layout: Layout, archive: Path, change: Change, check: str, what: str
) -> None:
    verification = verified(layout, archive, change)
    assert check in failures(verification)
    assert only(verification, check).message == what
    assert (
        only(verification, check).hint == "build the image again from the vendor's archive as it is, on Linux"
    )


def test_a_second_version_beside_the_first(layout: Layout, archive: Path) -> None:
    elf = next(item for item in items_of(archive) if item.name == f"{ENTRY}.8.0.1")
    verification = verified(layout, archive, instead(replace(elf, name=f"{ENTRY}.8.0.2")))
    assert failures(verification) == ["libraries"]
    assert only(verification, "libraries").message == "holds several versions: 8.0.1, 8.0.2"


def test_the_name_by_which_programs_open_it_must_be_there(layout: Layout, archive: Path) -> None:
    verification = verified(
        layout, archive, instead(link(ENTRY, "libvixDiskLib.so.8.0.1"), link(f"{ENTRY}.8", "x"))
    )
    assert failures(verification) == ["libraries"]
    assert (
        "lib64/libvixDiskLib.so.8, by which programs open the library"
        in only(verification, "libraries").message
    )
    assert warnings(verification) == ["archive", "links"]


def test_a_library_without_a_soname_is_not_the_vendors(layout: Layout, archive: Path) -> None:
    verification = verified(layout, archive, instead(file(f"{ENTRY}.8.0.1", program())))
    assert failures(verification) == ["libraries"]
    assert "has no SONAME" in only(verification, "libraries").message


def test_links_that_lead_nowhere_elsewhere_are_a_warning(layout: Layout, archive: Path) -> None:
    verification = verified(layout, archive, without(f"{LIB}/libssl.so.3"))
    assert (failures(verification), warnings(verification)) == ([], ["archive", "links", "needs"])
    assert "lead nowhere: lib64/libssl.so" in only(verification, "links", Status.WARN).message


def test_a_file_where_the_link_was(layout: Layout, archive: Path) -> None:
    """A tool that copies what links lead to."""
    elf = next(item for item in items_of(archive) if item.name == f"{ENTRY}.8.0.1")
    verification = verified(
        layout, archive, instead(replace(elf, name=ENTRY), replace(elf, name=f"{ENTRY}.8"))
    )
    assert (failures(verification), warnings(verification)) == ([], ["archive", "links"])


@pytest.mark.parametrize(
    ("sample", "platform", "named"),
    [
        ({}, "linux/arm64", "platform"),
        ({"machine": "aarch64"}, "linux/amd64", "platform"),
        ({"machine": "aarch64"}, "linux/arm64", ""),
    ],
    ids=str,
)
def test_libraries_are_for_the_images_processor(
    layout: Layout, tmp_path: Path, sample: Mapping[str, Any], platform: str, named: str
) -> None:
    archive = vendor_archive(tmp_path, **sample)
    machine = {"linux/arm64": 183, "linux/amd64": 62}[platform]
    base = tar(folder("bin"), file("bin/cp", program(machine), 0o755))
    layout.put(zipped(base), as_it_is(archive), platform=platform)
    verification = layout.verify(archive)
    assert failures(verification) == list(filter(None, [named]))
    assert ("platform" in warnings(verification)) == (platform == "linux/arm64")
    if named:
        there = sample.get("machine", "x86_64")
        assert (
            only(verification, "platform").message
            == f"the libraries are for {there}, the image is for {platform}"
        )
        assert failures(layout.verify(archive, any_machine=True)) == []


def test_one_library_for_another_processor(layout: Layout, archive: Path, tmp_path: Path) -> None:
    other = vendor_archive(tmp_path, name="arm.tar.gz", machine="aarch64")
    elf = next(item for item in items_of(other) if item.name == f"{LIB}/libssl.so.3")
    verification = verified(layout, archive, instead(elf))
    assert failures(verification) == ["libraries"]
    message = only(verification, "libraries").message
    assert message == "VDDK 8.0.1 is for x86_64, and lib64/libssl.so.3 for another machine"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (with_mode(0o640, f"{ENTRY}.8.0.1"), f"{ENTRY}.8.0.1 is not readable for all users (mode 0640)"),
        (with_mode(0o700, LIB), f"{LIB} is a folder that is not open to all users (mode 0700)"),
        (with_mode(0o754, ROOT), f"{ROOT} is a folder that is not open to all users (mode 0754)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_any_user_must_be_able_to_copy_it(layout: Layout, archive: Path, change: Change, what: str) -> None:
    verification = verified(layout, archive, change)
    assert failures(verification) == ["access"]
    assert only(verification, "access").message == f"1 of 25 entries are closed to other users: {what}"


def test_a_root_folder_that_is_closed(layout: Layout, archive: Path) -> None:
    shut = zipped(tar(folder("./", 0o700)))
    layout.put(zipped(BASE), as_it_is(archive), shut)
    verification = layout.verify(archive)
    assert failures(verification) == ["access"]
    assert "/ is a folder that is not open to all users (mode 0700)" in only(verification, "access").message


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (
            lambda items: [replace(items[0], uid=70_000), *items[1:]],
            f"{ROOT} belongs to user 70000, beyond what rootless runtimes map",
        ),
        (with_mode(0o4755, f"{ENTRY}.8.0.1"), "has a set-user-ID, set-group-ID or sticky bit (mode 4755)"),
        (without(ROOT), f"{ROOT} is not listed: some runtimes then create it for root alone"),
    ],
    ids=["owner", "setuid", "unlisted"],
)
def test_modes_and_owners_that_some_stumble_over(
    layout: Layout, archive: Path, change: Change, what: str
) -> None:
    verification = verified(layout, archive, change)
    assert (failures(verification), warnings(verification)) == ([], ["archive", "access"])
    assert what in only(verification, "access", Status.WARN).message


def test_links_and_libraries_are_told_apart(layout: Layout, archive: Path) -> None:
    """Both are looked at, whatever is wrong with the other."""
    both = instead(link(f"{LIB}/libssl.so", "/tmp"), file(f"{LIB}/libcurl.so.4.8.0", b"no ELF \0\0"))
    verification = verified(layout, archive, both)
    assert failures(verification) == ["links", "libraries"]
    assert said(verification, "access", Status.PASS) == ["any user can read all 25 files and folders"]
