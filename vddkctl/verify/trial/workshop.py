"""A folder for one trial: a layout with the image, a storage of its own for the engine, and the empty /opt.

Nothing goes into the user's own storage, and nothing of a trial is left when it is over, however it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from vddkctl.errors import TrialError
from vddkctl.signals import undisturbed
from vddkctl.verify.trial.process import run

_REMOTE = frozenset(
    {"CONTAINER_HOST", "CONTAINER_CONNECTION", "CONTAINER_SSHKEY", "STORAGE_DRIVER", "STORAGE_OPTS"}
)
"""Variables that would lead an engine elsewhere than to the storage in here."""

_PREFIX = "vddkctl-run-"
_LOCK = "lock"
_LONG = 40
"""Characters of a path below which podman's sockets cannot be relied on: their paths have little more than 100."""

_ENDING = 60.0
"""Seconds for each step of clearing up."""


_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 0.0)
"""Seconds after each try to remove a folder."""


class Workshop(Struct, frozen=True):
    """``run`` is for what an engine keeps while it runs, its sockets among it; ``environment`` is for engines."""

    folder: Path
    run: Path
    environment: Mapping[str, str]

    @property
    def opt(self) -> Path:
        """What is mounted at /opt: as an emptyDir, which any user may write to."""
        return self.folder / "opt"

    @property
    def other_opt(self) -> Path:
        """The same for a start that is only to tell more."""
        return self.folder / "other-opt"

    @property
    def storage(self) -> Path:
        """Where an engine keeps the image and the container."""
        return self.folder / "storage"

    @property
    def run_storage(self) -> Path:
        """And what it keeps of these while it runs."""
        return self.run / "storage"


def enter(engine: str) -> tuple[str, ...]:
    """What is put before a command that reads or removes files of the container's users. Root needs nothing."""
    return () if os.geteuid() == 0 else (engine, "unshare")


@contextlib.contextmanager
def workshop(environment: Mapping[str, str], engine: str) -> Iterator[Workshop]:
    """Make the folder, and remove it. ``engine`` is the program that can enter its own users' namespace.

    Raises TrialError.
    """
    _sweep(environment, engine)
    folder = _new_folder()
    if ":" in str(folder):
        folder.rmdir()
        raise TrialError(
            "engines take no folder with a colon in its path", where=str(folder), hint="set TMPDIR"
        )
    run_folder = _new_folder("/tmp") if len(str(folder)) > _LONG else folder / "run"  # noqa: S108 - mkdtemp makes it
    shop = Workshop(folder, run_folder, _environment(folder, run_folder, environment))
    interrupted = False
    with _held(shop):
        try:
            _furnish(shop)
            yield shop
        except KeyboardInterrupt:
            interrupted = True
            raise
        finally:
            with undisturbed():
                try:
                    _remove(shop, enter(engine))
                except TrialError:
                    if not interrupted:  # else the next trial removes what is left
                        raise


@contextlib.contextmanager
def _held(shop: Workshop) -> Iterator[None]:
    """Hold the folder's lock, which tells later trials that it is in use; it names the other folder."""
    try:
        lock = (shop.folder / _LOCK).open("w")
    except OSError as error:
        raise TrialError(f"cannot be written to: {error.strerror}", where=str(shop.folder)) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(str(shop.run))
        lock.flush()
        yield


def _sweep(environment: Mapping[str, str], engine: str) -> None:
    """Remove what killed trials have left: folders of ours that nobody holds the lock of."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError, TrialError):
            if not _is_ours(folder):
                continue
            with (folder / _LOCK).open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                said = Path(lock.read())
                run_folder = said if said.name.startswith(_PREFIX) and _is_ours(said) else folder / "run"
                shop = Workshop(folder, run_folder, _environment(folder, run_folder, environment))
                _end_engines(shop)
                _remove(shop, enter(engine))


def _end_engines(shop: Workshop) -> None:
    """End what a killed trial's engines are still doing: they are known by the folder in their environment."""
    own = f"TMPDIR={shop.environment['TMPDIR']}".encode()
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if own in path.read_bytes().split(b"\0"):
                os.kill(int(path.parent.name), signal.SIGKILL)


def _is_ours(folder: Path) -> bool:
    return not folder.is_symlink() and folder.lstat().st_uid == os.geteuid()


def _new_folder(parent: str | None = None) -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    except OSError as error:
        raise TrialError(f"no temporary folder can be made: {error.strerror}", hint="set TMPDIR") from None


def _environment(folder: Path, run_folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The user's own settings stay, but for the storage, and for where engines keep caches and sockets."""
    kept = {name: value for name, value in environment.items() if name not in _REMOTE}
    return {
        **kept,
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_RUNTIME_DIR": str(run_folder),
        "TMPDIR": str(folder / "tmp"),
        "LC_ALL": "C",  # messages are read for their reasons
    }


def _furnish(shop: Workshop) -> None:
    """Vfs works wherever there are files, in containers too, and leaves no mounts behind."""
    try:
        folders = (shop.run, *(shop.folder / name for name in ("data", "tmp")), shop.opt, shop.other_opt)
        for path in folders:
            path.mkdir(mode=0o700, exist_ok=True)
        for path in (shop.opt, shop.other_opt):
            path.chmod(0o777)
        (shop.folder / "storage.conf").write_text(
            '[storage]\ndriver = "vfs"\n'
            f"graphroot = {json.dumps(str(shop.storage))}\n"
            f"runroot = {json.dumps(str(shop.run_storage))}\n"
        )
    except OSError as error:
        raise TrialError(f"cannot be written to: {error.strerror}", where=str(shop.folder)) from None


def _remove(shop: Workshop, inside: Sequence[str]) -> None:
    """Files of the container's users are removed as their namespace's root. Mounts that are left come first."""
    _end_pause(shop)
    _unmount(shop)
    if inside:
        theirs = [path for path in shop.folder.iterdir() if path != shop.run]
        with contextlib.suppress(TrialError):  # what is left is told below
            words = [*inside, "rm", "-rf", *map(str, theirs), str(shop.run_storage)]
            run(words, shop.environment, _ENDING)
        _end_pause(shop)
    for folder in (shop.run, shop.folder):
        if not _removed(folder):
            raise TrialError(
                "what a trial left cannot be removed", where=str(folder), hint="remove that folder"
            )


def _removed(folder: Path) -> bool:
    """Whether it is gone: what still writes there has been killed, and takes a moment to end."""
    for pause in _PAUSES:
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return True
        time.sleep(pause)
    return False


def _end_pause(shop: Workshop) -> None:
    """Rootless podman leaves a process that keeps its namespace; this one is of no use to anybody else."""
    for path in shop.run.rglob("pause.pid"):
        with contextlib.suppress(OSError, ValueError):
            os.kill(int(path.read_text()), signal.SIGKILL)


def _unmount(shop: Workshop) -> None:
    """Nothing is to be removed through a mount."""
    for _ in range(2):
        mounts = [path for path in _mounts() if {shop.folder, shop.run} & {path, *path.parents}]
        if not mounts:
            return
        for path in reversed(mounts):
            subprocess.run(["umount", "--lazy", path], check=False, capture_output=True)
    raise TrialError(
        "something is still mounted there", where=str(mounts[0]), hint="unmount it, and remove it"
    )


def _mounts() -> list[Path]:
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return []
    return [Path(line.split()[4].encode().decode("unicode_escape")) for line in lines]
