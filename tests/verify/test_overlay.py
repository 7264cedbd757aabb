"""Later layers: what they replace, add and take away below the vendor's folder is seen."""

from pathlib import Path

import pytest

from tests.verify.made import (
    BASE,
    ROOT,
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
    warnings,
    zipped,
)
from tests.verify.test_platforms import base_of
from vddkctl.demo.archive_writer import Item
from vddkctl.verify import Status, Verification

LIB = f"{ROOT}/lib64"


def over(layout: Layout, archive: Path, *items: Item) -> Verification:
    """The archive's layer, and one more with these entries."""
    layout.put(zipped(BASE), as_it_is(archive), zipped(tar(*items)))
    return layout.verify(archive)


def under(layout: Layout, archive: Path, *items: Item) -> Verification:
    """The same, below the archive's layer."""
    layout.put(zipped(BASE), zipped(tar(*items)), as_it_is(archive))
    return layout.verify(archive)


@pytest.mark.parametrize(
    ("items", "what"),
    [
        ([file(f"{LIB}/libssl.so.3", b"other")], "replaces lib64/libssl.so.3"),
        ([file(f"{LIB}/new.so")], "adds lib64/new.so"),
        ([file(f"{LIB}/.wh.libssl.so.3", b"")], "takes away lib64/libssl.so.3"),
        ([file(f"{LIB}/.wh.libssl.so", b"")], "takes away lib64/libssl.so"),
        ([link(f"{LIB}/libssl.so", "libcrypto.so")], "replaces lib64/libssl.so"),
        ([link(f"{LIB}/libssl.so.3", f"{LIB}/libcrypto.so.3", "hardlink")], "replaces lib64/libssl.so.3"),
        ([file(f"./{LIB}//libssl.so.3", b"other")], "replaces lib64/libssl.so.3"),
        ([file(f"/{LIB}/libssl.so.3", b"other")], "replaces lib64/libssl.so.3"),
        ([file(f"{ROOT}/.wh.doc", b"")], "takes away doc/README.txt, doc/intro.htm"),
        ([file(f"{ROOT}/doc/.wh..wh..opq", b"")], "takes away doc/README.txt, doc/intro.htm"),
        ([file(f"{ROOT}/doc", b"now a file")], "takes away doc/README.txt, doc/intro.htm, adds doc"),
        (
            [file(f"{ROOT}/doc/README.txt", b"new"), file(f"{ROOT}/doc/.wh..wh..opq", b"")],
            "takes away doc/intro.htm, replaces doc/README.txt",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_another_layer_does_is_told(layout: Layout, archive: Path, items: list[Item], what: str) -> None:
    verification = over(layout, archive, *items)
    assert "changes" in failures(verification)
    assert only(verification, "changes").message.endswith(f" {what}")
    assert said(verification, "archive", Status.PASS)


def test_all_of_it_taken_away(layout: Layout, archive: Path) -> None:
    for items in (
        [file(f".wh.{ROOT}", b"")],
        [file(".wh..wh..opq", b"")],
        [file(ROOT, b"a file")],
        [link(ROOT, "/opt")],
    ):
        verification = over(layout, archive, *items)
        assert "changes" in failures(verification), items
        assert " takes away " in only(verification, "changes").message


def test_a_flattened_link_is_seen_whatever_put_it_there(layout: Layout, archive: Path) -> None:
    verification = over(layout, archive, file(f"{LIB}/libvixDiskLib.so.8", b"libvixDiskLib.so.8.0.1"))
    assert failures(verification) == ["changes", "libraries"]
    assert "once a link, flattened" in only(verification, "libraries").message


@pytest.mark.parametrize(
    "items",
    [
        [folder(ROOT), folder(f"{ROOT}/lib64/")],
        [file("etc/.wh.mtab", b"")],
        [file(f"{LIB}/.wh.nothing", b"")],
        [file(f"{LIB}/.wh..wh.plnk", b"")],
        [file(f"etc/{ROOT}/lib64/libssl.so.3")],
        [file(f"{ROOT}-old/lib64/libssl.so.3")],
    ],
    ids=lambda items: items[0].name,
)
def test_what_changes_nothing_is_let_through(layout: Layout, archive: Path, items: list[Item]) -> None:
    verification = over(layout, archive, *items)
    assert (failures(verification), {*warnings(verification)} - {"extra"}) == ([], set())


def test_what_lies_below_the_archives_layer(layout: Layout, archive: Path) -> None:
    hidden = under(layout, archive, file(f"{LIB}/libssl.so.3", b"hidden by the archive"))
    assert (failures(hidden), warnings(hidden)) == ([], [])
    shines = under(layout, archive, file(f"{LIB}/shines.so", b"x"))
    assert failures(shines) == ["changes"]
    assert only(shines, "changes").message.endswith(" adds lib64/shines.so")


def test_whiteouts_of_a_layer_spare_its_own_files(layout: Layout, archive: Path) -> None:
    own = [item for item in items_of(archive) if "/doc/" in item.name]
    for marks in ([file(f"{ROOT}/.wh.doc", b"")], [file(f"{ROOT}/doc/.wh..wh..opq", b"")]):
        assert failures(over(layout, archive, *marks, *own)) == []
    assert failures(over(layout, archive, *own, file(f"{ROOT}/doc/.wh..wh..opq", b""))) == []


@pytest.mark.parametrize("mark", [".wh.doc", "doc/.wh.README.txt"])
def test_a_whiteout_behind_what_its_own_layer_has_put_there(layout: Layout, archive: Path, mark: str) -> None:
    own = [item for item in items_of(archive) if "/doc/" in item.name]
    verification = over(layout, archive, *own, file(f"{ROOT}/{mark}", b""))
    assert failures(verification) == ["layer"]
    assert "runtimes differ on that" in only(verification, "layer").message


def test_a_layer_of_neither_base_nor_archive(layout: Layout, archive: Path) -> None:
    other = file("bin/cp", program(), 0o755)
    verification = over(layout, archive, file("etc/motd"))
    assert (failures(verification), warnings(verification)) == ([], ["extra"])
    verification = over(layout, archive, other)
    assert failures(verification) == ["extra"]
    assert only(verification, "extra").message.endswith(" and it changes /bin/cp")
    # Below the archive it can be the base's, until the base is known.
    assert failures(under(layout, archive, other)) == []
    layers = (zipped(tar(other)), as_it_is(archive))
    layout.put(zipped(BASE), *layers)
    assert failures(layout.verify(archive, base=base_of(zipped(BASE), pinned=True))) == ["extra"]
    whole = base_of(zipped(BASE), layers[0], pinned=True)
    assert (failures(layout.verify(archive, base=whole)), warnings(layout.verify(archive, base=whole))) == (
        [],
        [],
    )


def test_an_extra_layer_does_not_hide_among_the_vendors_files(layout: Layout, archive: Path) -> None:
    again = [item for item in items_of(archive) if item.name.endswith("README.txt")]
    verification = over(layout, archive, *again, file("bin/cp", program(), 0o755))
    assert failures(verification) == ["extra"]


def test_a_program_that_comes_first_in_the_path(layout: Layout, archive: Path) -> None:
    layout.put(zipped(BASE), as_it_is(archive), zipped(tar(file("usr/bin/cp", program(), 0o755))))
    assert only(layout.verify(archive), "extra").message.endswith(" and it changes /usr/bin/cp")


def test_a_layer_that_only_changes_modes_is_compared(layout: Layout, archive: Path) -> None:
    """RUN chmod: the same files again."""
    again = [item for item in items_of(archive) if item.kind == "file"]
    verification = over(layout, archive, *again)
    assert (failures(verification), warnings(verification)) == ([], [])
    assert said(verification, "changes")[0].endswith(" repeats files of the archive, and changes none")
    # Without the archive that cannot be told.
    import hashlib

    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert failures(layout.verify(sha256=digest)) == ["changes"]


def test_layers_that_nothing_is_known_of(layout: Layout, archive: Path) -> None:
    layout.put(zipped(BASE), copied(archive), zipped(tar(file(f"{LIB}/libssl.so.3", b"\x7fELF"))))
    verification = layout.verify()
    assert warnings(verification) == ["archive", "changes", "needs"]
    message = only(verification, "changes", Status.WARN).message
    assert message == "layers change what others put there: lib64/libssl.so.3"
    layout.put(zipped(BASE), copied(archive))
    assert warnings(layout.verify()) == ["archive"]


def test_a_way_through_a_link_is_told(layout: Layout, archive: Path) -> None:
    """Some runtimes follow the link, others put a folder in its place."""
    for items, named in (
        ([link("srv", f"{ROOT}/lib64"), file("srv/libssl.so.3", b"other")], "srv/…"),
        ([link("srv", f"/{ROOT}"), folder("srv/lib64/more")], "srv/lib64/more"),
        ([link("srv", f"./x/../{ROOT}"), link("x", "."), link("srv/libssl.so", "y")], "srv/libssl.so"),
        ([link("srv", "/"), folder(f"srv/{ROOT}")], f"srv/{ROOT}"),
        ([link(f"{ROOT}/include", "doc"), file(f"{ROOT}/include/x.h")], f"{ROOT}/include/x.h"),
    ):
        verification = over(layout, archive, *items)
        assert "links" in failures(verification)
        what = f"layers reach the libraries through links in their paths: {named}"
        assert only(verification, "links").message == what
    taken = over(layout, archive, link("srv", f"{ROOT}/lib64"))
    assert failures(taken) == []
    mark = zipped(tar(file("srv/.wh.libssl.so", b"")))
    layout.put(zipped(BASE), as_it_is(archive), zipped(tar(link("srv", f"{ROOT}/lib64"))), mark)
    assert failures(layout.verify(archive)) == ["changes", "links"]


def test_links_in_a_circle_end(layout: Layout, archive: Path) -> None:
    circle = [link("a", "b"), link("b", "a"), file("a/x"), file("a/b/../c"), link("c", "../../../c/c")]
    verification = over(layout, archive, *circle)
    assert failures(verification) == []
    assert warnings(verification) == ["layer", "extra"]
    assert only(verification, "layer", Status.WARN).message == "it has a path with ..: a/b/../c"


def test_a_path_that_climbs_lands_inside_the_image(layout: Layout, archive: Path) -> None:
    for name in (f"../../{LIB}/libssl.so.3", f"etc/../{LIB}/libssl.so.3", f"{LIB}/x/../libssl.so.3"):
        verification = over(layout, archive, file(name, b"other"))
        assert "changes" in failures(verification)
        assert warnings(verification) == ["layer", "needs"]


def test_usrmerged_bases(layout: Layout, archive: Path) -> None:
    """/bin is a link to usr/bin, and a later layer adds to it by the one name or the other."""
    from tests.verify.made import program

    base = tar(folder("usr"), folder("usr/bin"), link("bin", "usr/bin"), link("usr/bin/cp", "coreutils"))
    for name in ("bin/coreutils", "usr/bin/coreutils"):
        layout.put(zipped(base), zipped(tar(file(name, program(), 0o755))), as_it_is(archive))
        verification = layout.verify(archive)
        assert (failures(verification), warnings(verification)) == ([], [])
        assert said(verification, "program") == ["/usr/bin/cp, which is /usr/bin/coreutils"]
