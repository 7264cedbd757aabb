"""The archive is read ahead, by a guess: a run is quicker for it, and otherwise as it would be."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.support.sites import SPEC, make_site

PLAN = (sys.executable, "-m", "vddkctl", "plan")


def run(folder: Path, *words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PLAN, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
    )


def test_who_reads_the_output_waits_for_nobody_else(tmp_path: Path) -> None:
    site = make_site(tmp_path, SPEC.replace("kind: Site", "kind: Sight"))
    done = run(site.root, env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert done.returncode == 1
    assert "Site" in done.stderr
    deadline = time.monotonic() + 20
    while mine := processes_in(site.root):
        assert time.monotonic() < deadline, f"left behind: {mine}"
        time.sleep(0.05)


def test_a_cache_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    (tmp_path / "file").write_text("")
    with_cache = run(site.root, env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    without = run(site.root, env={"XDG_CACHE_HOME": str(tmp_path / "file")})
    assert (with_cache.returncode, with_cache.stderr) == (without.returncode, without.stderr) == (0, "")
    assert with_cache.stdout == without.stdout


def test_a_wrong_guess_is_no_matter(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    expected = run(site.root).stdout
    spec = site.root / "site.yaml"
    (site.root / "other.tar.gz").write_bytes(b"nonsense")
    spec.write_text("# path: other.tar.gz\n" + spec.read_text())
    assert run(site.root, env={"XDG_CACHE_HOME": str(tmp_path / "cache")}).stdout == expected


def processes_in(folder: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == folder and process.name != str(os.getpid()):
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found
