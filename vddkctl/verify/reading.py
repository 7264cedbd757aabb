"""Layers, read from their registry once, as a stream: nothing is put on a disk, and memory stays flat."""

from __future__ import annotations

from collections.abc import Generator

from vddkctl.build.archive.bounds import Bounds, Limits
from vddkctl.build.archive.plain import READ, PlainStream
from vddkctl.build.archive.tar import TarStream
from vddkctl.errors import ArchiveError, RegistryError
from vddkctl.oci.descriptor import Descriptor
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress, Task
from vddkctl.registry.base import Registry
from vddkctl.verify.form import FORMS, READABLE, Budget, LayerUnpacker
from vddkctl.verify.forms import Forms
from vddkctl.verify.layer import Attention, Layer, Unread
from vddkctl.verify.walk import Walk

MUCH = Limits(
    entries=500_000,
    names=512 << 20,
    extensions=2 << 30,
    sparse=16 << 30,
    unpacked=32 << 30,
    ratio=1100,  # zeros may shrink as far as they can
    remark="more than can be looked into",
)
"""Of one layer, which may be a whole distribution's; ``sparse`` and ``unpacked`` are of all layers together."""

KEPT = Limits(60_000, 16 << 20, 0, 0, 0, 0, MUCH.remark)
"""Of all layers together, what is kept in memory of them."""

_LABEL = "layer"
_BUILD_AGAIN = "build the image again, and push it"
_PUSH_AGAIN = "push the image again; if that does not help, look at the registry's storage"


class LayerReader:
    """Reads layers, each digest once, however many images share it."""

    def __init__(
        self, registry: Registry, reference: Reference, attention: Attention, progress: Progress
    ) -> None:
        self._registry = registry
        self._reference = reference
        self._attention = attention
        self._progress = progress
        self._kept = Bounds(_LABEL, KEPT)
        self._budget = Budget(_LABEL, MUCH)
        self._paths: set[int] = set()
        """Hashes of the paths in all layers so far."""
        self._read: dict[str, Layer | Unread] = {}

    def read(self, descriptor: Descriptor) -> Layer | Unread:
        """A layer, from the registry the first time."""
        known = self._read.get(descriptor.digest)
        if known is None:
            known = self._read[descriptor.digest] = self._fetch(descriptor)
        return known

    def _fetch(self, descriptor: Descriptor) -> Layer | Unread:
        with self._progress.task(f"read {descriptor.short}", descriptor.size) as task:
            try:
                return self._look(descriptor, task)
            except RegistryError as error:
                return Unread(descriptor, error.what, error.hint or _PUSH_AGAIN)
            except ArchiveError as error:
                return self._blamed(descriptor, error)

    def _look(self, descriptor: Descriptor, task: Task) -> Layer:
        unpacker = LayerUnpacker(_LABEL, MUCH, self._budget)
        packed = PlainStream(self._bytes(descriptor), unpacker, task)
        with packed.running() as stream:
            tar = TarStream(stream, _LABEL, MUCH)
            forms = Forms(self._paths)
            walk = Walk(tar, self._attention, self._kept, forms)
            for entry in tar:
                if entry.sparse:
                    self._budget.sparse(entry.size)
                walk.visit(entry)
        remarks = [*walk.remarks, *forms.remarks]
        said = FORMS.get(descriptor.media_type)
        if said is None:
            remarks.append(f'it is of type "{descriptor.media_type}", which not every runtime unpacks')
        elif unpacker.form != said:
            remarks.append(f"its type says {said}, and its bytes are {unpacker.form}")
        if tar.trailing:
            remarks.append("more data follows the end of its tar stream, which nobody unpacks")
        faults = list(forms.faults)
        if len(self._paths) < MUCH.entries:
            self._paths |= forms.seen
        if stream.padding:
            faults.append(f"{stream.padding} zero bytes follow its gzip stream, which runtimes refuse")
        return Layer(
            descriptor,
            stream.diff_id,
            stream.md5,
            tuple(walk.items),
            frozenset(walk.folders),
            tuple(walk.secrets),
            tuple(remarks),
            tuple(faults),
            walk.changes_others,
        )

    def _bytes(self, descriptor: Descriptor) -> Generator[bytes, None, None]:
        with self._registry.open_blob(self._reference, descriptor) as stream:
            while data := stream.read(READ):
                yield data

    def _blamed(self, descriptor: Descriptor, error: ArchiveError) -> Unread:
        """Whose fault it is: what cannot be unpacked may have been pushed so, or have been damaged since."""
        try:
            for _ in self._bytes(descriptor):
                pass
        except RegistryError as damage:
            return Unread(descriptor, damage.what, damage.hint or _PUSH_AGAIN)
        entry = error.where.removeprefix(_LABEL).removeprefix(": ")
        what = f"its bytes are of its digest, but it {f'has {entry}, which {error.what}' if entry else error.what}"
        return Unread(descriptor, what, error.hint if error.hint == READABLE else _BUILD_AGAIN)
