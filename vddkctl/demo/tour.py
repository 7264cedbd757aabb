"""The tour: a sample site, taken through its life by the commands a user would type."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from msgspec import Struct

from vddkctl.demo.files import ARCHIVE, BASE_DIGEST, BASE_TAG, FILES
from vddkctl.errors import VddkctlError


class Step(Struct, frozen=True):
    """One command of the tour, what it is there to show, and the exit code that says it did."""

    shows: str
    words: tuple[str, ...]
    code: int = 0


_OTHER_HAND = ("sed", "-i", "s/BufCount=4/BufCount=32/", "gitops/providers.yaml")

STEPS = (
    Step("What would change, and why. Nothing is written.", ("vddkctl", "plan")),
    Step(
        "Make it so: build the image, put it into the layout, edit the manifests.",
        ("vddkctl", "apply", "--auto-approve"),
    ),
    Step(
        "Only the lines that had to change have changed.",
        ("diff", "-rU0", "-x", ".vddkctl", "gitops.before", "gitops"),
        1,
    ),
    Step("Asked again: there is nothing left to do.", ("vddkctl", "plan", "--detailed-exitcode")),
    Step("Another hand changes a setting behind our back …", _OTHER_HAND),
    Step("… which drift finds. Exit code 3, for cron and CI.", ("vddkctl", "drift"), 3),
    Step("Apply puts it back.", ("vddkctl", "apply", "--auto-approve")),
    Step("All is as declared.", ("vddkctl", "drift")),
    Step("Which image does each provider use, and who says so?", ("vddkctl", "explain")),
)


def tour(folder: str | None) -> int:
    """Make the site and walk through it. Raises VddkctlError when a step does not end as it should."""
    root = make_site(Path(folder) if folder else Path(tempfile.mkdtemp(prefix="vddkctl-demo-")))
    shutil.copytree(root / "gitops", root / "gitops.before")
    for step in STEPS:
        _say(f"\n# {step.shows}\n$ {' '.join(step.words)}")
        code = subprocess.run(_argv(step.words), cwd=root, env=_environment(), check=False).returncode
        if code:
            _say(f"(exit code {code})")
        if code != step.code:
            raise VddkctlError(
                f"the demo expected exit code {step.code} here, and got {code}", where=str(root)
            )
    _say(f"\n# Everything is in {root}: look around, change site.yaml, run vddkctl there.")
    return 0


def make_site(root: Path) -> Path:
    """Write the sample site into an empty folder. Raises VddkctlError when it is not empty or cannot be written."""
    from vddkctl.demo.base import make_base
    from vddkctl.demo.sample import make_archive

    busybox = _busybox()
    try:
        root.mkdir(parents=True, exist_ok=True)
        if any(root.iterdir()):
            raise VddkctlError(
                "the folder is not empty", where=str(root), hint="name a new one: vddkctl demo FOLDER"
            )
        _say(f"# A sample archive of the vendor's shape: {root / ARCHIVE}")
        make_archive(root / ARCHIVE)
        _say(f"# A base image from {busybox}: oci:{root / 'base'}:{BASE_TAG}")
        base = make_base(root / "base", BASE_TAG, busybox)
        for name, text in FILES.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace(BASE_DIGEST, base))
    except OSError as error:
        raise VddkctlError(f"the site cannot be written: {error.strerror}", where=str(root)) from None
    return root


def _busybox() -> Path:
    from vddkctl.demo.base import find_busybox

    named = os.environ.get("VDDKCTL_BUSYBOX")
    found = Path(named) if named else find_busybox()
    if found is None or not found.is_file():
        raise VddkctlError(
            "the demo's base image is made from a static busybox, and there is none",
            hint="install Debian's busybox-static, or name one: VDDKCTL_BUSYBOX=/path/to/busybox",
        )
    return found


def _argv(words: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", *words] if words[0] == "vddkctl" else list(words)


def _environment() -> dict[str, str]:
    # The tour's commands must find this very package, wherever it runs from, and no spec but the tour's.
    package = str(Path(__file__).resolve().parents[2])
    rest = {k: v for k, v in os.environ.items() if k not in ("VDDKCTL_FILE", "MTV_VDDK_INIT_IMAGE")}
    return {**rest, "PYTHONPATH": os.pathsep.join(filter(None, (package, rest.get("PYTHONPATH"))))}


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
