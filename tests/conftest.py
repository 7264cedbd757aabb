"""What every test has: an environment of its own, the command line, and golden texts.

For annotations: ``from tests.conftest import Golden, Vddkctl``.
"""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import hypothesis
import pytest

from tests.support import commands

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
IN_CI = bool(os.environ.get("CI"))
UPDATE_GOLDEN = os.environ.get("VDDKCTL_UPDATE_GOLDEN") == "1" and not IN_CI

# What a person's shell may set and vddkctl, or a program it starts, would heed.
# fmt: off
NOT_INHERITED = (
    "VDDKCTL_NOTIFY_URL", "VDDKCTL_NOTIFY_SECRET", "VDDKCTL_NOTIFY_TIMEOUT",
    "VDDKCTL_FILE", "MTV_VDDK_INIT_IMAGE", "KUBECONFIG", "KUBERNETES_SERVICE_HOST",
    "KUBERNETES_SERVICE_PORT", "REGISTRY_AUTH_FILE", "DOCKER_CONFIG", "DOCKER_HOST", "CONTAINER_HOST",
    "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_STATE_HOME", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF",
    "CONTAINERS_REGISTRIES_CONF", "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY",
    "ALL_PROXY", "no_proxy", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "STORAGE_DRIVER",
    "STORAGE_OPTS", "BUILDAH_ISOLATION", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PY_COLORS",
    "COLUMNS", "LINES", "TERMINAL_WIDTH", "GITHUB_ACTIONS", "TYPER_USE_RICH", "TYPER_STANDARD_TRACEBACK",
    "_TYPER_STANDARD_TRACEBACK", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_EXTERNAL_DIFF",
    "PYTHONDONTWRITEBYTECODE", "PYTHONWARNINGS", "PYTHONPATH", "PYTHONHOME",
)
# fmt: on

hypothesis.settings.register_profile("quick", deadline=None, max_examples=40)
hypothesis.settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=2000)
hypothesis.settings.load_profile("ci" if IN_CI else "quick")


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def home(_homes: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, and an environment without what this machine's user has set."""
    home = Path(tempfile.mkdtemp(dir=_homes))
    for name in NOT_INHERITED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / ".run"))  # else the machine's own logins would be read
    return home


@dataclass(frozen=True)
class Completed:
    """How a command ended. ``out`` and ``err`` keep their line ends."""

    code: int
    out: str
    err: str


class Vddkctl(Protocol):
    """Runs the command line as a person does, in a process of its own."""

    def __call__(
        self,
        *words: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        input: str | None = None,
    ) -> Completed:
        """``cwd`` is the test's own folder unless given; ``env`` is added; standard input is never a terminal."""
        ...


@pytest.fixture
def vddkctl(tmp_path: Path) -> Vddkctl:
    """The command line: ``vddkctl("plan", "-f", spec).code == 0``. A Python warning in it is an error."""

    def run(
        *words: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        input: str | None = None,
    ) -> Completed:
        done = commands.run(
            *map(str, words),
            cwd=cwd or tmp_path,
            env={**os.environ, "PYTHONWARNINGS": "error", **(env or {})},
            input=(input or "").encode(),
        )
        return Completed(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


class Golden(Protocol):
    """Compares a text with the one kept in ``tests/golden``."""

    def __call__(self, name: str, text: str) -> None:
        """``name`` is the file's path below ``tests/golden``. What differs between runs is for the caller to replace."""
        ...


@pytest.fixture
def golden() -> Golden:
    """``golden("plan/first.txt", done.out)``; ``VDDKCTL_UPDATE_GOLDEN=1`` writes the file instead."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if UPDATE_GOLDEN:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            return
        kept = path.read_bytes().decode() if path.exists() else ""
        if kept == text and path.exists():
            return
        difference = "".join(
            line if line.endswith("\n") else f"{line}\n\\ no newline at the end\n"
            for line in difflib.unified_diff(
                kept.splitlines(keepends=True), text.splitlines(keepends=True), f"tests/golden/{name}", "now"
            )
        )
        state = "differs from what is kept" if path.exists() else "is not kept yet"
        pytest.fail(
            f"{name} {state}; if it should be so, run again with VDDKCTL_UPDATE_GOLDEN=1\n{difference}",
            pytrace=False,
        )

    return compare
