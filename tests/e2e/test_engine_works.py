"""What an engine has built is looked into before it is pushed: an image that cannot work is refused."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from tests.conftest import Vddkctl
from tests.support.engine_sites import TREE, EngineSite
from tests.support.engines import docker_service, left_behind
from tests.support.registry_sites import make_registry_site
from tests.support.running_registry import RunningRegistry
from tests.support.sites import EIGHT
from tests.support.witnesses import At, Podman, Skopeo

COPY = f"COPY {TREE} /{TREE}"
ENTRYPOINT = f'ENTRYPOINT ["cp", "-r", "/{TREE}", "/opt"]'


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


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ((f"COPY {TREE} /somewhere/else", 'ENTRYPOINT ["true"]'), f"puts it elsewhere than /{TREE}"),
        ((COPY, ENTRYPOINT, 'CMD ["-c", "false"]'), "no cp knows -c"),
        ((COPY, 'ENTRYPOINT ["sh"]'), "entrypoint: sh: it is a shell, which copies nothing"),
        ((COPY, 'ENTRYPOINT ["/bin/nothing", "-r", "/x", "/opt"]'), "nothing"),
        (("FROM scratch", COPY, ENTRYPOINT), "program: it has no cp"),
    ],
)
def test_an_image_that_cannot_work_is_not_pushed(site: EngineSite, lines: tuple[str, ...], says: str) -> None:
    site.with_dockerfile(*lines)
    failed = site.run("apply", "--auto-approve", "--target", EIGHT)
    assert failed.code == 1, failed.out
    assert says in failed.out
    assert site.site.digest is None


def test_a_library_that_has_a_second_name_in_the_archive_is_one(site: EngineSite) -> None:
    """Podman's layer has the first of the names as the file, and the library as a link to that."""
    archive = site.site.root / "eight.tar.gz"
    with tarfile.open(archive) as old, tarfile.open(site.site.root / "new.tar.gz", "w:gz") as new:
        for entry in old:
            new.addfile(entry, old.extractfile(entry) if entry.isreg() else None)
        link = tarfile.TarInfo(f"{TREE}/h")
        link.type, link.linkname = tarfile.LNKTYPE, f"{TREE}/lib64/libvixDiskLib.so.8.0.1"
        new.addfile(link)
    (site.site.root / "new.tar.gz").replace(archive)
    site.apply()
    verified = site.run("image", "verify", "vddk-8")
    assert verified.code == 0, verified.out + verified.err


def test_what_a_dockerfile_sets_to_be_run_is_no_word_of_the_usual_entrypoint(site: EngineSite) -> None:
    site.with_dockerfile('CMD ["-c", "false"]')
    site.apply()
    runtime = site.site.skopeo.config(site.site.image)["config"]
    assert runtime["Entrypoint"] == json.loads(ENTRYPOINT.removeprefix("ENTRYPOINT "))
    assert not runtime.get("Cmd")


def test_an_image_that_runs_as_root_is_pushed_since_the_cluster_sets_its_user(site: EngineSite) -> None:
    site.with_dockerfile("USER root", COPY, ENTRYPOINT)
    site.apply()
    assert site.site.digest


@pytest.mark.parametrize("builder", ["podman", "docker"])
def test_an_image_that_a_step_mounts_is_an_input_like_any_other(site: EngineSite, builder: str) -> None:
    site.on_busybox()
    other = site.site.base.reference.replace(":small", ":other")
    site.site.skopeo.copy(site.site.base, At(site.site.registry, f"{site.site.repository}/base:other"))
    site.build_with(builder)
    site.with_dockerfile(
        f"RUN --mount=type=bind,from={other},source=/bin,target=/mnt /mnt/cp /mnt/ls /mounted", "USER 1001"
    )
    with docker_service(site.podman) as docker:
        site.apply(**docker)
    labels = site.site.skopeo.inspect(site.site.image)["Labels"]
    assert other in json.loads(labels["dev.vddkctl.bases"])
    assert left_behind(site.podman) == ""


def test_an_image_that_cannot_work_is_not_given_to_an_engine_either(site: EngineSite) -> None:
    site.with_dockerfile(COPY, ENTRYPOINT, 'CMD ["-c", "false"]')
    words = ("--tar", "eight.tar.gz", "--dockerfile", "own.dockerfile", "--tag", "localhost/vddk:1")
    failed = site.run("image", "build", *words, "--runtime", "podman")
    assert failed.code == 1
    assert "no cp knows -c" in failed.out
    assert left_behind(site.podman) == ""
