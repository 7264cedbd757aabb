"""``image build --set-controller-image`` in a live cluster: it takes the field, and waits for migrations if it is told to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from tests.e2e.live.test_migrations import HOME_ALONE, migrate
from tests.support.live_sites import OTHER, Ended, LiveSite
from tests.support.registries import new_repository
from tests.support.running_registry import RunningRegistry
from vddkctl.demo.base import find_busybox, make_base
from vddkctl.demo.sample import make_archive


@dataclass(frozen=True)
class Build:
    site: LiveSite
    registry: RunningRegistry
    repository: str

    @property
    def words(self) -> tuple[str, ...]:
        words = ("image", "build", "--tar", "eight.tar.gz", "--base", "oci:./base:8.10", "--push")
        tag = f"{self.registry.host}/{self.repository}:8.0.1"
        return (*words, "--tag", tag, "--set-controller-image", "-n", self.site.namespace)

    def run(self, *more: str) -> Ended:
        return self.site.run(*self.words, *more)

    @property
    def digest(self) -> str | None:
        return self.registry.tags(self.repository).get("8.0.1")


@pytest.fixture
def build(site: LiveSite, plain_registry: RunningRegistry) -> Iterator[Build]:
    (site.root / "site.yaml").unlink()
    busybox = find_busybox()
    assert busybox, "install busybox-static"
    make_base(site.root / "base", "8.10", busybox)
    make_archive(site.root / "eight.tar.gz", size=40_000)
    yield Build(site, plain_registry, new_repository())
    site.server.request("DELETE", site.path("migrations"))


def by_hand(site: LiveSite) -> None:
    """The guide's own way."""
    body = f'{{"spec":{{"vddk_image":"{OTHER}"}}}}'
    words = ("patch", "forkliftcontroller", "forklift-controller", "--type", "merge", "-p", body)
    site.server.kubectl("-n", site.namespace, *words)


def test_the_field_is_taken_and_the_plan_says_from_whom(build: Build) -> None:
    by_hand(build.site)
    dry = build.run("--dry-run")
    assert dry.code == 0, dry.err
    assert "and is taken from kubectl-patch" in dry.out
    assert (build.site.image, build.digest) == (OTHER, None)
    done = build.run()
    assert done.code == 0, done.out + done.err
    assert "and is taken from kubectl-patch" in done.out
    assert build.site.image == f"{build.registry.host}/{build.repository}@{build.digest}"
    assert done.out.splitlines()[-1].endswith(f"/{build.repository}:8.0.1@{build.digest}")
    again = build.run()
    assert (again.code, "No changes" in again.out) == (0, True)


def test_a_migration_that_runs_is_not_disturbed_unless_it_is_said(build: Build) -> None:
    migrate(build.site, "prod")
    refused = build.run()
    assert refused.code == 1
    assert "nothing was written, since migrations are running" in refused.err
    assert "or say so: --active-migrations wait (or ignore)" in refused.err
    assert (build.site.image, build.digest) == (None, None)
    done = build.run("--active-migrations", "ignore")
    assert done.code == 0, done.out + done.err
    assert build.site.image == f"{build.registry.host}/{build.repository}@{build.digest}"


def test_migrations_that_are_not_seen_count_where_it_is_said_what_to_do_about_them(build: Build) -> None:
    build.site.server.grant("alice", HOME_ALONE, build.site.namespace)
    build = replace(build, site=replace(build.site, user="alice"))
    refused = build.run("--active-migrations", "wait")
    assert (refused.code, build.site.image) == (1, None)
    assert "since --active-migrations is given, and of the plan whether it would disturb" in refused.err
    assert "without it, or with ignore," in refused.err
    done = build.run()
    assert done.code == 0, done.out + done.err
    assert "[migrations-not-seen]" in done.out
    assert build.site.image is not None


def test_it_waits_for_the_end_of_migrations(build: Build) -> None:
    migrate(build.site, "prod")
    with build.site.start(*build.words, "--active-migrations", "wait") as process:
        time.sleep(8)
        meanwhile = build.site.image
        assert process.poll() is None
        assert meanwhile is None
        build.site.status("migrations", "wave-1", "Succeeded")
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    assert build.site.image == f"{build.registry.host}/{build.repository}@{build.digest}"


def test_what_was_set_is_remembered_beside_the_controller(build: Build) -> None:
    """A later run takes what an earlier one has set for its own, and drift of it could be told."""
    assert build.run().code == 0
    status, found = build.site.server.request("GET", build.site.path("configmaps", group="/api/v1"))
    names = {each["metadata"]["name"] for each in found["items"]}
    assert (status, "vddkctl-image-build" in names) == (200, True)


def test_a_site_in_a_layout_is_not_written_into_a_cluster(build: Build) -> None:
    site = build.site
    image = "archive: {path: ./eight.tar.gz}, base: 'oci:./base:8.10', repository: 'oci:./lay', tag: '9'"
    parts = f"images:\n  vddk-9: {{{image}}}\ncontroller: {{vddkImage: vddk-9}}\n"
    site.write(parts)
    plan = site.run("plan")
    assert plan.code == 0, plan.err
    assert "no cluster can pull from oci:./lay, a folder, and apply will refuse" in plan.out
    assert site.run("plan", "-o", "saved.json").code == 0
    for words in (("--auto-approve",), ("saved.json",), ("--auto-approve", "--dry-run=server")):
        ended = site.run("apply", *words)
        assert ended.code == 1, ended.out
        assert "no cluster can pull an image from a folder: image.vddk-9: oci:./lay:9" in ended.err
    assert site.image is None
    assert not (site.root / "lay").exists()
    site.write(parts.replace("tag: '9'", "tag: '9', clusterRepository: registry.example.com/vddk"))
    assert site.apply().code == 0
    assert site.get("forkliftcontrollers", "forklift-controller")["spec"]["vddk_image"].startswith(
        "registry.example.com/vddk@sha256:"
    )


def test_the_site_that_had_set_another_image_hears_of_it(build: Build) -> None:
    site = build.site
    site.write(f"controller: {{vddkImage: {OTHER}}}\n")
    assert site.apply().code == 0
    done = build.run()
    assert done.code == 0, done.out + done.err
    assert site.image == f"{build.registry.host}/{build.repository}@{build.digest}"
    drift = site.run("drift")
    assert drift.code == 3
    assert "vddk_image" in drift.out
