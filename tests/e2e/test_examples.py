"""Each example runs, and says what its own head promises."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Vddkctl
from vddkctl.demo.base import find_busybox, make_base
from vddkctl.demo.sample import make_archive

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    target = tmp_path / "examples"
    shutil.copytree(EXAMPLES, target)
    return target


def test_gitops_is_applied_and_then_as_declared(vddkctl: Vddkctl, copy: Path) -> None:
    here = copy / "gitops"
    assert vddkctl("plan", "--summary", cwd=here).out == (
        "Plan: 0 to create, 4 to update, 0 to release; 0 unchanged.\n"
    )
    assert vddkctl("apply", "--auto-approve", cwd=here).code == 0
    assert vddkctl("plan", "--detailed-exitcode", cwd=here).code == 0
    assert vddkctl("drift", cwd=here).out == "No drift.\n"


def test_air_gapped_builds_its_image(vddkctl: Vddkctl, copy: Path, tmp_path: Path) -> None:
    here = copy / "air-gapped"
    archive = make_archive(tmp_path / "VMware-vix-disklib-8.0.1-21562716.x86_64.tar.gz", size=40_000)
    busybox = find_busybox()
    assert busybox, "install busybox-static"
    make_base(here / "base", "8.10", busybox)
    applied = vddkctl("apply", "--auto-approve", cwd=here, env={"VDDK_ARCHIVE": str(archive)})
    assert (applied.code, applied.out.splitlines()[-1]) == (0, "Applied: 2 of 2 changes done.")
    assert "registry.inside.example.com/migration/vddk@sha256:" in (here / "gitops/forklift.yaml").read_text()


def test_full_is_valid_and_plan_names_what_is_not_carried_out_yet(vddkctl: Vddkctl, copy: Path) -> None:
    here = copy / "full"
    assert vddkctl("validate", cwd=here).code == 0
    planned = vddkctl("plan", cwd=here)
    assert planned.code == 1
    assert planned.err.count("not supported yet") == 6
