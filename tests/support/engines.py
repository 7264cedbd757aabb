"""Engines that build for a site: real podman, and the real docker command in front of podman's service."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.support.witnesses import Podman

_PATIENCE = 20.0
_OWN = (
    "CONTAINERS_CONF",
    "CONTAINERS_STORAGE_CONF",
    "CONTAINERS_REGISTRIES_CONF",
    "BUILDAH_ISOLATION",
    "TMPDIR",
)


def podman_environment(podman: Podman) -> dict[str, str]:
    """What leads podman to the storage of a test: whoever has it, builds there."""
    return {name: podman.environment[name] for name in _OWN}


@contextmanager
def docker_service(podman: Podman) -> Iterator[Mapping[str, str]]:
    """The environment in which the docker command talks to a service that podman answers for, in that storage."""
    socket = podman.folder / "docker.sock"
    # crun, which comes first, starts no steps of builds where cgroups are of two versions at once.
    runtime = ["--runtime", "runc"] if shutil.which("runc") else []
    with (podman.folder / "service.log").open("wb") as log:
        service = subprocess.Popen(
            ["podman", *runtime, "system", "service", "--time", "0", f"unix://{socket}"],
            env=dict(podman.environment),
            stdout=log,
            stderr=log,
        )
        try:
            end = time.monotonic() + _PATIENCE
            while not socket.exists():
                if service.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"podman's service did not start: {log.name}")
                time.sleep(0.05)
            yield {"DOCKER_HOST": f"unix://{socket}", "DOCKER_BUILDKIT": "0"}
        finally:
            service.terminate()
            service.wait()


def left_behind(podman: Podman) -> str:
    """Images, containers and temporary files of builds, a line each; empty when there are none."""
    images = podman("images", "--all", "--quiet")
    containers = podman("ps", "--all", "--external", "--quiet")
    files = "\n".join(path.name for path in (podman.folder / "tmp").iterdir())
    return f"{images}{containers}{files}".strip()
