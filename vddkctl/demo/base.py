"""A base image for the demo, made from a static busybox: no registry and no internet needed."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

from vddkctl.errors import ImageError
from vddkctl.oci.assemble import Addition, assemble
from vddkctl.oci.descriptor import OCI_LAYER_GZIP, Blob, Content, Descriptor
from vddkctl.oci.digest import digest_of
from vddkctl.oci.image import scratch
from vddkctl.oci.platform import ARCHITECTURES, Platform
from vddkctl.oci.reference import Reference
from vddkctl.progress import Silent
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.registry.push import push
from vddkctl.vddk.elf import ElfFacts, ElfProbe

_COMMANDS = (
    "cat",
    "chmod",
    "cp",
    "echo",
    "env",
    "find",
    "id",
    "ln",
    "ls",
    "mkdir",
    "readlink",
    "rm",
    "sh",
    "stat",
)
_CREATED = 1704067200
"""2024-01-01T00:00:00Z, so that the same busybox gives the same base on any day."""
_LEVEL = 6


def find_busybox() -> Path | None:
    """A busybox that needs nothing but itself, where Debian's busybox-static or the PATH has one."""
    found = shutil.which("busybox")
    candidates = [Path("/bin/busybox"), Path("/usr/bin/busybox"), *([Path(found)] if found else [])]
    return next((path for path in candidates if path.is_file() and _static(path.read_bytes())), None)


def make_base(folder: Path, tag: str, busybox: Path) -> str:
    """Write a base image to the OCI layout ``folder`` under ``tag``, and give its digest.

    The same busybox gives the same digest. Raises ImageError when ``busybox`` is not a static program, and
    RegistryError when the folder cannot be written.
    """
    program = busybox.read_bytes()
    facts = _static(program)
    if facts is None:
        raise ImageError("it is not a static program", where=str(busybox), hint="install busybox-static")
    platform = Platform("linux", _architecture(facts, busybox))
    archive = _tar(program)
    layer = _gzip(archive)
    addition = Addition(
        Blob(Descriptor(OCI_LAYER_GZIP, digest_of(layer), len(layer)), Content(layer)),
        digest_of(archive),
        "2024-01-01T00:00:00Z",
        "a static busybox",
        {"Env": ["PATH=/bin"], "Cmd": ["sh"]},
        {"org.opencontainers.image.title": "busybox"},
    )
    image = assemble(scratch(platform), addition, platform)
    push(LayoutRegistry(folder), Reference("oci", ".", tag), image, Silent())
    return image.descriptor.digest


def _tar(busybox: bytes) -> bytes:
    passwd = b"root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, mode in (("bin", 0o755), ("etc", 0o755), ("opt", 0o755), ("tmp", 0o1777)):
            archive.addfile(_entry(name, tarfile.DIRTYPE, mode))
        for name, mode, content in (
            ("bin/busybox", 0o755, busybox),
            ("etc/group", 0o644, b"root:x:0:\nnogroup:x:65534:\n"),
            ("etc/passwd", 0o644, passwd),
        ):
            entry = _entry(name, tarfile.REGTYPE, mode)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for command in _COMMANDS:
            link = _entry(f"bin/{command}", tarfile.SYMTYPE, 0o777)
            link.linkname = "busybox"
            archive.addfile(link)
    return stream.getvalue()


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.mtime = kind, mode, _CREATED
    return entry


def _gzip(content: bytes) -> bytes:
    import deflate

    return bytes(deflate.gzip_compress(content, _LEVEL))


def _architecture(facts: ElfFacts, path: Path) -> str:
    architecture = ARCHITECTURES.get(facts.machine)
    if architecture is None:
        raise ImageError("it is for a processor that images have no name for", where=str(path))
    return architecture


def _static(program: bytes) -> ElfFacts | None:
    """What an ELF program that asks for no loader says about itself; None for anything else."""
    probe = ElfProbe()
    probe.feed(program)
    facts = probe.result()
    return facts if facts and facts.loads and not facts.interpreter else None
