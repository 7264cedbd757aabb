"""Several writers at once, and writers that die: in processes of their own, as they do."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from msgspec.structs import replace

from tests.registry.samples import base_image, tree
from vddkctl.errors import RegistryError
from vddkctl.oci.descriptor import Blob, Descriptor
from vddkctl.oci.digest import digest_of, hex_of
from vddkctl.oci.reference import parse
from vddkctl.progress import Silent
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.registry.push import push

REFERENCE = parse("oci:images:1")
ROOT = Path(__file__).resolve().parents[2]

_PUSH = """
import sys
from pathlib import Path
from tests.registry.samples import base_image
from vddkctl.oci.reference import parse
from vddkctl.progress import Silent
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.registry.push import push
sys.stdin.read()
for tag in sys.argv[2:]:
    push(LayoutRegistry(Path(sys.argv[1])), parse(f"oci:images:{tag}"), base_image(content=tag.encode()), Silent())
"""

_COPY_SLOWLY = """
import io, sys
from pathlib import Path
from vddkctl.oci.descriptor import Blob, Descriptor
from vddkctl.oci.reference import parse
from vddkctl.progress import Silent
from vddkctl.registry.layout import LayoutRegistry

class Slow(io.RawIOBase):
    def readable(self):
        return True

    def readinto(self, buffer):
        sys.stdin.readline()
        return len(buffer)

class Source:
    def open(self):
        return Slow()

blob = Blob(Descriptor("x", "sha256:" + "00" * 32, 10**9), Source())
LayoutRegistry(Path(sys.argv[1])).put_blob(parse("oci:images:1"), blob, Silent())
"""


def started(script: str, *words: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_two_writers_of_different_tags_both_land(tmp_path: Path) -> None:
    tags = [[f"{writer}-{number}" for number in range(12)] for writer in "abc"]
    writers = [started(_PUSH, tmp_path, *group) for group in tags]
    for writer in writers:
        assert writer.stdin
        writer.stdin.close()
    for writer in writers:
        assert writer.stderr
        errors = writer.stderr.read()
        assert (writer.wait(60), errors) == (0, b"")
        with contextlib.ExitStack() as pipes:
            pipes.callback(writer.stderr.close)
            if writer.stdout:
                pipes.callback(writer.stdout.close)
    registry = LayoutRegistry(tmp_path)
    for tag in (tag for group in tags for tag in group):
        found = registry.resolve(replace(REFERENCE, tag=tag))
        assert found is not None
        assert found.digest == base_image(content=tag.encode()).descriptor.digest
    assert len(json.loads((tmp_path / "images" / "index.json").read_bytes())["manifests"]) == 36


def killed_while_copying(root: Path, how: signal.Signals) -> None:
    """A writer that has written a part of a blob, and then gets a signal."""
    with started(_COPY_SLOWLY, root) as writer:
        assert writer.stdin
        writer.stdin.write(b"\n")
        writer.stdin.flush()
        folder, deadline = root / "images" / "blobs" / "sha256", time.monotonic() + 30
        while not any(path.stat().st_size > 0 for path in folder.glob(".vddkctl-*")):
            assert time.monotonic() < deadline
            assert writer.poll() is None
            time.sleep(0.01)
        writer.send_signal(how)
        writer.wait(30)


def test_a_writer_that_is_killed_leaves_a_whole_layout_and_the_next_one_tidies_up(tmp_path: Path) -> None:
    registry = LayoutRegistry(tmp_path)
    push(registry, REFERENCE, base_image(), Silent())
    before = tree(tmp_path)
    killed_while_copying(tmp_path, signal.SIGKILL)
    left = tree(tmp_path).keys() - before.keys()
    assert [Path(name).name[:9] for name in left] == [".vddkctl-"]
    found = registry.resolve(REFERENCE)
    assert found is not None
    assert registry.manifest(REFERENCE, found.digest) == base_image().manifest
    push(registry, replace(REFERENCE, tag="2"), base_image(content=b"2"), Silent())
    assert not list((tmp_path / "images").rglob(".vddkctl-*"))


def test_a_writer_that_is_interrupted_cleans_up_itself(tmp_path: Path) -> None:
    push(LayoutRegistry(tmp_path), REFERENCE, base_image(), Silent())
    before = tree(tmp_path)
    killed_while_copying(tmp_path, signal.SIGINT)
    assert tree(tmp_path) == before


def test_a_file_that_is_being_written_is_not_swept_away(tmp_path: Path) -> None:
    push(LayoutRegistry(tmp_path), REFERENCE, base_image(), Silent())
    with started(_COPY_SLOWLY, tmp_path) as writer:
        folder, deadline = tmp_path / "images" / "blobs" / "sha256", time.monotonic() + 30
        while not list(folder.glob(".vddkctl-*")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        push(LayoutRegistry(tmp_path), replace(REFERENCE, tag="2"), base_image(content=b"2"), Silent())
        assert list(folder.glob(".vddkctl-*"))
        writer.kill()


_WITHOUT_RIGHTS = """
import os, sys
from pathlib import Path
from tests.registry.samples import base_image
from vddkctl.errors import RegistryError
from vddkctl.oci.reference import parse
from vddkctl.progress import Silent
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.registry.push import push
image = base_image(content=b"2")
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    push(LayoutRegistry(Path(sys.argv[1])), parse(f"oci:{sys.argv[2]}:2"), image, Silent())
except RegistryError as error:
    print(error)
