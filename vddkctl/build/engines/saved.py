"""What an engine has saved: a docker-archive, taken apart into a config and layers that can be pushed.

github.com/moby/docker-image-spec, "Combined Image JSON + Filesystem Changeset Format". Layers of the base are known by
their diff IDs: these stay the blobs that they are where the base comes from, so they are mounted or not sent at all.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import deflate
from msgspec import Struct

from vddkctl.build.archive.blob import FileBlob
from vddkctl.build.archive.identity import identify
from vddkctl.build.segments import LEVEL, PIECE
from vddkctl.errors import BuildError, ImageError
from vddkctl.oci.config import Config, parse_config
from vddkctl.oci.descriptor import OCI_LAYER_GZIP, Blob, Descriptor
from vddkctl.oci.document import MAX_SIZE
from vddkctl.oci.image import BaseImage
from vddkctl.progress import Progress, Task


class Saved(Struct, frozen=True):
    """An image as an engine has built it. ``own`` are the names of what its own layers hold, with the leading ``/``."""

    config: Config
    layers: tuple[Blob, ...]
    own: frozenset[str]


def read_saved(archive: Path, base: BaseImage | None, folder: Path, progress: Progress) -> Saved:
    """Read a docker-archive of one image; its layers are packed into ``folder``. Raises BuildError."""
    try:
        with tarfile.open(archive, "r:") as tar, progress.task("pack layers", archive.stat().st_size) as task:
            return _read(tar, base, folder, task)
    except (tarfile.TarError, KeyError, ValueError, TypeError, IndexError, ImageError) as error:
        raise BuildError(
            f"the engine has saved something else than an image: {error}", where=str(archive)
        ) from None
    except OSError as error:
        raise BuildError(f"layers cannot be packed: {error.strerror}", where=str(folder)) from None


def _read(tar: tarfile.TarFile, base: BaseImage | None, folder: Path, task: Task) -> Saved:
    (said,) = json.loads(_content(tar, "manifest.json"))
    config = parse_config(_content(tar, said["Config"]))
    names = said["Layers"]
    if len(names) != len(config.diff_ids):
        raise ValueError(f"its config knows {len(config.diff_ids)} of {len(names)} layers")
    known = dict(zip(base.config.diff_ids, base.layers, strict=False)) if base else {}
    layers: list[Blob] = []
    own: set[str] = set()
    for number, (diff_id, name) in enumerate(zip(config.diff_ids, names, strict=True)):
        if base and base.config.diff_ids[number : number + 1] == (diff_id,):
            layers.append(base.layers[number])
            continue
        layers.append(known.get(diff_id) or _packed(tar, name, diff_id, folder / f"{number}.gz", task))
        own.update(_names(tar, name))
    return Saved(config, tuple(layers), frozenset(own))


def _packed(tar: tarfile.TarFile, name: str, diff_id: str, target: Path, task: Task) -> Blob:
    """A layer as a gzip blob, in members of fixed size (RFC 1952, section 2.2)."""
    plain, packed, size = hashlib.sha256(), hashlib.sha256(), 0
    with target.open("wb") as file:
        for piece in _pieces(_member(tar, name)):
            plain.update(piece)
            member = bytes(deflate.gzip_compress(piece, LEVEL))
            packed.update(member)
            file.write(member)
            size += len(member)
            task.advance(len(piece))
    found = f"sha256:{plain.hexdigest()}"
    if found != diff_id:
        raise ValueError(f"a layer is {found}, and its config says {diff_id}")
    descriptor = Descriptor(OCI_LAYER_GZIP, f"sha256:{packed.hexdigest()}", size)
    return Blob(descriptor, FileBlob(target, identify(target)))


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """Plain bytes, in pieces: some engines save a layer as it was pulled, that is, packed."""
    if stream.read(2) == b"\x1f\x8b":
        from isal import igzip

        stream.seek(0)
        unpacked = igzip.IGzipFile(fileobj=stream)  # type: ignore[no-untyped-call]
        yield from iter(lambda: unpacked.read(PIECE), b"")
        return
    stream.seek(0)
    yield from iter(lambda: stream.read(PIECE), b"")


def _names(tar: tarfile.TarFile, name: str) -> Iterator[str]:
    with tarfile.open(fileobj=_member(tar, name), mode="r:*") as layer:
        for entry in layer:
            yield "/" + entry.name.removeprefix("./").strip("/")


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    stream = tar.extractfile(tar.getmember(name))  # follows links: one layer may stand there under two names
    if stream is None:
        raise ValueError(f"{name} is no file")
    return stream


def _content(tar: tarfile.TarFile, name: Any) -> bytes:
    return _member(tar, name).read(MAX_SIZE)
