"""The storage of an engine belongs to its user: builds take nothing from it, and leave nothing in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import ROOT, Vddkctl
from tests.support.engine_sites import TREE, EngineSite
from tests.support.engines import docker_service, left_behind
from tests.support.registry_sites import make_registry_site
from tests.support.running_registry import RunningRegistry
from tests.support.sites import EIGHT
from tests.support.witnesses import Podman, Skopeo

COPIED = (f"COPY {TREE} /{TREE}", 'ENTRYPOINT ["cp", "-r", "/x", "/opt"]')


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


@pytest.fixture(params=["podman", "docker"])
def engine(request: pytest.FixtureRequest, site: EngineSite) -> Iterator[Mapping[str, str]]:
    """Each engine as the site's builder, and what leads the command to it."""
    with ExitStack() as stack:
        found: Mapping[str, str] = {}
        if request.param == "docker":
            found = stack.enter_context(docker_service(site.podman))
        site.build_with(request.param)
        yield found


def _failed(site: EngineSite, engine: Mapping[str, str]) -> str:
    done = site.run("apply", "--auto-approve", "--target", EIGHT, **engine)
    assert done.code == 1, done.out + done.err
    assert site.site.digest is None
    return done.out


def _started(site: EngineSite, engine: Mapping[str, str], line: str) -> subprocess.Popen[str]:
    """An apply whose build has come to ``line``."""
    process = subprocess.Popen(
        [sys.executable, "-m", "vddkctl", "apply", "--auto-approve", "-v"],
        cwd=site.site.root,
        env={**os.environ, **site.environment, **engine, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
        start_new_session=True,
    )
    assert process.stderr
    assert any(line in heard for heard in process.stderr)
    return process


def test_an_image_of_the_users_without_a_name_and_its_container_survive(
    site: EngineSite, engine: Mapping[str, str]
) -> None:
    image = site.podman.pull(site.site.base)
    container = site.podman("create", "--name", "mine", image, "sh").strip()
    site.podman("untag", image)
    site.apply(**engine)
    _failed_later(site, engine)
    assert site.podman("images", "--all", "--quiet", "--no-trunc").split() == [f"sha256:{image}"]
    assert site.podman("ps", "--all", "--external", "--quiet", "--no-trunc").split() == [container]


def _failed_later(site: EngineSite, engine: Mapping[str, str]) -> None:
    site.with_dockerfile("COPY nothing-of-this-name /x")
    done = site.run("apply", "--auto-approve", "--target", EIGHT, **engine)
    assert done.code == 1, done.out + done.err


def test_what_the_user_has_untagged_below_a_base_survives(
    site: EngineSite, engine: Mapping[str, str], tmp_path: Path
) -> None:
    """The base of the spec is made on it: an engine may see it as a leftover of that."""
    below = site.podman.pull(site.site.base)
    (tmp_path / "Dockerfile").write_text(f"FROM {below}\nENV MORE=1\n")
    site.podman.build(tmp_path, "localhost/above:1")
    site.podman.push("localhost/above:1", site.site.base)
    site.podman("rmi", "--no-prune", "localhost/above:1")
    site.podman("untag", below)
    site.apply(**engine)
    assert site.podman("images", "--all", "--quiet", "--no-trunc").split() == [f"sha256:{below}"]


def test_an_image_says_nothing_of_the_build_that_made_it(site: EngineSite, engine: Mapping[str, str]) -> None:
    site.apply(**engine)
    seen = site.site.skopeo.config(site.site.image)
    assert "dev.vddkctl.build" not in str(seen)
    assert "dev.vddkctl.inputs" in seen["config"]["Labels"]


def test_a_build_that_fails_when_the_libraries_are_in_leaves_nothing(
    site: EngineSite, engine: Mapping[str, str]
) -> None:
    site.with_dockerfile(
        *COPIED,
        "FROM scratch AS other",
        f"COPY {TREE} /{TREE}",
        f"FROM {site.site.base.reference}",
        *COPIED,
        "COPY nothing-of-this-name /x",
    )
    assert "nothing-of-this-name" in _failed(site, engine)
    assert left_behind(site.podman) == ""


def test_a_build_that_is_interrupted_when_the_libraries_are_in_leaves_nothing(
    site: EngineSite, engine: Mapping[str, str]
) -> None:
    site.on_busybox()
    site.with_dockerfile(*COPIED, "RUN busybox sleep 60")
    process = _started(site, engine, "busybox sleep")
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    deadline = time.monotonic() + 20  # a daemon puts down what it was doing in its own time
    while engine and left_behind(site.podman) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left_behind(site.podman) == ""


def test_what_a_killed_build_leaves_goes_with_the_next_by_whichever_engine(
    site: EngineSite, engine: Mapping[str, str]
) -> None:
    site.on_busybox()
    site.with_dockerfile(*COPIED, "RUN busybox sleep 9")
    process = _started(site, engine, "busybox sleep")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert left_behind(site.podman) != ""
    site.build_with("podman")
    site.with_dockerfile(f"COPY {TREE} /{TREE}", f'ENTRYPOINT ["cp", "-r", "/{TREE}", "/opt"]')
    site.apply(**engine)
    end = time.monotonic() + 60
    while left_behind(site.podman):  # a service ends the step that it is at
        assert time.monotonic() < end
        time.sleep(1)
    assert not any((site.podman.folder / "tmp").iterdir())


def test_a_platform_that_is_set_for_all_of_docker_is_not_the_images(site: EngineSite) -> None:
    site.build_with("docker")
    with docker_service(site.podman) as docker:
        site.apply(**docker, DOCKER_DEFAULT_PLATFORM="linux/arm64")
    assert site.site.skopeo.config(site.site.image)["architecture"] == "amd64"
