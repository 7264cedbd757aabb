"""``vddkctl drift --quiet`` as cron runs it: many live providers, images in a registry, nothing to report."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.clusters import LiveGround, live_ground
from bench.ratio import Ratio
from bench.registries import MB, Ground, ground
from tests.support.running_apiserver import ADMIN
from vddkctl.demo.sample import make_archive

_PROVIDERS, _IMAGES = 1_000, 5
_SECONDS, _REQUESTS, _MEMORY = 1.5, 20, 120.0 * MB
_ROUNDS = 3
_SITE = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {{name: bench}}
cluster: {{namespace: {namespace}}}
images: {{{images}}}
providers:
  "*": {{vddkImage: vddk0, aio: true, buffers: small}}
policy: {{publicRegistry: allow, conflicts: take}}
"""
_IMAGE = "vddk{number}: {{archive: {{path: {archive}}}, repository: {repository}, tag: bench, base: {base}}}"
_OF_OURS = re.compile(
    r'apiserver_request_total\{(?=.*resource="(?:forkliftcontrollers|providers|plans|migrations|storagemaps|secrets|'
    r'serviceaccounts|configmaps|leases|selfsubjectaccessreviews|customresourcedefinitions)")'
    r'(?!.*verb="WATCH").*\} (\S+)'
)


def run() -> list[Ratio]:
    """Seconds and memory of the whole process, and the requests to registry and API server together."""
    with (
        tempfile.TemporaryDirectory(prefix="vddkctl-bench-") as name,
        ground(Path(name) / "images") as images,
        live_ground(Path(name), _PROVIDERS) as here,
    ):
        _declare(here, images)
        here.vddkctl("apply", "--auto-approve", "--no-wait")
        checks = [here.vddkctl("drift", "--quiet") for _ in range(_ROUNDS)]
        requests = _between(lambda: _asked(here, images), lambda: here.vddkctl("drift", "--quiet"))
    seconds, peak = min(used.seconds for used in checks), max(used.peak for used in checks)
    what, most = f"drift, {_PROVIDERS:,} providers, {_IMAGES} images", "the most allowed"
    return [
        Ratio(what, seconds, most, _SECONDS, 1.0),
        Ratio(f"{what}: memory", peak, most, _MEMORY, 1.0, "bytes"),
        Ratio(f"{what}: requests", requests, most, _REQUESTS, 1.0, "requests"),
    ]


def _declare(here: LiveGround, images: Ground) -> None:
    declared = (
        _IMAGE.format(
            number=number,
            archive=make_archive(here.work / f"archive-{number}.tar.gz", size=400_000 + number),
            repository=images.repository(),
            base=images.base,
        )
        for number in range(_IMAGES)
    )
    site = _SITE.format(namespace=here.namespace, images=", ".join(declared))
    (here.work / "site.yaml").write_text(site)


def _asked(here: LiveGround, images: Ground) -> int:
    """Requests so far, by the API server's own metrics and the registry's log."""
    answer = here.pool.request(
        "GET", f"{here.server.url}/metrics", headers={"Authorization": f"Bearer {here.server.tokens[ADMIN]}"}
    )
    by_kind = map(float, _OF_OURS.findall(answer.data.decode()))
    return round(sum(by_kind)) + len(images.registry.requests())


def _between(count: Callable[[], int], act: Callable[[], object]) -> int:
    before = _settled(count)
    act()
    return _settled(count) - before


def _settled(count: Callable[[], int]) -> int:
    """The registry's log is written a moment after an answer."""
    seen = -1
    while seen != (now := count()):
        seen = now
        time.sleep(0.5)
    return seen
