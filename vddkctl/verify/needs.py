"""What the libraries and tools in an image need, and do not find: what ldd tells, without running anything.

They are loaded in another container, the importer's or virt-v2v's. So it does not count what this image's own system
has: a library must be in the folder beside the others, where the loader is told to look, or be one that the system of
each of those containers has, since its loader, its C library or its package manager cannot do without. Anything else
is a warning, not a failure: whether the other container has it cannot be seen from here, and nothing but a mount
API or a tool may ever ask for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from vddkctl.vddk.archive import ROOT
from vddkctl.vddk.elf import ElfFacts
from vddkctl.verify.check import Check, passed, warned
from vddkctl.verify.overlay import Overlay, Placed
from vddkctl.visible import some

_USUAL = re.compile(
    r"(?:ld-linux(?:-[\w.-]+)?|ld64|libc|libm|libdl|libpthread|librt|libresolv|libutil|libnsl|libanl|libmvec|libcrypt"
    r"|libgcc_s|libstdc\+\+|libz)\.so(?:\.\d+)+"
)
"""Of glibc, of GCC's runtime, and zlib. libcrypt is there in every distribution that has users with passwords."""

_HINT = (
    "look whether the vendor's archive has it, and build the image from that archive whole; if it never had, "
    "the container that loads the libraries must have it"
)


def needs_check(placed: Iterable[Placed], overlay: Overlay, subject: str) -> Check | None:
    """One line about everything below the root folder that names libraries; None where there is no ELF file."""
    files = {each.path: facts for each in placed if (facts := _facts(each)) is not None}
    if not files:
        return None
    missing: dict[str, list[str]] = {}
    beside: set[str] = set()
    system: set[str] = set()
    for path, facts in files.items():
        for name in facts.needed:
            if _is_beside(path, name, overlay):
                beside.add(name)
            elif _USUAL.fullmatch(name):
                system.add(name)
            else:
                missing.setdefault(name, []).append(path.removeprefix(f"{ROOT}/"))
    if missing:
        told = [f"{name} (for {some(paths, 2)})" for name, paths in sorted(missing.items())]
        what = f"neither in the archive's folder nor in every system: {some(told, 5)}"
        return warned("needs", subject, what, _HINT)
    if not beside | system:
        return passed("needs", subject, f"{len(files)} libraries and tools ask for no others")
    rest = f", {len(system)} of any system" if system else ""
    what = f"{len(files)} libraries and tools find what they need: {len(beside)} beside them{rest}"
    return passed("needs", subject, what)


def _facts(each: Placed) -> ElfFacts | None:
    return each.item.program or each.item.found.elf


def _is_beside(path: str, name: str, overlay: Overlay) -> bool:
    """Whether the loader finds a library of that name, in the folder of libraries that belongs to a file."""
    folder = "lib32" if path.startswith(f"{ROOT}/lib32/") else "lib64"
    found = overlay.find(f"{ROOT}/{folder}/{name}")
    return found is not None and found.item.found.elf is not None
