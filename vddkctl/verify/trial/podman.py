"""podman run: a container as on a node, with namespaces of its own."""

from __future__ import annotations

import json
import resource
from collections.abc import Mapping, Sequence

from vddkctl.errors import TrialError
from vddkctl.signals import undisturbed
from vddkctl.verify.trial.engine import UID, Ended, last_lines, signal_of
from vddkctl.verify.trial.process import Done, run
from vddkctl.verify.trial.workshop import Workshop

NAME = "podman"
_CONTAINER = "trial"
_OWN_WORK = 300.0
"""Seconds for what podman does by itself."""

_NEVER_STARTED = frozenset({"", "created", "configured", "initialized"})


class Podman:
    """See :class:`~vddkctl.verify.trial.engine.Engine`."""

    def __init__(self, version: str, shop: Workshop, image_id: str, source: str, timeout: float) -> None:
        self.title = f"{NAME} {version}"
        self._shop = shop
        self._image = image_id
        self._source = source
        self._timeout = timeout

    def load(self) -> None:
        """Take it from its source; the ID of what arrives is the digest of the config that was verified."""
        done = self._podman("pull", "--quiet", self._source)
        if done.code != 0 or done.out.split() != [self._image]:
            raise TrialError(f"{self.title} cannot load the image: {done.last}")

    def start(self, command: Sequence[str] | None, environment: Mapping[str, str]) -> Ended:
        """Run a container, and remove it."""
        words = ["run", "--name", _CONTAINER, "--pull", "never", "--user", str(UID), "--cap-drop", "all"]
        words += ["--security-opt", "no-new-privileges", "--network", "none", "--log-driver", "none"]
        words += ["--volume", f"{self._shop.opt}:/opt:Z", *_limits()]
        words += [f"--env={name}={value}" for name, value in environment.items()]
        if command is not None:
            words += ["--entrypoint", json.dumps(list(command))]
        try:
            done = self._podman(*words, self._image, timeout=self._timeout, merged=True)
            return self._ended(done)
        finally:
            with undisturbed():
                self._podman("rm", "--force", "--time", "0", _CONTAINER)

    def _ended(self, done: Done) -> Ended:
        lines = last_lines(done.out)
        if done.code is None:
            return Ended(lines=lines)
        state = self._podman("inspect", "--format", "{{.State.Status}}", _CONTAINER).out.strip()
        if state in _NEVER_STARTED:
            return Ended(done.code, refused=_refusal(lines) or f"exit code {done.code}", lines=lines)
        return Ended(done.code, signal=signal_of(done.code), lines=lines)

    def _podman(self, *words: str, timeout: float = _OWN_WORK, merged: bool = False) -> Done:
        common = ["--remote=false", "--events-backend=none", "--cgroup-manager=cgroupfs"]
        common.append(f"--tmpdir={self._shop.run / 'podman'}")
        # Named here, they also settle where podman remembers them; a containers.conf may lead that elsewhere.
        common += [
            f"--root={self._shop.storage}",
            f"--runroot={self._shop.run_storage}",
            "--storage-driver=vfs",
        ]
        return run(
            [NAME, *common, *words], self._shop.environment, timeout, folder=self._shop.folder, merged=merged
        )


def _limits() -> list[str]:
    """More than copying takes. Podman's own are higher, and cannot be set in many sandboxes."""
    wanted = (("nofile", resource.RLIMIT_NOFILE, 1024), ("nproc", resource.RLIMIT_NPROC, 4096))
    limits = [(name, resource.getrlimit(number)[1], most) for name, number, most in wanted]
    low = [(name, most if hard == resource.RLIM_INFINITY else min(hard, most)) for name, hard, most in limits]
    return [f"--ulimit={name}={most}:{most}" for name, most in low]


def _refusal(lines: Sequence[str]) -> str:
    told = [line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")]
    return told[-1] if told else "; ".join(lines)
