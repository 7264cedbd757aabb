"""What a trial asks of a container engine."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

UID = 107
"""The user that CDI forces, and Forklift's validation on Kubernetes."""


class Ended(Struct, frozen=True):
    """How a start in a container ended.

    ``refused`` says why the program was never started. Else ``code`` is its exit code, None when it was still
    running after its time and was killed; ``signal`` names the one that ended it. ``lines`` are the last it wrote.
    """

    code: int | None = None
    signal: str = ""
    refused: str = ""
    lines: tuple[str, ...] = ()


class Engine(Protocol):
    """Containers of one image.

    Each has an empty folder of the machine at /opt, runs as :data:`UID`, without capabilities, without new
    privileges and without a network; its other files it may write to, since neither CDI nor Forklift makes them
    read-only.
    """

    @property
    def title(self) -> str:
        """``podman 4.3.1``; how it starts containers, where that is not the usual way."""
        ...

    def load(self) -> None:
        """Take the image. Raises TrialError."""
        ...

    def start(self, command: Sequence[str] | None, environment: Mapping[str, str]) -> Ended:
        """Start the image's own command (None) or another one. Raises TrialError."""
        ...


def last_lines(text: str) -> tuple[str, ...]:
    """The last lines that say something."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return tuple(line[-300:] for line in lines[-3:])


def signal_of(code: int) -> str:
    """The signal that an exit code stands for, by its name: shells, and podman, give 128 and its number."""
    return (signal.strsignal(code - 128) or "").lower() if 128 < code <= 128 + signal.SIGRTMAX else ""
