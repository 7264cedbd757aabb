"""Which engines a trial may use."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Mapping

from msgspec import Struct

from vddkctl.errors import TrialError
from vddkctl.verify.trial import buildah, podman
from vddkctl.verify.trial.process import run

AUTO = "auto"

_VERSION = re.compile(r"version (\d[\w.+~-]*)")
_ASKING = 30.0
"""Seconds for an engine to tell its version."""


class Installed(Struct, frozen=True):
    """An engine that is there."""

    name: str
    version: str


def installed(runtime: str, environment: Mapping[str, str]) -> tuple[Installed, ...]:
    """The engines to try, in that order. Raises TrialError when there is none."""
    if not sys.platform.startswith("linux"):
        raise TrialError("images of VDDK can be run on Linux only", hint="leave out --run, or do it on Linux")
    names = [podman.NAME, buildah.NAME] if runtime == AUTO else [runtime]
    path = environment.get("PATH")
    found = [name for name in names if shutil.which(name, path=path)]
    lacking = [name for name in buildah.NEEDS if not shutil.which(name, path=path)]
    if lacking and buildah.NAME in found:
        found.remove(buildah.NAME)
        if not found:
            what = f"buildah cannot run the image without {' and '.join(lacking)}"
            raise TrialError(what, hint="install util-linux, or podman")
    if not found:
        what = (
            f"{names[0]} is not installed" if len(names) == 1 else "neither podman nor buildah is installed"
        )
        raise TrialError(what, hint=f"install {' or '.join(names)}, or leave out --run")
    return tuple(Installed(name, _version(name, environment)) for name in found)


def _version(name: str, environment: Mapping[str, str]) -> str:
    """Engines make folders for themselves even then."""
    with tempfile.TemporaryDirectory(prefix="vddkctl-run-") as folder:
        own = {**environment, "TMPDIR": folder, "XDG_RUNTIME_DIR": folder}
        done = run([name, "--version"], own, _ASKING)
    told = _VERSION.search(done.out)
    if done.code != 0 or told is None:
        raise TrialError(
            f"{name} does not work: {done.last}", hint="install it anew, or choose another --runtime"
        )
    return told[1]
