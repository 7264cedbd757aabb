"""The walk over one layer's entries.

Whatever a base has in its layers is let through, devices and all.
"""

from __future__ import annotations

import hashlib
import re

from vddkctl.build.archive.bounds import Bounds
from vddkctl.build.archive.survey import HEAD, Found
from vddkctl.build.archive.tar import Entry, TarStream
from vddkctl.vddk.archive import ROOT
from vddkctl.vddk.elf import ElfProbe
from vddkctl.verify.forms import Forms
from vddkctl.verify.layer import Attention, Item, is_below
from vddkctl.verify.secret_files import MOST_READ, Secret, secret_in

_BINARIES = frozenset({"bin", "sbin"})
_LOADER = re.compile(r"ld[-.\w]*\.so(?:\.\d+)*")
"""Dynamic loaders: ld-linux-x86-64.so.2, ld-musl-x86_64.so.1, ld64.so.2."""

_LEFT_BEHIND = frozenset({"etc/hosts", "etc/hostname", "etc/resolv.conf", "run/.containerenv"})
"""Empty files where podman build has mounted its own while it ran a step."""

_TOOLS = f"{ROOT}/bin64/"

_MOST_SECRETS = 1000
_MOST_REMARKS = 3
_PROGRAM_HEAD = 4096


class Walk:
    """Takes the entries of one layer, and keeps what matters of them. What is suspicious is told, not refused."""

    def __init__(self, tar: TarStream, attention: Attention, kept: Bounds, forms: Forms) -> None:
        self._tar = tar
        self._attention = attention
        self._kept = kept
        self.items: list[Item] = []
        self.folders: set[str] = set()
        """Where the files lie that are not kept."""
        self.secrets: list[Secret] = []
        self.remarks: list[str] = []
        self.changes_others = False
        """Whether there is anything but folders outside the vendor's root folder."""
        self._forms = forms

    def visit(self, entry: Entry) -> None:
        """Take one entry; its contents are read where they matter."""
        path, climbs = placed(entry.name)
        if climbs and len(self.remarks) < _MOST_REMARKS:
            self.remarks.append(f"it has a path with ..: {entry.name}")
        self._forms.visit(path, entry, placed(entry.link)[0])
        if entry.kind != "folder" and not is_below(path) and (entry.size or path not in _LEFT_BEHIND):
            self.changes_others = True
        item = self._file(path, entry) if entry.kind == "file" else Item(Found(path, entry))
        if self._matters(path, entry):
            self._keep(path, entry.link)
            self.items.append(item)
        elif (folder := path.rpartition("/")[0]) not in self.folders:
            self._keep(folder)
            self.folders.add(folder)

    def _keep(self, path: str, link: str = "") -> None:
        self._kept.header()
        self._kept.names(path, link, ())

    def _matters(self, path: str, entry: Entry) -> bool:
        if entry.kind in ("folder", "symlink") or is_below(path):
            return True
        folder, _, name = path.rpartition("/")
        return (
            name.startswith(".wh.") or _LOADER.fullmatch(name) is not None or self._is_program(folder, name)
        )

    def _is_program(self, folder: str, name: str) -> bool:
        return folder.rpartition("/")[2] in _BINARIES or name in self._attention.programs

    def _file(self, path: str, entry: Entry) -> Item:
        found, below = Found(path, entry), is_below(path)
        tool = path.startswith(_TOOLS)
        probe = ElfProbe() if below else None
        digest = hashlib.sha256() if below and self._attention.contents else None
        folder, _, name = path.rpartition("/")
        head = HEAD if found.is_library else _PROGRAM_HEAD if tool or self._is_program(folder, name) else 0
        room = MOST_READ if entry.size <= MOST_READ else head
        text = bytearray()
        for piece in self._tar.content():
            if probe:
                probe.feed(piece)
            if digest:
                digest.update(piece)
            if len(text) < room:
                text += piece[: room - len(text)]
        self._suspect(path, bytes(text))
        elf = probe.result() if probe else None
        start = b"" if elf and not tool else bytes(text[:head])
        content = digest.hexdigest() if digest else ""
        if tool:
            return Item(Found(path, entry, None, start), content, elf)
        if found.is_library:
            return Item(Found(path, entry, elf, start), content)
        return Item(Found(path, entry, None, start), content, other=elf)

    def _suspect(self, path: str, text: bytes) -> None:
        secret = secret_in(path, text)
        if secret and len(self.secrets) < _MOST_SECRETS:
            self.secrets.append(secret)


def placed(name: str) -> tuple[str, bool]:
    """Where an entry comes to lie, and whether its name climbs: no runtime lets it out of the image."""
    parts: list[str] = []
    climbs = False
    for part in name.split("/"):
        if part == "..":
            climbs = True
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts), climbs
