"""Which engine builds, and what is seen to before it begins: that it works, can read the folder, and has room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Vddkctl
from tests.support.engine_sites import EngineSite
from tests.support.engines import docker_service, left_behind
from tests.support.exfat import exfat
from tests.support.registry_sites import make_registry_site
from tests.support.running_registry import RunningRegistry
from tests.support.sites import EIGHT
from tests.support.witnesses import Podman, Skopeo

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="a small disk is mounted by root alone")


@pytest.fixture
def site(
    tmp_path: Path,
    plain_registry: RunningRegistry,
    repository: str,
    vddkctl: Vddkctl,
    skopeo: Skopeo,
    podman: Podman,
) -> EngineSite:
    made = make_registry_site(tmp_path / "site", plain_registry, repository, vddkctl, skopeo)
    return EngineSite(made, podman)


@contextmanager
def _disk(folder: Path, size: str) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--recursive", folder], check=True)


def _broken(folder: Path) -> str:
    """A path on which podman is found, and does not work."""
    folder.mkdir()
    program = folder / "podman"
    program.write_text("#!/bin/sh\necho 'Error: cannot set up namespace' >&2\nexit 125\n")
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_auto_takes_docker_where_podman_is_there_and_does_not_work(site: EngineSite, tmp_path: Path) -> None:
    site.build_with("auto")
    with docker_service(site.podman) as docker:
        path = _broken(tmp_path / "broken")
        assert "with docker, the usual Dockerfile" in site.run("plan", PATH=path, **docker).out
        site.apply(PATH=path, **docker)
    assert site.site.digest


def test_a_podman_that_does_not_work_is_told_with_what_else_there_is(
    site: EngineSite, tmp_path: Path
) -> None:
    failed = site.run("apply", "--auto-approve", "--target", EIGHT, PATH=_broken(tmp_path / "broken"))
    assert failed.code == 1
    assert "cannot set up namespace" in failed.out
    assert "set another builder: docker, or native where there is no Dockerfile" in failed.out


def test_a_docker_that_is_podman_under_that_name_builds_and_leaves_nothing(
    site: EngineSite, tmp_path: Path
) -> None:
    program = tmp_path / "names" / "docker"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nexec podman "$@"\n')
    program.chmod(0o755)
    site.build_with("docker")
    site.apply(PATH=f"{program.parent}:{os.environ['PATH']}")
    assert site.site.digest
    assert left_behind(site.podman) == ""


@pytest.mark.parametrize("where", ["buildDir", "TMPDIR"])
def test_a_colon_in_the_path_is_told_before_anything_is_built(site: EngineSite, where: str) -> None:
    folder = site.site.root / "a:b"
    folder.mkdir()
    if where == "buildDir":
        site.build_with("podman", "buildDir: './a:b'")
        failed = site.run("apply", "--auto-approve", "--target", EIGHT)
    else:
        failed = site.run("apply", "--auto-approve", "--target", EIGHT, TMPDIR=str(folder))
    assert failed.code == 1
    assert "a:b: podman takes no folder with a colon in its path" in failed.out
    assert list(folder.iterdir()) == []


def test_docker_builds_in_a_path_with_a_colon(site: EngineSite) -> None:
    site.build_with("docker", "buildDir: './a:b'")
    with docker_service(site.podman) as docker:
        site.apply(**docker)
    assert site.site.digest


@AS_ROOT
@pytest.mark.parametrize("builder", ["podman", "docker"])
def test_no_room_among_the_engines_own_images_is_told_before_anything_is_built(
    site: EngineSite, builder: str
) -> None:
    site.build_with(builder)
    with _disk(site.podman.folder / "storage", "128k"), docker_service(site.podman) as docker:
        failed = site.run("apply", "--auto-approve", "--target", EIGHT, **docker)
        assert left_behind(site.podman) == ""
    assert failed.code == 1
    assert f"images of {builder}: {site.podman.folder}/storage: the build needs about" in failed.out
    assert "make room there, or give them another disk" in failed.out


@AS_ROOT
def test_a_disk_that_gets_full_is_the_reason_that_is_told(site: EngineSite) -> None:
    site.on_busybox()
    site.with_dockerfile("RUN busybox cat /dev/zero > /much")
    with _disk(site.podman.folder / "storage", "200m"):
        failed = site.run("apply", "--auto-approve", "--target", EIGHT)
        assert left_behind(site.podman) == ""
    assert failed.code == 1
    assert "podman build failed since a disk is full" in failed.out
    assert "make room where podman keeps its images" in failed.out


@AS_ROOT
def test_an_image_that_the_engine_has_no_room_for_is_told_so(site: EngineSite) -> None:
    """Built natively, and then given to podman, whose word for it is that this is no image."""
    words = (
        "image",
        "build",
        "--tar",
        "eight.tar.gz",
        "--base",
        site.site.base.reference,
        "--tag",
        "localhost/vddk:1",
    )
    with _disk(site.podman.folder / "storage", "100k"):
        failed = site.run(*words, "--runtime", "native")
        assert left_behind(site.podman) == ""
    assert failed.code == 1
    assert "podman load failed since a disk is full" in failed.out
    assert "make room where podman keeps its images" in failed.out


def test_long_lines_of_an_engine_are_cut_and_their_ends_told(site: EngineSite) -> None:
    site.on_busybox()
    site.with_dockerfile("RUN busybox printf 'begin%02000dend\\n' 0; false")
    failed = site.run("apply", "--auto-approve", "--target", EIGHT)
    assert failed.code == 1
    (line,) = [line for line in failed.out.splitlines() if line.strip().startswith("begin")]
    assert line.endswith("000end")
    assert len(line) < 400


@AS_ROOT
@pytest.mark.parametrize("builder", ["podman", "docker"])
def test_a_file_system_without_links_is_told_before_anything_is_built(site: EngineSite, builder: str) -> None:
    site.build_with(builder, "buildDir: ./card")
    with exfat(site.site.root / "card"), docker_service(site.podman) as docker:
        failed = site.run("apply", "--auto-approve", "--target", EIGHT, **docker)
        assert list((site.site.root / "card").iterdir()) == []
        assert left_behind(site.podman) == ""
    assert failed.code == 1
    assert "card: this file system keeps no symbolic links, and VDDK's libraries need them" in failed.out
    assert "name a folder on another file system with buildDir, or use builder: native" in failed.out
    assert site.site.digest is None


@AS_ROOT
def test_the_doctor_tells_of_a_file_system_without_links(site: EngineSite) -> None:
    site.build_with("podman", "buildDir: ./card")
    with exfat(site.site.root / "card"):
        done = site.run("doctor")
    assert done.code == 1
    assert "card does not keep symbolic links: Function not implemented" in done.out
