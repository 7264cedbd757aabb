"""``vddkctl plan`` on a folder of many providers, against reading and parsing those files once.

Both sides are whole processes. The yardstick is ruamel.yaml's safe loader on libyaml (``YAML(typ="safe")``), the
fastest of its parsers, which gives plain data without places.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.measure import VDDKCTL, command, race
from bench.ratio import Ratio
from bench.sites import provider_site
from vddkctl.demo.sample import make_archive

COUNT = 1_000
_PLAN = [VDDKCTL, "plan", "--detailed-exitcode"]
_APPLY = [VDDKCTL, "apply", "--auto-approve"]
_READ = """
import os, sys
from pathlib import Path
from ruamel.yaml import YAML
yaml, replace = YAML(typ="safe"), sys.argv[1:] == ["replace"]
for path in sorted(Path("gitops").glob("*.yaml")):
    with path.open("rb") as stream:
        for document in yaml.load_all(stream):
            pass
    if replace:
        content = path.read_bytes()
        with open("gitops/.new", "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace("gitops/.new", path)
        folder = os.open("gitops", os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
"""
_PARSE = [sys.executable, "-c", _READ]
_REPLACE = [*_PARSE, "replace"]
_NOTHING, _PENDING = 0, 2  # exit codes
_CACHE, _READER = "vddkctl.build.cache", "vddkctl.build.archive.reading"


def run() -> list[Ratio]:
    """All of them change, and none does; in a file each, and in one file."""
    return [*_ratios("1,000 files", one_file=False), *_ratios("one file of 1,000", one_file=True)]


def _ratios(what: str, *, one_file: bool) -> list[Ratio]:
    with tempfile.TemporaryDirectory(prefix="vddkctl-bench-") as name:
        archive = make_archive(Path(name) / "archive.tar.gz", size=1_000_000)
        site = Path(name) / "site"
        manifests = provider_site(site, archive, COUNT, one_file=one_file)
        env = {**os.environ, "XDG_CACHE_HOME": f"{name}/cache"}

        def seconds(words: Sequence[str], code: int = 0) -> float:
            return command(words, cwd=site, env=env, code=code).seconds

        def plan(case: str, code: int) -> Ratio:
            planning, parsing = race(lambda: seconds(_PLAN, code), lambda: seconds(_PARSE))
            return Ratio(f"plan, {what}, {case}", planning, "parsing them once", parsing, 2.0)

        seconds(_PLAN, _PENDING)
        pending = plan("all change", _PENDING)
        before = {path: path.read_bytes() for path in manifests}
        replacing = seconds(_REPLACE)
        applying = seconds(_APPLY)
        if any(path.read_bytes() == content for path, content in before.items()):
            raise RuntimeError("apply has left a manifest as it was")
        against = "parsing and replacing them, fsync"
        nothing = plan("none changes", _NOTHING)
        _change_some(manifests, 10)
        return [
            nothing,
            plan("ten change", _PENDING),
            pending,
            Ratio(f"apply, {what}, all change", applying, against, replacing, 10.0),
            _readers(site, env),
        ]


def _change_some(manifests: Sequence[Path], count: int) -> None:
    """Another hand changes a few settings: so few that a plan also rehearses the edits."""
    left = count
    for path in manifests:
        text, done = re.subn(r"vddkInitImage: .*", "vddkInitImage: other", path.read_text(), count=left)
        path.write_text(text)
        left -= done
        if left == 0:
            return
    raise RuntimeError(f"only {count - left} settings to change were found")


def _readers(site: Path, env: Mapping[str, str]) -> Ratio:
    """How often a plan loads the code that reads and hashes an archive: what is known of it is in the cache."""
    words = [sys.executable, "-X", "importtime", "-m", "vddkctl", "plan"]
    done = subprocess.run(words, cwd=site, env=env, capture_output=True, text=True, check=True)
    modules = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines()]
    if _CACHE not in modules:
        raise RuntimeError("the plan has not asked the cache: this bench looks in the wrong place")
    return Ratio("plan, archive seen before", modules.count(_READER), "reading it once", 1.0, 0.0, "times")
