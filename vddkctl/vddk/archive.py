"""What one pass over a vendor archive tells."""

from __future__ import annotations

from msgspec import Struct

ROOT = "vmware-vix-disklib-distrib"
"""The one folder every VDDK archive unpacks to, and the name Forklift looks for below ``/opt``."""


class Library(Struct, frozen=True):
    """One shared library in ``lib64`` or ``lib32``. ``path`` is relative to the archive's root folder."""

    path: str
    machine: str
    """The ``e_machine`` of its ELF header by its usual name, as in ``x86_64``, or ``machine-N``."""
    soname: str | None
    size: int


class LinkChain(Struct, frozen=True):
    """A link and what it leads to: ``("libvixDiskLib.so", "libvixDiskLib.so.8", "libvixDiskLib.so.8.0.1")``.

    ``broken`` when the last name is not in the archive.
    """

    folder: str
    names: tuple[str, ...]
    broken: bool


class Obstacle(Struct, frozen=True):
    """Why an archive cannot be a layer as it stands: one entry and its reason."""

    entry: str
    reason: str


class Published(Struct, frozen=True):
    """What the vendor has published about a file with this MD5. It says "the vendor's file", never "safe"."""

    version: str
    md5: str
    source: str


class LayerFacts(Struct, frozen=True):
    """The layer an archive becomes. Digests are ``sha256:<hex>``; sizes are bytes.

    ``verbatim``: the layer is the archive itself. Otherwise it is a normalised copy with its own digests.
    """

    digest: str
    diff_id: str
    size: int
    verbatim: bool


class ArchiveFacts(Struct, frozen=True):
    """Everything about one archive. Hex digests are lower case and without a prefix; sizes are bytes."""

    sha256: str
    md5: str
    size: int
    diff_id: str
    """``sha256:<hex>`` of the decompressed stream."""
    unpacked_size: int
    """Length of the decompressed stream."""
    entries: int
    version: str
    """From the contents: ``8.0.1``, the tail of ``lib64/libvixDiskLib.so.8.0.1``."""
    name_version: str | None
    """The version in the file's name, where there is one."""
    build: str | None
    """The build number in the file's name, where there is one."""
    released: int
    """Seconds since the epoch: the time the archive gives for its main library."""
    machine: str
    """Of the main library, as in :class:`Library`."""
    soname: str | None
    """Of the main library."""
    libraries: tuple[Library, ...]
    links: tuple[LinkChain, ...]
    obstacles: tuple[Obstacle, ...]
    published: Published | None

    @property
    def verbatim(self) -> bool:
        """Whether the archive can be a layer as it stands."""
        return not self.obstacles
