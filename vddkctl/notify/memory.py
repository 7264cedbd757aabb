"""What a webhook was told last. Forgetting it costs a message that says nothing new."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from vddkctl.atomic import replacing, sweep, write_all


class Memory:
    """The last state that one webhook was told of one kind of run.

    ``about`` names both: the command, what it looks at, the URL. Only a digest of it is on the disk, since
    URLs hold passwords.
    """

    def __init__(self, folder: Path, about: Sequence[str]) -> None:
        name = hashlib.sha256("\0".join(about).encode(errors="surrogateescape")).hexdigest()
        self._file = folder / "notified" / name[:40]

    def recall(self) -> str | None:
        """The state; None where nothing was told yet, or it is forgotten."""
        try:
            return self._file.read_text(encoding="utf-8").strip() or None
        except (OSError, ValueError):
            return None

    def keep(self, state: str) -> None:
        """Remember a state. Raises OSError."""
        folder = self._file.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sweep(folder)
        with replacing(self._file, mode=0o600) as handle:
            write_all(handle, f"{state}\n".encode())


def state_folder(environment: Mapping[str, str]) -> Path:
    """``$XDG_STATE_HOME/vddkctl``."""
    named = environment.get("XDG_STATE_HOME", "")
    if os.path.isabs(named):  # noqa: PTH117 - a relative one is to be ignored (XDG Base Directory, "Basics")
        return Path(named, "vddkctl")
    home = environment.get("HOME") or os.path.expanduser("~")  # noqa: PTH111
    return Path(home, ".local", "state", "vddkctl")
