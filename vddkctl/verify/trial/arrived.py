"""What an image has left in /opt, read as if it were a layer, and judged as the image itself is."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Generator, Iterator, Sequence

from msgspec.structs import replace

from vddkctl.build.archive.bounds import Bounds
from vddkctl.build.archive.plain import READ, PlainStream
from vddkctl.build.archive.refusal import refused
from vddkctl.build.archive.tar import Entry, TarStream
from vddkctl.oci.descriptor import OCI_LAYER, Descriptor
from vddkctl.progress import Silent
from vddkctl.vddk.archive import ROOT
from vddkctl.verify.check import Check, Status, failed, passed, warned
from vddkctl.verify.contents import Contents, differences, image_contents
from vddkctl.verify.form import Budget, LayerUnpacker
from vddkctl.verify.forms import Forms
from vddkctl.verify.layer import Attention, Layer
from vddkctl.verify.libraries import libraries
from vddkctl.verify.overlay import Overlay
from vddkctl.verify.reading import KEPT, MUCH
from vddkctl.verify.trial.engine import UID
from vddkctl.verify.trial.process import kill
from vddkctl.verify.trial.workshop import Workshop
from vddkctl.verify.walk import Walk
from vddkctl.visible import some

_LABEL = "/opt"
_PLACE = f"/opt/{ROOT}"
_LOOK = "look at the image's entrypoint and at the access rights in the image"


def arrived(shop: Workshop, inside: Sequence[str], timeout: float) -> Layer:
    """All of /opt. ``inside`` is put before the command that reads it. Raises ArchiveError."""
    unpacker = LayerUnpacker(_LABEL, MUCH, Budget(_LABEL, MUCH))
    with Silent().task("read", None) as task:
        packed = PlainStream(_tar(shop, inside, timeout), unpacker, task)
        with packed.running() as stream:
            tar = TarStream(stream, _LABEL, MUCH)
            walk = Walk(tar, Attention(contents=True), Bounds(_LABEL, KEPT), Forms(set()))
            for entry in tar:
                walk.visit(_as_its_user(entry))
    return Layer(
        Descriptor(OCI_LAYER, stream.diff_id, stream.size),
        stream.diff_id,
        stream.md5,
        tuple(walk.items),
        frozenset(walk.folders),
        (),
        (),
        (),
        walk.changes_others,
    )


def arrival_checks(layer: Layer, tree: Overlay, image: Overlay, subject: str) -> Iterator[Check]:
    """Whether the folder that Forklift and CDI look for is there, whole, and of use to the user it is for.

    ``tree`` is what ``layer`` makes, ``image`` what it should be the copy of; files of both were hashed.
    """
    placed, expected = tuple(tree.below()), tuple(image.below())
    if not placed:
        yield failed("arrived", subject, f"{_PLACE} is not there", _LOOK)
        return
    told = libraries([each.item.found for each in placed], tree, subject)
    wrong = [check for check in told.checks if check.status is not Status.PASS]
    wanted, got = dict(image_contents(expected)), image_contents(placed)
    copies = [path for path in wanted if _is_copy(path, wanted, got, image)]
    for path in copies:
        wanted[path] = got[path]
    others = differences(wanted, got, "the image")
    if others:
        what = f"{_PLACE} is not what the image holds: {some(others)}"
        yield failed("arrived", subject, what, _LOOK)
    for check in wrong:
        yield replace(check, check="arrived", message=f"in /opt: {check.message}")
    if copies:
        what = f"{len(copies)} links arrive as copies of what they lead to: {some(_short(copies))}"
        yield warned("arrived", subject, what, "let the entrypoint keep links, as cp -r does")
    if layer.changes_others:
        yield warned("arrived", subject, f"there is more in /opt than {ROOT}", _LOOK)
    if not others and not wrong:
        what = f"{_PLACE}: {len(placed)} files and folders as in the image, open to UID {UID}; "
        yield passed("arrived", subject, f"{what}VDDK {told.version} for {told.machine}")


def _tar(shop: Workshop, inside: Sequence[str], timeout: float) -> Generator[bytes, None, None]:
    process = subprocess.Popen(
        [*inside, "tar", "-C", str(shop.opt), "-cf", "-", "."],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=shop.environment,
        start_new_session=True,
    )
    timer = threading.Timer(timeout, kill, [process])
    timer.daemon = True
    timer.start()
    assert process.stdout
    try:
        while data := process.stdout.read(READ):
            yield data
        if process.wait() != 0:
            raise refused(_LABEL, "cannot be read", hint="look whether tar works here")
    finally:
        timer.cancel()
        process.stdout.close()
        if process.poll() is None:
            kill(process)


def _as_its_user(entry: Entry) -> Entry:
    """What belongs to the user is as open to it as if it were so to all: another container has the same user."""
    return replace(entry, mode=entry.mode | (entry.mode >> 6 & 0o7)) if entry.uid == UID else entry


def _is_copy(path: str, wanted: Contents, got: Contents, image: Overlay) -> bool:
    """Whether a link of the image has become the file that it leads to."""
    if wanted[path][0] != "symlink" or got.get(path, ("", ""))[0] != "file":
        return False
    found = image.find(path)
    return found is not None and found.item.content == got[path][1]


def _short(paths: Sequence[str]) -> list[str]:
    return [path.removeprefix(f"{ROOT}/") for path in paths]
