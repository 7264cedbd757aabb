"""What makes an archive unusable, whatever is done to it. Pure: a survey in, a tree or an ArchiveError out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from vddkctl.build.archive.refusal import NOT_VENDORS, PACK_AGAIN, refused, shown
from vddkctl.build.archive.survey import HEAD, Found, Survey
from vddkctl.build.archive.tree import Tree
from vddkctl.vddk.archive import ROOT

LIB64 = f"{ROOT}/lib64"
ENTRY_LIBRARY = f"{LIB64}/libvixDiskLib.so"
"""The name that Forklift validates in an image, and that clients open."""

MAX_CHAIN = 10
"""Names that are told of one chain of links; the vendor's have three."""

_VERSIONED = re.compile(rf"{LIB64}/libvixDiskLib\.so\.(\d+\.\d+\.\d+(?:\.\d+)?)")

_FORBIDDEN = {
    "device": "is a device",
    "fifo": "is a named pipe",
    "other": "is of a kind that no VDDK archive has",
}


def judge(survey: Survey, label: str) -> Tree:
    """Refuse what must not, or cannot, become an image. Raises ArchiveError naming the entry."""
    for item in survey.found:
        check_name(item, label)
    inside = [item for item in survey.found if inside_root(item)]
    if not inside:
        tops = sorted({item.path.partition("/")[0] for item in survey.found if item.path})
        some = ", ".join(map(shown, tops[:3]))
        there = f"it holds {some}{', …' if len(tops) > 3 else ''}" if tops else "it is empty"
        raise refused(label, f"has no folder {ROOT}; {there}", hint="name the vendor's .tar.gz file")
    tree = Tree(label, inside)
    if tree.nodes.get(ROOT) and tree.nodes[ROOT].entry.kind != "folder":
        raise refused(label, "is not a folder", entry=ROOT)
    check_elf(inside, label)
    return tree


def check_elf(found: Iterable[Found], label: str) -> None:
    """Refuse a file that is named as a library, and is none."""
    for item in found:
        if item.is_library and item.entry.kind == "file" and item.elf is None:
            raise refused(label, _not_elf(item), entry=item.path, hint=PACK_AGAIN)


def main_library(tree: Tree, label: str) -> tuple[str, Found]:
    """The version, and the library that has it in its name. Raises ArchiveError where there is not just one.

    The name without a version must lead to it: without that, an image is built that Forklift refuses.
    """
    versions = {
        match[1]: tree.file_of(item)
        for path, item in tree.nodes.items()
        if item.entry.kind in ("file", "hardlink") and (match := _VERSIONED.fullmatch(path))
    }
    if not versions:
        raise refused(label, f"has no {ENTRY_LIBRARY}.X.Y.Z: the library itself is missing")
    if len(versions) > 1:
        raise refused(label, f"holds several versions: {shown(', '.join(sorted(versions)))}")
    ((version, main),) = versions.items()
    _check_entry_library(tree, main, label)
    return version, main


def inside_root(item: Found) -> bool:
    """Whether it is the root folder or lies below it."""
    return item.path == ROOT or item.path.startswith(f"{ROOT}/")


def check_name(item: Found, label: str) -> None:
    """Refuse an entry of a kind, or of a name, that no image must have."""
    entry = item.entry
    parts = entry.name.split("/")
    if entry.name.startswith("/"):
        raise refused(label, "has an absolute path", entry=entry.name)
    if ".." in parts:
        raise refused(label, "has a path with ..", entry=entry.name)
    if "\0" in entry.name or "\0" in entry.link:
        raise refused(label, "has a name with a zero byte", entry=entry.name)
    if any(part.startswith(".wh.") for part in parts):
        what = "has the name of a whiteout: in an image it would delete files of the base"
        raise refused(label, what, entry=entry.name)
    if entry.name.endswith("/") and entry.kind in ("file", "symlink", "hardlink"):
        # GNU tar makes a folder of such a file, container runtimes make a file of it.
        raise refused(label, "is no folder, but its name ends in a slash", entry=entry.name)
    if entry.kind in _FORBIDDEN:
        raise refused(label, _FORBIDDEN[entry.kind], entry=entry.name)


def _not_elf(item: Found) -> str:
    """Why a file that is named as a library is none."""
    size = item.entry.size
    if not size:
        return "is empty, not a library"
    text = item.head.decode("ascii", "replace").strip()
    if size <= HEAD and text.isprintable() and "\ufffd" not in text and ".so" in text:
        return f"is a text file that says {text[:80]}: once a link, flattened when the archive was repacked"
    if not item.head.startswith(b"\x7fELF"):
        return "is not an ELF library"
    return "has a broken ELF header"


def _check_entry_library(tree: Tree, main: Found, label: str) -> None:
    item = tree.nodes.get(ENTRY_LIBRARY)
    if item is None:
        what = "is missing; Forklift looks for this name"
        raise refused(label, what, entry=ENTRY_LIBRARY, hint=NOT_VENDORS)
    if item.entry.kind != "symlink":
        return
    target = tree.resolve(ENTRY_LIBRARY).path
    if target is None:
        chain = shown(" → ".join(chain_names(tree, ENTRY_LIBRARY)))
        what = f"is a broken link: {chain}, which is not in the archive"
        raise refused(label, what, entry=ENTRY_LIBRARY, hint=PACK_AGAIN)
    end = tree.nodes.get(target)
    if end is None or (end is not main and tree.file_of(end).elf is None):
        raise refused(label, f"leads to {shown(target)}, which is no library", entry=ENTRY_LIBRARY)


def chain_names(tree: Tree, path: str) -> tuple[str, ...]:
    """The names from a link to its end, as the links have them; a circle ends where it closes.

    A chain of more than :data:`MAX_CHAIN` names is cut: an archive can hold thousands of long ones.
    """
    folder = path.rpartition("/")[0]
    names = [path.rpartition("/")[2]]
    while (
        len(names) < MAX_CHAIN
        and (item := tree.nodes.get(f"{folder}/{names[-1]}")) is not None
        and item.entry.kind == "symlink"
    ):
        closed = item.entry.link in names
        names.append(item.entry.link)
        if closed:
            break
    return tuple(names)
