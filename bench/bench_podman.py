"""From an archive to an image in a registry, against tar, podman build and podman push, as people do it by hand.

Both sides are whole processes, with the archive in the page cache and a registry that has nothing but the base.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from bench.ratio import Ratio
from bench.registries import Ground, ground
from tests.support.witnesses import At, Podman, witnesses
from vddkctl.demo.sample import make_archive

_ROUNDS = 3
_AGAIN = 3
"""How often each side is run when nothing changed, in each round: one run of so short a time says little."""
_DOCKERFILE = """\
FROM {base}
USER 1001
COPY vmware-vix-disklib-distrib /vmware-vix-disklib-distrib
RUN mkdir -p /opt
ENTRYPOINT ["cp", "-r", "/vmware-vix-disklib-distrib", "/opt"]
"""


def run() -> list[Ratio]:
    """Fresh, and again when nothing changed."""
    with tempfile.TemporaryDirectory(prefix="vddkctl-bench-") as name:
        work = Path(name)
        archive = make_archive(work / "archive.tar.gz")
        (work / "podman").mkdir()
        with witnesses(work / "podman", driver="overlay") as (_, podman):
            rounds = [_round(work, archive, podman) for _ in range(_ROUNDS)]
    fresh, same, podman_fresh, podman_same = map(min, zip(*rounds, strict=True))
    by_hand = "tar + podman build + push"
    return [
        Ratio("build and push, 40 MB archive", fresh, f"1/6 of {by_hand}", podman_fresh / 6, 1.0),
        Ratio("the same when nothing changed", same, f"1/5 of {by_hand}", podman_same / 5, 1.0),
    ]


def _round(work: Path, archive: Path, podman: Podman) -> tuple[float, float, float, float]:
    """Seconds: ours fresh and again, podman's fresh and again."""
    with ground(work) as here:
        with here.site(archive) as site:
            fresh = here.vddkctl(site, "apply", "--auto-approve").seconds
            same = min(here.vddkctl(site, "apply", "--auto-approve").seconds for _ in range(_AGAIN))
        podman("rmi", "--all", "--force")
        target = At(here.registry, f"{here.repository().partition('/')[2]}:1")
        by_podman = _podman(here, archive, podman, target)
        again = min(_podman(here, archive, podman, target) for _ in range(_AGAIN))
        return fresh, same, by_podman, again


def _podman(here: Ground, archive: Path, podman: Podman, target: At) -> float:
    context = here.work / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(_DOCKERFILE.format(base=here.base))
    start = time.perf_counter()
    subprocess.run(["tar", "xzf", archive, "-C", context], check=True)
    podman.build(context, "localhost/vddk:1", "--tls-verify=false")
    podman.push("localhost/vddk:1", target)
    seconds = time.perf_counter() - start
    shutil.rmtree(context)
    return seconds
