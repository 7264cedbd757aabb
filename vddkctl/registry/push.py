"""Pushing: blobs first, then the manifests that name them, then a look at what is there, and the tag last of all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from vddkctl.errors import RegistryError
from vddkctl.oci.descriptor import Blob
from vddkctl.oci.image import Image, ImageIndex
from vddkctl.oci.reference import Reference
from vddkctl.progress import Progress, Stoppable, Task
from vddkctl.registry.base import UNCHECKED, AbsentError, Registry, Unchecked
from vddkctl.registry.moved import SOMEONE_ELSE
from vddkctl.threads import each

_AT_ONCE = 4
"""Blobs that are on their way at the same time."""
_SETTLING = (0.1, 0.4, 1.5)
"""Seconds between looks: some registries show what they have taken only a moment later."""


def push(
    registry: Registry,
    reference: Reference,
    image: Image | ImageIndex,
    progress: Progress,
    *,
    expected: str | Unchecked | None = UNCHECKED,
) -> None:
    """Put an image where ``reference`` says, and read back that its tag names it.

    What is there already is not sent again; what is missing or damaged of it is restored. ``expected`` is what the
    tag must name until then, as in :meth:`~vddkctl.registry.base.Registry.put_manifest`. Raises RegistryError.
    """
    digest = image.descriptor.digest
    if reference.digest not in {None, digest}:
        raise RegistryError(f"the image is {digest}, another one", where=str(reference))
    _put_blobs(registry, reference, image, progress)
    children = image.images if isinstance(image, ImageIndex) else ()
    for child in (*children, image):
        by_digest = reference.with_digest(child.descriptor.digest)
        registry.put_manifest(by_digest, child.descriptor, child.manifest)
        if _read_back(registry, by_digest, child.descriptor.digest) != child.manifest:
            what = f"other bytes than were pushed came back for {child.descriptor.digest}"
            raise RegistryError(what, where=str(reference))
    if reference.tag is not None:
        tagged = replace(reference, digest=None)  # beside a digest, the tag would only be shown
        registry.put_manifest(tagged, image.descriptor, image.manifest, expected=expected)
        _check_tag(registry, tagged, digest)


def _put_blobs(
    registry: Registry, reference: Reference, image: Image | ImageIndex, progress: Progress
) -> None:
    # In a layout one by one, in this thread: an interrupted write is tidied up only by the thread that it is in.
    at_once = _AT_ONCE if reference.transport == "docker" else 1
    stoppable = Stoppable(progress)
    try:
        with stoppable.task(f"push {reference}", image.size) as whole:
            each(lambda blob: _put_blob(registry, reference, blob, whole), image.all_blobs, at_once)
    except BaseException:
        stoppable.stop()
        raise


def _put_blob(registry: Registry, reference: Reference, blob: Blob, whole: Task) -> None:
    part = _Part(whole, blob.descriptor.size)
    registry.put_blob(reference, blob, part)
    if not _is_there(registry, reference, blob):
        raise RegistryError(
            f"{blob.descriptor.digest} was pushed, and is not there",
            where=str(reference),
            hint="the registry, or its storage, is broken; the tag was not moved",
        )
    part.end()


def _read_back(registry: Registry, reference: Reference, digest: str) -> bytes:
    for seconds in _SETTLING:
        try:
            return registry.manifest(reference, digest)
        except AbsentError:
            time.sleep(seconds)
    return registry.manifest(reference, digest)


def _is_there(registry: Registry, reference: Reference, blob: Blob) -> bool:
    for seconds in _SETTLING if reference.transport == "docker" else ():
        if registry.has_blob(reference, blob.descriptor):
            return True
        time.sleep(seconds)
    return registry.has_blob(reference, blob.descriptor)


def _check_tag(registry: Registry, reference: Reference, digest: str) -> None:
    found = registry.resolve(reference)
    if found is None or found.digest != digest:
        now = "nothing" if found is None else found.digest
        raise RegistryError(
            f"{digest} was pushed, and the tag names {now} now",
            where=str(reference),
            hint=SOMEONE_ELSE,
        )


class _Part:
    """The progress of one of several pieces of work that are shown as one; it never counts for more than its size."""

    def __init__(self, whole: Task, size: int) -> None:
        self._whole = whole
        self._left = size
        self._lock = threading.Lock()

    @contextmanager
    def task(self, label: str, total: int | None, unit: str = "bytes") -> Iterator[Task]:
        """Hand on to the whole."""
        del label, total, unit
        yield self

    def advance(self, amount: int) -> None:
        """So much more of it is done."""
        with self._lock:
            counted = min(amount, self._left)
            self._left -= counted
        self._whole.advance(counted)

    def end(self) -> None:
        """All of it is done; what was there did not have to be moved."""
        self.advance(self._left)
