"""Whether the vendor's archive is in the image, and how far that is proven."""

import hashlib
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
    link,
    only,
    said,
    tar,
    vendor_archive,
    warnings,
    zipped,
)
from vddkctl.demo.archive_writer import Item
from vddkctl.oci.annotations import ARCHIVE_SHA256, VERSION
from vddkctl.vddk import published
from vddkctl.vddk.archive import Published


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another version of the archive."""
    return vendor_archive(tmp_path, name="other.tar.gz", version="8.0.2")


def as_published(monkeypatch: pytest.MonkeyPatch, archive: Path) -> None:
    md5 = hashlib.md5(archive.read_bytes(), usedforsecurity=False).hexdigest()
    monkeypatch.setattr(published, "PUBLISHED", (Published("8.0.1", md5, "a portal"),))


def test_by_a_published_checksum(layout: Layout, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout.put(zipped(BASE), as_it_is(archive))
    as_published(monkeypatch, archive)
    verification = layout.verify()
    assert (failures(verification), warnings(verification)) == ([], [])
    assert said(verification, "archive")[0].endswith("its MD5 is published for VDDK 8.0.1 (a portal)")


def test_a_published_archive_that_is_not_the_expected_one(
    layout: Layout, archive: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout.put(zipped(BASE), as_it_is(archive))
    as_published(monkeypatch, archive)
    verification = layout.verify(sha256=sha256(other))
    assert failures(verification) == ["archive"]
    assert (
        "is another archive than the expected one: its MD5 is published"
        in only(verification, "archive").message
    )


def test_another_archive_is_told_by_its_files(layout: Layout, archive: Path, other: Path) -> None:
    layout.put(zipped(BASE), as_it_is(archive))
    verification = layout.verify(other)
    assert failures(verification) == ["archive"]
    assert only(verification, "archive").message.startswith("its files are not those of the archive: ")


def test_another_packing_is_compared_file_by_file(layout: Layout, archive: Path) -> None:
    layout.put(zipped(BASE), copied(archive))
    verification = layout.verify(archive)
    assert (failures(verification), warnings(verification)) == ([], [])
    assert said(verification, "archive") == [
        "another packing of the archive: all 20 files and links are the same"
    ]


def changed(name: str, **changes: Any) -> Change:
    return lambda items: [
        replace(item, **changes) if item.name.rstrip("/").endswith(name) else item for item in items
    ]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (changed("README.txt", data=b"other"), "doc/README.txt has other contents"),
        (lambda items: [i for i in items if not i.name.endswith("README.txt")], "doc/README.txt is missing"),
        (
            lambda items: [*items, file(f"{ROOT}/lib64/libssl.so.9")],
            "lib64/libssl.so.9 is not in the archive",
        ),
        (
            changed("libssl.so", link="libcrypto.so.3"),
            "lib64/libssl.so leads to libcrypto.so.3, not to libssl.so.3",
        ),
        (changed("libssl.so", kind="file", data=b"\x7fELF"), "lib64/libssl.so is a file, not a link"),
        (changed("README.txt", kind="symlink", link="intro.htm"), "doc/README.txt is a link, not a file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_file_that_is_another(layout: Layout, archive: Path, change: Change, what: str) -> None:
    layout.put(zipped(BASE), copied(archive, change))
    verification = layout.verify(archive)
    assert "archive" in failures(verification)
    assert only(verification, "archive").message == f"its files are not those of the archive: {what}"


def test_modes_owners_times_and_hard_links_may_differ(layout: Layout) -> None:
    def twice(items: list[Item]) -> list[Item]:
        same = next(item for item in items if item.name.endswith("README.txt"))
        return [*items, replace(same, name=f"{ROOT}/doc/twin.txt")]

    def other_form(items: list[Item]) -> list[Item]:
        items = [replace(item, mode=0o755, uid=5, mtime=7) for item in items]
        first, second = (item for item in items if item.name.endswith(("README.txt", "twin.txt")))
        return [*(item for item in items if item is not second), link(second.name, first.name, "hardlink")]

    archive = vendor_archive(layout.root, twice)
    layout.put(zipped(BASE), copied(archive, other_form))
    assert failures(layout.verify(archive)) == []


def test_hard_links_of_the_archive_may_be_files_in_the_image(layout: Layout) -> None:
    readme = f"{ROOT}/doc/README.txt"
    archive = vendor_archive(
        layout.root, lambda items: [*items, link(f"{ROOT}/doc/twin.txt", readme, "hardlink")]
    )

    def as_files(items: list[Item]) -> list[Item]:
        same = next(item for item in items if item.name == readme)
        return [replace(same, name=item.name) if item.name.endswith("twin.txt") else item for item in items]

    layout.put(zipped(BASE), copied(archive, as_files))
    assert failures(layout.verify(archive)) == []


def test_what_an_image_only_says_is_no_proof(layout: Layout, archive: Path) -> None:
    claim = {ARCHIVE_SHA256: sha256(archive)}
    layout.put(zipped(BASE), copied(archive), annotations=claim)
    verification = layout.verify(sha256=sha256(archive))
    assert failures(verification) == ["archive"]
    check = only(verification, "archive")
    assert check.message.startswith(f"not proven: no layer is the archive sha256:{sha256(archive)}; ")
    assert check.message.endswith(", and only says that it was made of it")
    assert check.hint == "give the archive itself to compare its files: --archive FILE"
    layout.put(zipped(BASE), copied(archive), Labels=claim)
    assert failures(layout.verify(sha256=sha256(archive))) == ["archive"]
    assert failures(layout.verify(archive)) == []


def test_an_image_that_says_it_is_of_another_archive(layout: Layout, archive: Path, other: Path) -> None:
    layout.put(zipped(BASE), copied(archive), annotations={ARCHIVE_SHA256: sha256(other)})
    verification = layout.verify(sha256=sha256(archive))
    assert failures(verification) == ["archive"]
    assert f"another archive, sha256:{sha256(other)}" in only(verification, "archive").message


def test_an_image_that_says_nothing(layout: Layout, archive: Path) -> None:
    layout.put(zipped(BASE), copied(archive))
    unproven = layout.verify(sha256=sha256(archive))
    assert failures(unproven) == ["archive"]
    assert only(unproven, "archive").message.startswith(
        f"not proven: no layer is the archive sha256:{sha256(archive)}; "
    )
    verification = layout.verify()
    assert (failures(verification), warnings(verification)) == ([], ["archive"])


def test_an_image_that_says_it_holds_another_version(layout: Layout, archive: Path) -> None:
    said_so = {ARCHIVE_SHA256: sha256(archive), VERSION: "8.0.3"}
    layout.put(zipped(BASE), as_it_is(archive), annotations=said_so)
    verification = layout.verify(archive)
    assert failures(verification) == ["libraries"]
    assert only(verification, "libraries").message == "it says that it holds VDDK 8.0.3, and holds 8.0.1"
    # Other tools hand on what the base says of itself.
    layout.put(zipped(BASE), as_it_is(archive), Labels={VERSION: "8.10"})
    assert failures(layout.verify(archive)) == []


def test_an_image_without_any_of_it(layout: Layout, archive: Path) -> None:
    layout.put(zipped(BASE), zipped(tar(folder(ROOT))))
    verification = layout.verify(archive)
    assert failures(verification)[0] == "archive"
    assert only(verification, "archive").message == f"no layer has files below /{ROOT}"


def test_the_archives_layer_need_not_be_the_last(layout: Layout, archive: Path) -> None:
    layout.put(zipped(BASE), as_it_is(archive), zipped(tar(file("etc/motd"))))
    verification = layout.verify(archive)
    assert (failures(verification), warnings(verification)) == ([], ["extra"])
    assert said(verification, "changes") == [f"no other layer changes anything below /{ROOT}"]


def test_an_archive_that_changes_while_it_is_read_is_an_error(
    layout: Layout, archive: Path, other: Path
) -> None:
    from vddkctl.build.archive import inspect
    from vddkctl.errors import ArchiveError
    from vddkctl.progress import Silent
    from vddkctl.verify import Expected, LocalArchive, verify

    layout.put(zipped(BASE), copied(archive))
    facts = inspect(archive, progress=Silent())
    found = layout.registry.resolve(layout.reference)
    assert found
    expected = Expected(facts.sha256, LocalArchive(other, facts))
    with pytest.raises(ArchiveError, match="was changed since it was inspected"):
        verify(layout.registry, layout.reference, found, expected, Silent())
