"""User, command and program: whether the image does its work as an init container."""

import struct
from pathlib import Path
from typing import Any

import pytest

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
    program,
    said,
    tar,
    warnings,
    zipped,
)
from vddkctl.demo.archive_writer import Item
from vddkctl.verify import Status, Verification

SOURCE = f"/{ROOT}"
REFUSED = "cp takes one source and one target with -T, and refuses this"
CLOSED = "/bin/cp lies in /bin, which others than its owner cannot enter"
SCRIPT = (("sh", program()), ("cp", b"#!/bin/sh"))
LOADER = "/lib64/ld-linux-x86-64.so.2"


def dynamic() -> bytes:
    """The header of a program that asks for the dynamic loader."""
    name = f"{LOADER}\0".encode()
    return program()[:64] + struct.pack("<IIQQQQQQ", 3, 4, 120, 0, 0, len(name), len(name), 1) + name


def started(layout: Layout, archive: Path, base: bytes = BASE, **runtime: Any) -> Verification:
    layout.put(zipped(base), as_it_is(archive), **runtime)
    return layout.verify(archive)


@pytest.mark.parametrize("user", ["1001", "107", "1001:0", "65532:65532", "1001:root"])
def test_users_that_are_right(layout: Layout, archive: Path, user: str) -> None:
    assert failures(started(layout, archive, User=user)) == []


@pytest.mark.parametrize(
    ("user", "what"),
    [
        (None, "it names no user, and so runs as root"),
        ("", "it names no user, and so runs as root"),
        ("0", "it runs as root"),
        ("00:1001", "it runs as root"),
        ("root", "it runs as root"),
        ("nobody", 'its user "nobody" is no number: a cluster cannot tell that it is not root'),
        ("1001 ", 'its user "1001 " is no number: a cluster cannot tell that it is not root'),
        ("-1", 'its user "-1" is no number: a cluster cannot tell that it is not root'),
        (1001, 'its user "1001" is no number: a cluster cannot tell that it is not root'),
    ],
)
def test_users_that_are_not(layout: Layout, archive: Path, user: Any, what: str) -> None:
    verification = started(layout, archive, User=user)
    assert failures(verification) == ["user"]
    assert only(verification, "user").message == what
    assert "USER 1001" in only(verification, "user").hint