"""


@pytest.mark.parametrize("folder", ["images", "new"])
def test_a_folder_that_may_not_be_written_is_a_clear_error(tmp_path: Path, folder: str) -> None:
    push(LayoutRegistry(tmp_path), REFERENCE, base_image(), Silent())
    for path in tmp_path.parents:
        if path.stat().st_mode & 0o077 == 0:  # pytest keeps its folders to one user
            path.chmod(0o711)
    tmp_path.chmod(0o555)
    (tmp_path / "images" / "blobs" / "sha256").chmod(0o555)
    with started(_WITHOUT_RIGHTS, tmp_path, folder) as writer:
        out, err = writer.communicate(timeout=30)
    where = f"{tmp_path}/images/blobs/sha256" if folder == "images" else f"{tmp_path}/new"
    tmp_path.chmod(0o755)
    assert (out.decode(), err) == (
        f"{where}: permission denied\n  look at the owner and mode of the folder\n",
        b"",
    )


_ON_A_FULL_DISK = """
import os, resource, signal, sys
from pathlib import Path
from tests.registry.samples import base_image
from vddkctl.errors import RegistryError
from vddkctl.oci.reference import parse
from vddkctl.progress import Silent
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.registry.push import push
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
try:
    push(LayoutRegistry(Path(sys.argv[1])), parse("oci:images:2"), base_image(content=os.urandom(5000)), Silent())
except RegistryError as error:
    print(error)
"""


def test_a_file_that_cannot_grow_is_a_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    push(LayoutRegistry(tmp_path), REFERENCE, base_image(), Silent())
    before = tree(tmp_path)
    with started(_ON_A_FULL_DISK, tmp_path) as writer:
        out, err = writer.communicate(timeout=30)
    assert (out.decode(), err) == (
        (
            f"{tmp_path}/images: the file may not become that large\n"
            "  write to another file system, or look at the limit: ulimit -f\n"
        ),
        b"",
    )
    assert tree(tmp_path) == before


def test_no_space_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    registry = LayoutRegistry(tmp_path)
    push(registry, REFERENCE, base_image(), Silent())
    before = tree(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RegistryError) as caught:
        push(registry, REFERENCE, base_image(content=b"2"), Silent())
    assert str(caught.value) == f"{tmp_path}/images: there is no space left\n  free some, and run again"
    assert tree(tmp_path) == before


class _Fickle(io.FileIO):
    """A file that another process changes between two looks at it."""

    def readinto(self, buffer: Any) -> int:
        Path(str(self.name)).write_bytes(b"right bytes")
        return super().readinto(buffer) or 0


def test_the_bytes_that_are_checked_are_those_that_are_written(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(b"wrong bytes")

    class Source:
        def open(self) -> BinaryIO:
            return cast("BinaryIO", _Fickle(tmp_path / "archive"))

    blob = Blob(Descriptor("x", digest_of(b"right bytes"), 11), Source())
    LayoutRegistry(tmp_path).put_blob(REFERENCE, blob, Silent())
    path = tmp_path / "images" / "blobs" / "sha256" / hex_of(blob.descriptor.digest)
    assert path.read_bytes() == b"right bytes"


def test_a_tag_that_someone_moved_in_the_meantime_stays(tmp_path: Path) -> None:
    one, two, three = (base_image(content=content) for content in (b"1", b"2", b"3"))
    registry, theirs = LayoutRegistry(tmp_path), LayoutRegistry(tmp_path)

    class Meanwhile(Silent):
        """Pushes another image under the same tag while a blob is being copied."""

        def task(self, label: str, total: int | None, unit: str = "bytes") -> Any:
            push(theirs, REFERENCE, three, Silent())
            return super().task(label, total, unit)

    push(registry, REFERENCE, one, Silent(), expected=None)
    with pytest.raises(RegistryError) as caught:
        push(registry, REFERENCE, two, Meanwhile(), expected=one.descriptor.digest)
    assert str(caught.value) == (
        f"{REFERENCE}: the tag names {three.descriptor.digest} now\n"
        "  someone else pushes to it; look, and run again"
    )
    with pytest.raises(RegistryError, match="the tag names sha256:"):
        push(registry, REFERENCE, two, Silent(), expected=None)
    with pytest.raises(RegistryError, match="the tag names nothing now"):
        push(registry, replace(REFERENCE, tag="2"), two, Silent(), expected=one.descriptor.digest)
    found = registry.resolve(REFERENCE)
    assert found is not None
    assert found.digest == three.descriptor.digest
    push(registry, REFERENCE, three, Silent(), expected=one.descriptor.digest)  # it is as it is to be
    push(registry, REFERENCE, two, Silent(), expected=three.descriptor.digest)
