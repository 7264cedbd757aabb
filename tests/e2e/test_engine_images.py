"""Images that podman or docker build for a site: planned by their inputs, built, pushed and pinned."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import ROOT, Vddkctl
from tests.support.engine_sites import TREE, EngineSite
from tests.support.engines import docker_service, left_behind
from tests.support.registry_sites import make_registry_site
from tests.support.running_registry import RunningRegistry
from tests.support.sites import EIGHT
from tests.support.witnesses import At, Podman, Skopeo

NO_CHANGES = "No changes: 3 addresses are as declared.\n"


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


def test_podman_builds_what_the_plan_cannot_know_and_the_settings_get_its_digest(site: EngineSite) -> None:
    planned = site.run("plan")
    assert "build     with podman, the usual Dockerfile" in planned.out
    assert "digest    (known after apply)" in planned.out
    assert f"vddk@(known after apply: {EIGHT})" in planned.out
    assert site.site.digest is None

    applied = site.apply()
    digest = site.site.digest
    assert f"✓ {EIGHT}  created  {digest}" in applied
    controller = (site.site.root / "gitops" / "forklift.yaml").read_text()
    assert f"vddk_image: {site.site.host}/{site.site.repository}/vddk@{digest}" in controller
    assert (
        "known after apply" not in (site.site.root / "gitops" / ".vddkctl" / "frankfurt.record").read_text()
    )
    assert site.run("plan").out.endswith(NO_CHANGES)
    assert site.run("drift").out == "No drift.\n"
    assert left_behind(site.podman) == ""


def test_what_was_built_passes_verification(site: EngineSite) -> None:
    site.apply()
    verified = site.run("image", "verify", "vddk-8")
    assert verified.code == 0, verified.out + verified.err
    assert "another packing of the archive: all" in verified.out


def test_native_podman_and_docker_give_the_same_libraries(site: EngineSite) -> None:
    trees: dict[str, Mapping[str, tuple[str, str]]] = {}
    with docker_service(site.podman) as docker:
        for builder in ("native", "podman", "docker"):
            site.build_with(builder)
            site.tag(builder)
            site.apply(**docker)
            trees[builder] = site.files(At(site.site.registry, f"{site.site.repository}/vddk:{builder}"))
    assert trees["native"] == trees["podman"] == trees["docker"]
    assert trees["native"][f"{TREE}/lib64/libvixDiskLib.so"][0] == "link"


def test_engines_are_as_good_as_each_other(site: EngineSite) -> None:
    site.apply()
    with docker_service(site.podman) as docker:
        site.build_with("docker")
        assert site.run("plan", **docker).out.endswith(NO_CHANGES)
    site.build_with("auto")
    assert site.run("plan").out.endswith(NO_CHANGES)


def test_auto_builds_natively_where_no_engine_is_and_that_stays(site: EngineSite, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    site.build_with("auto")
    planned = site.run("plan", PATH=str(nowhere))
    assert "the archive itself, nothing repacked" in planned.out
    site.apply(PATH=str(nowhere))
    assert site.run("plan").out.endswith(NO_CHANGES)  # podman is there by now


def test_an_edited_dockerfile_is_a_change_and_a_saved_plan_is_stale_then(site: EngineSite) -> None:
    site.with_dockerfile("ENV COLOUR=red")
    site.apply()
    first = site.site.digest
    assert site.run("plan").out.endswith(NO_CHANGES)
    site.dockerfile.write_text(site.dockerfile.read_text().replace("red", "blue"))
    planned = site.run("plan", "-o", "plan.json")
    assert "inputs-changed" in planned.out
    site.dockerfile.write_text(site.dockerfile.read_text().replace("blue", "green"))
    stale = site.run("apply", "plan.json")
    assert stale.code == 1
    assert "the Dockerfile ./own.dockerfile is not as it was" in stale.err
    assert site.site.digest == first
    site.apply()
    assert site.site.digest != first
    seen = site.site.skopeo.config(site.site.image)["config"]
    assert "COLOUR=green" in seen["Env"]
    assert seen["Entrypoint"] == ["cp", "-r", f"/{TREE}", "/opt"]


def test_build_arguments_are_inputs(site: EngineSite) -> None:
    site.build_with("podman", "buildArgs: {COLOUR: red}")
    site.with_dockerfile("ARG COLOUR", "LABEL colour=$COLOUR")
    site.apply()
    assert site.site.skopeo.inspect(site.site.image)["Labels"]["colour"] == "red"
    site.site.change("COLOUR: red", "COLOUR: blue")
    assert "inputs-changed" in site.run("plan").out
    site.apply()
    assert site.site.skopeo.inspect(site.site.image)["Labels"]["colour"] == "blue"


def test_a_dockerfile_that_fails_leaves_no_tag_and_tells_its_last_lines(site: EngineSite) -> None:
    site.with_dockerfile("COPY nothing-of-this-name /x")
    failed = site.run("apply", "--auto-approve", "--target", EIGHT)
    assert failed.code == 1
    assert "podman build failed with exit code" in failed.out
    assert "nothing-of-this-name" in failed.out
    assert site.site.digest is None
    assert left_behind(site.podman) == ""


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ((f"COPY {TREE}/doc /doc",), "leaves VDDK out of the image"),
        ((f"COPY {TREE} /{TREE}",), "sets no entrypoint"),
    ],
)
def test_an_image_that_forklift_cannot_use_is_not_pushed(
    site: EngineSite, lines: tuple[str, ...], says: str
) -> None:
    site.with_dockerfile(*lines)
    failed = site.run("apply", "--auto-approve", "--target", EIGHT)
    assert failed.code == 1
    assert says in failed.out
    assert site.site.digest is None


def test_a_tag_moved_by_another_hand_is_drift_and_gets_its_image_back_without_a_build(
    site: EngineSite,
) -> None:
    site.apply()
    digest = site.site.digest
    site.site.skopeo.copy(site.site.base, site.site.image)
    drift = site.run("drift")
    assert drift.code == 3
    assert f"should be  {digest}"[:25] in drift.out
    planned = site.run("plan")
    assert "none: the image is still there, and gets its tag back" in planned.out
    site.apply(PATH="/nonexistent")  # no engine is needed
    assert site.site.digest == digest
    assert site.run("plan").out.endswith(NO_CHANGES)


def test_an_image_of_the_same_inputs_by_another_hand_is_drift_once_ours_is_known(site: EngineSite) -> None:
    site.apply()
    digest = site.site.digest
    record = site.site.root / "gitops" / ".vddkctl" / "frankfurt.record"
    kept = record.read_bytes()
    record.unlink()
    site.site.skopeo.copy(site.site.base, site.site.image)
    site.apply()  # somebody else builds it anew: other times, another digest
    record.write_bytes(kept)
    assert site.site.digest != digest
    assert site.run("drift").code == 3


def test_a_floating_base_stays_until_the_spec_follows_it(site: EngineSite) -> None:
    site.apply()
    first = site.site.digest
    site.site.move_base()
    planned = site.run("plan")
    assert planned.out.endswith(NO_CHANGES)
    assert "[base-moved]" in planned.out
    site.build_with("podman", "followBase: true")
    assert "base-changed" in site.run("plan").out
    site.apply()
    assert site.site.digest != first
    assert site.run("plan").out.endswith(NO_CHANGES)


def test_base_layers_are_those_of_the_base(site: EngineSite) -> None:
    site.apply()
    base = site.site.skopeo.inspect(site.site.base)["Layers"]
    assert site.site.skopeo.inspect(site.site.image)["Layers"][: len(base)] == base


def test_a_build_folder_keeps_what_was_in_it_and_nothing_of_ours(site: EngineSite) -> None:
    folder = site.site.root / "build"
    (folder / TREE).mkdir(parents=True)
    (folder / TREE / "mine").write_text("mine")
    site.build_with("podman", "buildDir: ./build")
    site.apply()
    assert [str(path.relative_to(folder)) for path in folder.rglob("*")] == [TREE, f"{TREE}/mine"]
    site.site.change("buildDir: ./build", "buildDir: ./a/new/one")
    site.tag("other")
    site.apply()
    assert not (site.site.root / "a").exists()


def test_a_build_folder_that_is_a_file_is_told_before_anything_is_built(site: EngineSite) -> None:
    site.build_with("podman", "buildDir: ./site.yaml")
    failed = site.run("apply", "--auto-approve", "--target", EIGHT)
    assert failed.code == 1
    assert "site.yaml: nothing can be built there: File exists" in failed.out


@pytest.mark.skipif(os.geteuid() != 0, reason="a small disk is mounted by root alone")
def test_a_disk_without_room_is_told_before_anything_is_built(site: EngineSite) -> None:
    small = site.site.root / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", small], check=True)
    try:
        site.build_with("podman", "buildDir: ./small")
        failed = site.run("apply", "--auto-approve", "--target", EIGHT)
    finally:
        subprocess.run(["umount", small], check=True)
    assert failed.code == 1
    assert "the build needs about" in failed.out
    assert "name a folder on another disk with buildDir" in failed.out
    assert left_behind(site.podman) == ""


def test_no_engine_is_told_with_its_line_in_the_spec(site: EngineSite, tmp_path: Path) -> None:
    site.build_with("docker")
    done = site.run("plan", PATH=str(tmp_path))
    assert done.code == 1
    line = next(n for n, text in enumerate(site.spec.read_text().splitlines(), 1) if "builder" in text)
    assert f"site.yaml:{line}:5: image vddk-8: docker is not on the path" in done.err


def test_a_daemon_that_is_down_is_told_before_the_build(site: EngineSite, tmp_path: Path) -> None:
    site.build_with("docker")
    done = site.run("apply", "--auto-approve", "--target", EIGHT, DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert done.code == 1
    assert "start its daemon" in done.out
    assert site.site.digest is None


def test_the_engines_output_streams_on_request(site: EngineSite) -> None:
    quiet = site.run("apply", "--auto-approve")
    assert "STEP 1" not in quiet.out + quiet.err
    site.tag("other")
    chatty = site.run("apply", "--auto-approve", "-v")
    assert "STEP 1" in chatty.err


def _interrupted(site: EngineSite, number: int) -> int:
    environment = {**os.environ, **site.environment, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "vddkctl", "apply", "--auto-approve", "-v"],
        cwd=site.site.root,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr
    for line in process.stderr:
        if "STEP 1" in line:
            break
    os.killpg(process.pid, number)
    process.communicate(timeout=30)
    return process.returncode


def test_an_interrupted_build_leaves_nothing_behind(site: EngineSite) -> None:
    assert _interrupted(site, signal.SIGINT) == 130
    assert site.site.digest is None
    assert left_behind(site.podman) == ""


def test_what_a_killed_build_leaves_goes_with_the_next(site: EngineSite) -> None:
    assert _interrupted(site, signal.SIGKILL) == -signal.SIGKILL
    end = time.monotonic() + 10
    while (
        subprocess.run(["pgrep", "-f", f"{site.podman.folder}/tmp/vddkctl-build"], check=False).returncode
        == 0
    ):
        assert time.monotonic() < end
        time.sleep(0.1)
    site.apply()
    assert left_behind(site.podman) == ""
