"""A folder for one trial: a layout with the image, a storage of its own for the engine, and the empty /opt.

Nothing goes into the user's own storage, and nothing of a trial is left when it is over, however it ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from vddkctl.errors import TrialError
from vddkctl.verify.trial.process import run

_REMOTE = frozenset(
    {"CONTAINER_HOST", "CONTAINER_CONNECTION", "CONTAINER_SSHKEY", "STORAGE_DRIVER", "STORAGE_OPTS"}
)
"""Variables that would lead an engine elsewhere than to the storage in here."""

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_ENDING = 60.0
"""Seconds for each step of clearing up."""


class Workshop(Struct, frozen=True):
    """``environment`` is for engines."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def layout(self) -> Path:
        """Where the image is put for the engine to read: engines take its name, not any path, for an image's."""
        return self.folder / "image"

    @property
    def opt(self) -> Path:
        """What is mounted at /opt: as an emptyDir, which any user may write to."""
        return self.folder / "opt"

    @property
    def run(self) -> Path:
        """For what an engine keeps while it runs."""
        return self.folder / "run"


def enter(engine: str) -> tuple[str, ...]:
    """What is put before a command that reads or removes files of the container's users. Root needs nothing."""
    return () if os.geteuid() == 0 else (engine, "unshare")


@contextlib.contextmanager
def workshop(environment: Mapping[str, str], engine: str) -> Iterator[Workshop]:
    """Make the folder, and remove it. ``engine`` is the program that can enter its own users' namespace.

    Raises TrialError.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix="vddkctl-run-"))
    except OSError as error:
        raise TrialError(f"no temporary folder can be made: {error.strerror}", hint="set TMPDIR") from None
    if ":" in str(folder):
        folder.rmdir()
        raise TrialError(
            "engines take no folder with a colon in its path", where=str(folder), hint="set TMPDIR"
        )
    shop = Workshop(folder, _environment(folder, environment))
    try:
        _furnish(shop)
        yield shop
    finally:
        with undisturbed():
            _remove(shop, enter(engine))


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let signals that would end the run wait: clearing up is short, and is not done by halves."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    heeded = [number for number in _STOPPING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, lambda got, _: waiting.append(got)) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if waiting:
        signal.raise_signal(waiting[0])


def _environment(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The user's own settings stay, but for the storage, and for where engines keep caches and sockets."""
    kept = {name: value for name, value in environment.items() if name not in _REMOTE}
    return {
        **kept,
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "TMPDIR": str(folder / "tmp"),
        "LC_ALL": "C",  # messages are read for their reasons
    }


def _furnish(shop: Workshop) -> None:
    """Vfs works wherever there are files, in containers too, and leaves no mounts behind."""
    try:
        for name in ("data", "run", "tmp", "opt"):
            (shop.folder / name).mkdir(mode=0o700)
        shop.opt.chmod(0o777)
        (shop.folder / "storage.conf").write_text(
            '[storage]\ndriver = "vfs"\n'
            f"graphroot = {json.dumps(str(shop.folder / 'storage'))}\n"
            f"runroot = {json.dumps(str(shop.run / 'storage'))}\n"
        )
    except OSError as error:
        raise TrialError(f"cannot be written to: {error.strerror}", where=str(shop.folder)) from None


def _remove(shop: Workshop, inside: Sequence[str]) -> None:
    """Files of the container's users are removed as their namespace's root. Mounts that are left come first."""
    _end_pause(shop)
    _unmount(shop)
    if inside:
        with contextlib.suppress(TrialError):
            run([*inside, "rm", "-rf", *map(str, shop.folder.iterdir())], shop.environment, _ENDING)
        _end_pause(shop)
    shutil.rmtree(shop.folder, ignore_errors=True)
    if shop.folder.exists():
        raise TrialError(
            "what a trial left there cannot be removed", where=str(shop.folder), hint="remove that folder"
        )


def _end_pause(shop: Workshop) -> None:
    """Rootless podman leaves a process that keeps its namespace; this one is of no use to anybody else."""
    with contextlib.suppress(OSError, ValueError):
        os.kill(int((shop.run / "libpod" / "tmp" / "pause.pid").read_text()), signal.SIGKILL)


def _unmount(shop: Workshop) -> None:
    """Nothing is to be removed through a mount."""
    for _ in range(2):
        mounts = [path for path in _mounts() if path.is_relative_to(shop.folder)]
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
