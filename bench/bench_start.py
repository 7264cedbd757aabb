"""How long a person waits for an answer that needs no work, and what is loaded for it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.measure import VDDKCTL, command, race
from bench.ratio import Ratio
from bench.sites import provider_site
from vddkctl.demo.sample import make_archive

_QUICK = 0.25
_COMMANDS = (["--help"], ["plan", "--help"], ["version"])
_HEAVY = ("deepdiff", "kubernetes")
_LOADED = """
import contextlib, io, sys
from vddkctl.cli.main import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
print(*sys.modules)
"""


def run() -> list[Ratio]:
    """Against a quarter of a second, and against a bare interpreter's own start."""
    return [*_seconds(), *_modules()]


def _seconds() -> list[Ratio]:
    here = Path.cwd()

    def ours(words: Sequence[str]) -> float:
        return command([VDDKCTL, *words], cwd=here).seconds

    def bare() -> float:
        return command([sys.executable, "-c", "pass"], cwd=here).seconds

    *seconds, interpreter = race(*(lambda words=words: ours(words) for words in _COMMANDS), bare)
    quick = [
        Ratio(f"vddkctl {' '.join(words)}", took, "a quarter of a second", _QUICK, 1.0)
        for words, took in zip(_COMMANDS, seconds, strict=True)
    ]
    return [*quick, Ratio("vddkctl --help", seconds[0], "python -c pass", interpreter, 15.0)]


def _modules() -> list[Ratio]:
    with tempfile.TemporaryDirectory(prefix="vddkctl-bench-") as name:
        site = Path(name) / "site"
        provider_site(site, make_archive(Path(name) / "archive.tar.gz", size=40_000), 1, one_file=True)
        env = {**os.environ, "XDG_CACHE_HOME": f"{name}/cache"}
        command([VDDKCTL, "apply", "--auto-approve"], cwd=site, env=env)
        return [
            Ratio(
                f"deepdiff, kubernetes in {title}",
                _heavy(words, site, env),
                "is one too many",
                1.0,
                0.0,
                "modules",
            )
            for title, words in (
                ("--help", ["--help"]),
                ("validate", ["validate"]),
                ("plan, none changes", ["plan"]),
            )
        ]


def _heavy(words: Sequence[str], cwd: Path, env: Mapping[str, str]) -> float:
    child = [sys.executable, "-c", _LOADED, *words]
    output = subprocess.run(child, cwd=cwd, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout
    modules = output.split()
    if "vddkctl.cli.main" not in modules:
        raise RuntimeError(f"{' '.join(words)}: what it has loaded is not known")
    return float(sum(module.partition(".")[0] in _HEAVY for module in modules))
