"""What is kept of a layer that was read, and of one that could not be."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from vddkctl.build.archive.survey import Found
from vddkctl.oci.descriptor import Descriptor
from vddkctl.vddk.archive import ROOT
from vddkctl.vddk.elf import ElfFacts
from vddkctl.verify.secret_files import Secret


class Item(Struct, frozen=True):
    """One entry that is kept. ``content`` is the SHA-256 of a file, where it was asked for.

    ``program``: what the file says of itself, if it is one of the vendor's programs, in ``bin64``; ``other``, if it has
    another name below the root folder: the library that it is may be a hard link to it.
    """

    found: Found
    content: str = ""
    program: ElfFacts | None = None
    other: ElfFacts | None = None

    def called(self, path: str) -> Item:
        """The same under another name."""
        if self.found.path == path:
            return self
        found = replace(self.found, path=path, entry=replace(self.found.entry, name=path))
        if found.is_library:
            found = replace(found, elf=found.elf or self.program or self.other)
        return replace(self, found=found)


class Layer(Struct, frozen=True):
    """A layer whose bytes are those of its digest. ``md5`` is of the packed bytes, ``remarks`` are warnings.

    ``faults`` say what runtimes refuse, or unpack otherwise than it is judged here.
    Of the files that are not among ``items`` only the ``folders`` are known.
    """

    descriptor: Descriptor
    diff_id: str
    md5: str
    items: tuple[Item, ...]
    folders: frozenset[str]
    secrets: tuple[Secret, ...]
    remarks: tuple[str, ...]
    faults: tuple[str, ...]
    changes_others: bool
    """Whether it does anything outside the vendor's root folder but list folders."""

    @property
    def holds_vddk(self) -> bool:
        """Whether it puts anything but folders below the vendor's root folder."""
        return any(is_below(item.found.path) and item.found.entry.kind != "folder" for item in self.items)


class Unread(Struct, frozen=True):
    """A layer that could not be read, or not be looked into."""

    descriptor: Descriptor
    what: str
    hint: str


class Attention(Struct, frozen=True):
    """What to look at in all layers of an image.

    ``contents``: the files below the vendor's root folder are hashed. ``programs`` are names of files that are kept
    wherever they are; links, folders and programs in the usual places always are.
    """

    contents: bool = False
    programs: frozenset[str] = frozenset()


def is_below(path: str) -> bool:
    """Whether it is the vendor's root folder, or lies below it."""
    return path == ROOT or path.startswith(f"{ROOT}/")