@pytest.mark.parametrize(
    ("words", "folder"),
    [
        (["cp", "-r", SOURCE, "/opt"], "/"),
        (["/bin/cp", "-a", SOURCE, "/opt/"], "/"),
        (["cp", "-Rv", "--", f"{SOURCE}/", "/opt/."], "/"),
        (["cp", "--recursive", "-f", SOURCE, f"/opt/{ROOT}"], "/"),
        (["cp", "-rT", SOURCE, f"/opt/{ROOT}"], "/"),
        (["cp", "-r", "-t", "/opt", SOURCE], "/"),
        (["cp", "-r", "--target-directory=/opt", SOURCE], "/"),
        (["cp", "-r", "--preserve=mode", f"{SOURCE}/.", f"/opt/{ROOT}"], "/"),
        (["cp", "-r", ROOT, "opt"], ""),
        (["cp", "-r", f"../{ROOT}", "."], "/opt"),
        (["busybox", "cp", "-r", SOURCE, "/opt"], "/"),
        (["/bin/sh", "-c", f"cp -r {SOURCE} /opt"], "/"),
        (["sh", "-ec", f"exec cp -r '{SOURCE}' /opt"], "/"),
    ],
    ids=" ".join,
)
def test_commands_that_do_it(layout: Layout, archive: Path, words: list[str], folder: str) -> None:
    verification = started(layout, archive, Entrypoint=words, WorkingDir=folder)
    assert (failures(verification), warnings(verification)) == ([], [])


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["cp", SOURCE, "/opt"], "it does not copy folders: cp needs -r"),
        (["cp", "-r", SOURCE, "/mnt"], f"it does not copy to /opt/{ROOT}"),
        (["cp", "-r", f"{SOURCE}/lib64", "/opt"], f"it does not copy {SOURCE}"),
        (["cp", "-r", f"{SOURCE}/.", "/opt"], f"it does not copy to /opt/{ROOT}"),
        (["cp", "-rT", SOURCE, "/opt"], f"it does not copy to /opt/{ROOT}"),
        (["cp", "-r", "/opt", SOURCE], f"it does not copy {SOURCE}"),
        (["cp", "-rs", SOURCE, "/opt"], "it makes links, which lead nowhere in another container"),
        (["cp", "-r", SOURCE], f"cp needs {SOURCE} and /opt"),
        (["cp", "-r", "-t", f"/opt/{ROOT}", SOURCE], f"it does not copy to /opt/{ROOT}"),
        (["cp", "-r", "-t", f"/opt/{ROOT}", f"{SOURCE}/."], f"it does not copy to /opt/{ROOT}"),
        (["cp", "-r", SOURCE, "/bin", f"/opt/{ROOT}"], f"it does not copy to /opt/{ROOT}"),
        (["cp", "-rT", SOURCE, "/bin", f"/opt/{ROOT}"], REFUSED),
        (["cp", "-rT", "-t", "/opt", SOURCE], REFUSED),
        (["cp"], f"cp needs {SOURCE} and /opt"),
        (["sh"], "it is a shell, which copies nothing"),
        (["sh", "-c", "cp -r /vddk /opt"], f"it does not copy {SOURCE}"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_commands_that_do_not(layout: Layout, archive: Path, words: list[str], what: str) -> None:
    verification = started(layout, archive, Entrypoint=words)
    assert "entrypoint" in failures(verification)
    assert only(verification, "entrypoint").message.endswith(f": {what}")
    assert only(verification, "entrypoint").hint == (
        f'build the image again with ENTRYPOINT ["cp", "-r", "{SOURCE}", "/opt"] and no CMD'
    )


@pytest.mark.parametrize(
    "words",
    [
        ["/copy.sh"],
        ["sh", "-c", f"cp -r {SOURCE} /opt && touch /opt/done"],
        ["sh", "-c", f"cp -r {SOURCE}* /opt"],
        ["sh", "-c", "'"],
        ["cp", "-r", "--what", SOURCE, "/opt"],
        ["rsync", "-a", SOURCE, "/opt"],
        ["cp", "-r", SOURCE, "/nowhere", "/opt"],
        ["cp", "-r", "-t", "/opt", SOURCE, "/etc/hosts"],
        ["cp", "--recursive=x", SOURCE, "/opt"],
        ["cp", "-r", "--preserve=mode,xattr", SOURCE, "/opt"],
        ["sh", "-c", f"cp -r {SOURCE} {' ' * 5000} /opt"],
    ],
    ids=lambda words: " ".join(words)[:80],
)
def test_commands_that_cannot_be_told(layout: Layout, archive: Path, words: list[str]) -> None:
    base = BASE[:-1024] + tar(file("copy.sh", b"#!/bin/sh\n", 0o755), file("usr/bin/rsync", b"#!", 0o755))
    verification = started(layout, archive, base, Entrypoint=words)
    assert (failures(verification), warnings(verification)) == ([], ["entrypoint"])
    assert only(verification, "entrypoint", Status.WARN).hint.endswith(f"cp -r {SOURCE} /opt")


def test_words_of_cmd_become_words_of_cp(layout: Layout, archive: Path) -> None:
    verification = started(layout, archive, Cmd=["sh"])
    assert failures(verification) == ["entrypoint"]
    assert f"cp -r {SOURCE} /opt sh (of it sh from Cmd)" in only(verification, "entrypoint").message


def test_cmd_alone_does_it_as_well(layout: Layout, archive: Path) -> None:
    verification = started(layout, archive, Entrypoint=None, Cmd=["cp", "-r", SOURCE, "/opt"])
    assert (failures(verification), warnings(verification)) == ([], ["entrypoint"])
    nothing = started(layout, archive, Entrypoint=None)
    assert failures(nothing) == ["entrypoint"]


@pytest.mark.parametrize(
    ("items", "what"),
    [
        ([file("usr/bin/cp", program(), 0o755)], "/usr/bin/cp"),
        ([file("bin/cp", program(), 0o755)], "/bin/cp"),
        (
            [file("bin/busybox", program(), 0o755), link("bin/cp", "/bin/busybox")],
            "/bin/cp, which is /bin/busybox",
        ),
        ([file("bin/[", program(), 0o755), link("bin/cp", "bin/[", "hardlink")], "/bin/cp"),
        (
            [folder("usr/bin"), link("bin", "usr/bin"), *(file(f"usr/bin/{n}", d, 0o755) for n, d in SCRIPT)],
            "/usr/bin/cp",
        ),
        (
            [file("bin/cp", dynamic(), 0o755), link("lib64", "usr/lib64"), file(f"usr{LOADER}")],
            "/bin/cp",
        ),
        (
            [file("opt/gnu/cp", program(), 0o755), link("bin/cp", "../opt/gnu/cp")],
            "/bin/cp, which is /opt/gnu/cp",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_where_cp_is_found(layout: Layout, archive: Path, items: list[Item], what: str) -> None:
    verification = started(layout, archive, tar(*items))
    assert (failures(verification), said(verification, "program")) == ([], [what])


@pytest.mark.parametrize(
    ("items", "what"),
    [
        ([file("etc/motd")], "it has no cp, which its entrypoint starts"),
        ([link("bin/cp", "busybox")], "it has no cp, which its entrypoint starts"),
        ([link("bin/cp", "cp")], "it has no cp, which its entrypoint starts"),
        ([folder("bin/cp")], "it has no cp, which its entrypoint starts"),
        ([file("sbin/cp", program(), 0o755)], "it has no cp, which its entrypoint starts"),
        ([file("bin/cp", program(), 0o750)], "/bin/cp may not be run by everyone"),
        ([folder("bin", 0o700), file("bin/cp", program(), 0o755)], CLOSED),
        ([file("bin/cp", b"", 0o755)], "/bin/cp is empty, and cannot be started"),
        ([file("bin/cp", b"MZ", 0o755)], "/bin/cp is no program, and cannot be started"),
        ([file("bin/cp", dynamic(), 0o755)], f"/bin/cp needs {LOADER}, which is not there"),
        ([file("bin/cp", b"#!/bin/sh -e\n", 0o755)], "/bin/cp needs /bin/sh, which is not there"),
        ([file("bin/cp", program(183), 0o755)], "/bin/cp is for aarch64, the image is for linux/amd64"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_cp_that_can_be_started(layout: Layout, archive: Path, items: list[Item], what: str) -> None:
    verification = started(layout, archive, tar(*items))
    assert failures(verification) == ["program"]
    assert only(verification, "program").message == what


def test_an_empty_base_has_no_cp(layout: Layout, archive: Path) -> None:
    layout.put(as_it_is(archive))
    verification = layout.verify(archive)
    assert failures(verification) == ["program"]
    assert only(verification, "program").hint.startswith("put the archive on a base that has cp")


def test_a_shell_needs_both_programs(layout: Layout, archive: Path) -> None:
    base = tar(file("bin/cp", program(), 0o755))
    verification = started(layout, archive, base, Entrypoint=["/bin/sh", "-c", f"cp -r {SOURCE} /opt"])
    assert failures(verification) == ["program"]
    assert only(verification, "program").message == "it has no /bin/sh, which its entrypoint starts"


def test_a_cp_that_a_later_layer_takes_away(layout: Layout, archive: Path) -> None:
    layout.put(zipped(BASE), as_it_is(archive), zipped(tar(file("bin/.wh.busybox", b""))))
    assert failures(layout.verify(archive)) == ["program"]


def test_where_the_path_says(layout: Layout, archive: Path) -> None:
    base = tar(file("opt/bin/cp", program(), 0o755))
    assert failures(started(layout, archive, base, Env=["PATH=/bin:/opt/bin"])) == []
    assert failures(started(layout, archive, base, Env=None)) == ["program"]
    odd: Any = "PATH=/opt/bin"
    assert failures(started(layout, archive, base, Env=odd)) == ["program"]
