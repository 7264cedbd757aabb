"""What keeps a usable archive from being a layer as it stands. Pure.

The image runs under any user (CDI forces 107), without capabilities, and copies the folder with ``cp -r``: all
must be readable for all. A runtime unpacks the layer as root, or in a user namespace of 65,536 ids.
"""

from __future__ import annotations

from collections.abc import Iterator

from vddkctl.build.archive.judge import inside_root
from vddkctl.build.archive.refusal import shown
from vddkctl.build.archive.survey import Survey
from vddkctl.build.archive.tar import Entry
from vddkctl.build.archive.tree import Tree
from vddkctl.vddk.archive import ROOT, Obstacle

MAX_ID = 65_535
"""The last id that rootless runtimes map, with the usual 65,536 subordinate ids."""

END = "(end of the archive)"


def obstacles(survey: Survey, tree: Tree) -> tuple[Obstacle, ...]:
    """Every reason, entry by entry, in the archive's order; then what is about the archive as a whole."""
    found = [
        Obstacle(shown(item.entry.name), reason)
        for item in survey.found
        for reason in (_of_entry(item.entry) if inside_root(item) else (f"lies outside {ROOT}",))
    ]
    found += [Obstacle(shown(path), "is listed more than once") for path in dict.fromkeys(tree.duplicates)]
    found += [
        Obstacle(shown(path), "is a hard link to an entry that comes later") for path in tree.late_links
    ]
    found += [
        Obstacle(shown(path), "is not listed: some runtimes then create it for root alone")
        for path in sorted(tree.folders - tree.nodes.keys())
    ]
    found += [Obstacle(END, reason) for reason in _of_end(survey)]
    return tuple(found)


def closed(entry: Entry) -> Iterator[str]:
    """What keeps a user, other than the owner, from copying it."""
    mode = f"(mode {entry.mode:04o})"
    if entry.kind == "folder" and entry.mode & 0o005 != 0o005:
        yield f"is a folder that is not open to all users {mode}"
    if entry.kind == "file" and not entry.mode & 0o004:
        yield f"is not readable for all users {mode}"


def inconvenient(entry: Entry) -> Iterator[str]:
    """What else of it some runtimes, or some users, stumble over."""
    mode = f"(mode {entry.mode:04o})"
    if entry.kind == "file" and entry.mode & 0o110 and not entry.mode & 0o001:
        yield f"is not executable for all users {mode}"
    if entry.kind in ("file", "folder") and entry.mode & 0o7000:
        yield f"has a set-user-ID, set-group-ID or sticky bit {mode}"
    for word, number in (("user", entry.uid), ("group", entry.gid)):
        if not 0 <= number <= MAX_ID:
            yield f"belongs to {word} {number}, beyond what rootless runtimes map"
    if entry.sparse:
        yield "is a sparse file, which not every runtime unpacks"
    if entry.xattrs:
        yield f"has extended attributes ({shown(', '.join(entry.xattrs))})"


def _of_entry(entry: Entry) -> Iterator[str]:
    yield from closed(entry)
    yield from inconvenient(entry)
    yield from entry.unusual


def _of_end(survey: Survey) -> Iterator[str]:
    if not survey.ended:
        yield "the tar end mark is missing"
    if survey.trailing:
        yield "more data follows the tar end mark"
    if survey.padding:
        yield f"{survey.padding} zero bytes follow the gzip stream"
