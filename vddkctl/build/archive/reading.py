"""The one pass over an archive, and the facts it gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vddkctl.build.archive.identity import FileIdentity, check_declared
from vddkctl.build.archive.judge import chain_names, judge, main_library
from vddkctl.build.archive.obstacles import obstacles
from vddkctl.build.archive.plain import PlainStream, plain_stream
from vddkctl.build.archive.refusal import refused
from vddkctl.build.archive.survey import Found, Survey, survey
from vddkctl.build.archive.tree import Tree
from vddkctl.progress import Progress
from vddkctl.vddk.archive import ROOT, ArchiveFacts, Library, LinkChain
from vddkctl.vddk.published import published


def read(path: Path, identity: FileIdentity, declared_sha256: str | None, progress: Progress) -> ArchiveFacts:
    """Read the archive ``identity`` names, once: all that is inside, and nothing of what its name says.

    Raises ArchiveError for a file that cannot be used.
    """
    with (
        progress.task(f"read {path.name}", identity.size) as task,
        plain_stream(path, identity, task) as stream,
    ):
        found = survey(stream, str(path))
    check_declared(stream.sha256, declared_sha256, str(path))
    return _facts(path, stream, found)


def _facts(path: Path, stream: PlainStream, found: Survey) -> ArchiveFacts:
    label = str(path)
    tree = judge(found, label)
    version, main = main_library(tree, label)
    if main.elf is None:  # the judge has refused such libraries
        raise refused(label, "is not an ELF library", entry=main.path)
    return ArchiveFacts(
        sha256=stream.sha256,
        md5=stream.md5,
        size=stream.size,
        diff_id=stream.diff_id,
        unpacked_size=stream.unpacked_size,
        entries=len(found.found),
        version=version,
        name_version=None,
        build=None,
        released=main.entry.mtime,
        machine=main.elf.machine,
        soname=main.elf.soname,
        libraries=tuple(_libraries(tree)),
        links=tuple(_chains(tree)),
        obstacles=obstacles(found, tree),
        published=published(stream.md5),
    )


def _libraries(tree: Tree) -> Iterator[Library]:
    for path, item in sorted(tree.nodes.items()):
        if item.elf is not None:
            yield Library(path.removeprefix(f"{ROOT}/"), item.elf.machine, item.elf.soname, item.entry.size)


def _chains(tree: Tree) -> Iterator[LinkChain]:
    """One chain for each link that no other link leads to; circles, which have no start, from their first name."""
    links = {path: item for path, item in sorted(tree.nodes.items()) if item.entry.kind == "symlink"}
    targets = {_neighbour(path, item) for path, item in links.items()}
    seen: set[str] = set()
    for path in [*(start for start in links if start not in targets), *links]:
        if path in seen:
            continue
        folder = path.rpartition("/")[0]
        names = chain_names(tree, path)
        seen.update(f"{folder}/{name}" for name in names)
        broken = tree.resolve(path).path is None
        yield LinkChain(folder.removeprefix(ROOT).removeprefix("/"), names, broken)


def _neighbour(path: str, item: Found) -> str:
    """What a link names, as a path: exact for links within one folder, which is what chains are made of."""
    return f"{path.rpartition('/')[0]}/{item.entry.link}"
