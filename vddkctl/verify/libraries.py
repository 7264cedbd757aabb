"""Whether the libraries in an image will work: links that are links, ELF files, and all of it open to any user."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from vddkctl.build.archive.judge import (
    ENTRY_LIBRARY,
    LIB64,
    chain_names,
    check_elf,
    check_name,
    main_library,
)
from vddkctl.build.archive.obstacles import closed, inconvenient
from vddkctl.build.archive.survey import Found
from vddkctl.build.archive.tree import Tree
from vddkctl.errors import ArchiveError
from vddkctl.oci.platform import Platform
from vddkctl.vddk.archive import ROOT
from vddkctl.verify.check import Check, failed, passed, warned
from vddkctl.verify.overlay import Overlay
from vddkctl.visible import some

_LABEL = "image"
_BUILD_AGAIN = "build the image again from the vendor's archive as it is, on Linux"


class Libraries(Struct, frozen=True):
    """What was found; ``version`` and ``machine`` are None where the library itself cannot be told."""

    checks: tuple[Check, ...]
    version: str | None = None
    machine: str | None = None


def libraries(found: Sequence[Found], overlay: Overlay, subject: str) -> Libraries:
    """Look at everything that an image has below the root folder."""
    checks: list[Check] = []
    tree = _tree(found, overlay, subject, checks)
    version = machine = None
    wrong = _refusal(lambda: check_elf(found, _LABEL))
    try:
        if tree and not wrong:
            version, main = main_library(tree, _LABEL)
            machine = main.elf.machine if main.elf else None
            checks.append(_library(found, tree, version, main, subject))
    except ArchiveError as error:
        wrong = _said(error)
    if wrong:
        checks.append(failed("libraries", subject, wrong, _BUILD_AGAIN))
    checks += _access(found, overlay, tree, subject)
    return Libraries(tuple(checks), version, machine)


def machine_check(image: Platform, machine: str | None, subject: str, *, allowed: bool) -> Check | None:
    """Whether the libraries are for the image's processor; None where that cannot be told."""
    if machine is None or (image.os == "linux" and image.suits(machine)):
        return None
    what = f"the libraries are for {machine}, the image is for {image}"
    if allowed:
        return warned("platform", subject, what, "nothing, if the spec allows it on purpose")
    return failed(
        "platform", subject, what, "CDI and Forklift run VDDK on x86-64 only: build it for linux/amd64"
    )


def _tree(found: Sequence[Found], overlay: Overlay, subject: str, checks: list[Check]) -> Tree | None:
    """The tree of all entries, if they make one; its links are judged on the way."""
    try:
        for item in found:
            check_name(item, _LABEL)
        tree = Tree(_LABEL, found)
    except ArchiveError as error:
        checks.append(failed("links", subject, _said(error), _BUILD_AGAIN))
        return None
    links = [path for path, item in tree.nodes.items() if item.entry.kind == "symlink"]
    broken = sorted(path for path in links if tree.resolve(path).path is None)
    if overlay.crooked:
        what = f"layers reach the libraries through links in their paths: {some(overlay.crooked)}"
        checks.append(failed("links", subject, what, "build the image so that each layer has the real paths"))
    elif broken:
        what = f"{len(broken)} of {len(links)} links lead nowhere: {some(_short(broken))}"
        check = failed if ENTRY_LIBRARY in broken else warned
        checks.append(check("links", subject, what, _BUILD_AGAIN))
    elif tree.nodes.get(ENTRY_LIBRARY) and ENTRY_LIBRARY not in links:
        what = f"{_short([ENTRY_LIBRARY])[0]} is a file, not a link: links were lost on the way"
        checks.append(warned("links", subject, what, _BUILD_AGAIN))
    else:
        chain = " → ".join(chain_names(tree, ENTRY_LIBRARY))
        checks.append(passed("links", subject, f"{len(links)}, relative and whole: {chain}"))
    return tree


def _library(found: Sequence[Found], tree: Tree, version: str, main: Found, subject: str) -> Check:
    machine, soname = (main.elf.machine, main.elf.soname) if main.elf else (None, None)
    count = sum(item.elf is not None for item in found)
    if soname is None:
        what = f"VDDK {version}: the library has no SONAME, so that it cannot be the vendor's"
        return failed("libraries", subject, what, _BUILD_AGAIN)
    others = sorted(
        item.path
        for item in found
        if item.elf and item.path.startswith(f"{LIB64}/") and item.elf.machine != machine
    )
    if others:
        what = f"VDDK {version} is for {machine}, and {some(_short(others))} for another machine"
        return failed("libraries", subject, what, _BUILD_AGAIN)
    if tree.resolve(f"{LIB64}/{soname}").path is None:
        what = f"VDDK {version}: lib64/{soname}, by which programs open the library, is not there"
        return failed("libraries", subject, what, _BUILD_AGAIN)
    return passed(
        "libraries", subject, f"VDDK {version}: {count} ELF libraries for {machine}, SONAME {soname}"
    )


def _access(found: Sequence[Found], overlay: Overlay, tree: Tree | None, subject: str) -> Iterator[Check]:
    """Whether ``cp -r`` can copy all of it as any user, CDI's 107 for one, without capabilities."""
    root = overlay.root
    shut = [f"/ {reason}" for reason in closed(root.found.entry)] if root else []
    shut += [f"{item.path} {reason}" for item in found for reason in closed(item.entry)]
    odd = [f"{item.path} {reason}" for item in found for reason in inconvenient(item.entry)]
    unlisted = sorted(tree.folders - tree.nodes.keys()) if tree else []
    odd += [f"{path} is not listed: some runtimes then create it for root alone" for path in unlisted]
    count = len(found)
    if shut:
        what = f"{len(shut)} of {count} entries are closed to other users: {some(shut)}"
        hint = "make them readable, chmod -R a+rX, or let vddkctl build the image: it does that by itself"
        yield failed("access", subject, what, hint)
    if odd:
        what = f"{len(odd)} remarks on modes and owners: {some(odd)}"
        yield warned("access", subject, what, "let vddkctl build the image: it puts that right")
    if not shut and not odd:
        yield passed("access", subject, f"any user can read all {count} files and folders")


def _refusal(check: Callable[[], None]) -> str:
    try:
        check()
    except ArchiveError as error:
        return _said(error)
    return ""


def _said(error: ArchiveError) -> str:
    """A refusal as one sentence that starts with the entry, if it is about one."""
    entry = error.where.removeprefix(_LABEL).removeprefix(": ")
    return f"{entry} {error.what}" if entry else error.what


def _short(paths: list[str]) -> list[str]:
    return [path.removeprefix(f"{ROOT}/") for path in paths]
