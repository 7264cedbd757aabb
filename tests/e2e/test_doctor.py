"""What the doctor says of archives, registries, bases, engines and disks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Vddkctl
from tests.support.fault_proxy import faults
from tests.support.faults import ALWAYS, MANIFESTS, Stall
from tests.support.registries import PASSWORD, READER, USERNAME
from tests.support.registry_sites import RegistrySite, make_registry_site
from tests.support.running_registry import RunningRegistry
from tests.support.witnesses import Skopeo


def statuses(site: RegistrySite, *words: str, **environment: str) -> dict[str, tuple[str, str]]:
    done = site.run("doctor", "--output", "json", *words, **environment)
    found = {
        f"{c['group']} {site.plain(c['name'])}": (c["status"], c["detail"])
        for c in json.loads(done.out)["checks"]
    }
    assert done.code == (1 if any(status == "fail" for status, _ in found.values()) else 0), done.err
    return found


@pytest.fixture
def site(
    tmp_path: Path, password_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> RegistrySite:
    return make_registry_site(
        tmp_path / "site", password_registry, repository, vddkctl, skopeo, policy="deny"
    )


def test_a_site_that_is_well(site: RegistrySite) -> None:
    before = site.registry.tags(f"{site.repository}/vddk")
    found = statuses(site)
    assert found["registry registry:5000/test/vddk"][0] == "pass"
    assert found["registry registry:5000/test/vddk, push"] == (
        "pass",
        "an upload could be begun; it was cancelled",
    )
    assert found["registry registry:5000/test/vddk, public"] == ("pass", "nobody can pull without a login")
    assert found["base registry:5000/test/base:small"][0] == "warn"
    assert found["archive vddk-8"][0] == "warn"
    assert found["cluster manifests"][0] == "pass"
    assert site.registry.tags(f"{site.repository}/vddk") == before


def test_a_wrong_password(site: RegistrySite) -> None:
    found = statuses(site, REGISTRY_AUTH_FILE=str(site.root / "none.json"))
    assert found["registry registry:5000/test/vddk"][0] == "fail"
    assert PASSWORD not in str(found)


def test_who_may_only_pull_hears_it(
    tmp_path: Path, token_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> None:
    site = make_registry_site(tmp_path / "site", token_registry, repository, vddkctl, skopeo)
    auth = json.loads((site.root / "auth.json").read_text())
    import base64

    auth["auths"][site.host]["auth"] = base64.b64encode(f"{READER}:{PASSWORD}".encode()).decode()
    (site.root / "reader.json").write_text(json.dumps(auth))
    found = statuses(site, REGISTRY_AUTH_FILE=str(site.root / "reader.json"))
    assert found["registry registry:5000/test/vddk"][0] == "pass"
    assert found["registry registry:5000/test/vddk, push"][0] == "fail"
    assert USERNAME not in str(found)


def test_a_public_repository_by_the_policy(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> None:
    for policy, status in (("deny", "fail"), ("warn", "warn"), ("allow", "pass")):
        site = make_registry_site(
            tmp_path / policy, plain_registry, repository, vddkctl, skopeo, policy=policy
        )
        assert statuses(site)["registry registry:5000/test/vddk, public"][0] == status


def test_a_registry_that_says_nothing_keeps_nobody_waiting_and_hides_nothing(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> None:
    site = make_registry_site(tmp_path / "site", plain_registry, repository, vddkctl, skopeo)
    with faults(plain_registry, Stall("HEAD", MANIFESTS, times=ALWAYS)) as proxy:
        text = site.disk.spec.read_text().replace(
            f"{site.host}/{repository}/vddk", f"{proxy.host}/{repository}/vddk"
        )
        site.disk.spec.write_text(text)
        found = statuses(site, VDDKCTL_REGISTRY_TIMEOUT="0.5")
    bad = [name for name, (status, _) in found.items() if status == "fail"]
    assert len(bad) == 1, found
    assert bad[0].startswith("registry ")
    assert found["base registry:5000/test/base:small"][0] == "warn"


def test_an_archive_that_is_not_there_or_not_the_declared_one(site: RegistrySite) -> None:
    site.change("archive: {path: ./eight.tar.gz}", f"archive: {{path: ./eight.tar.gz, sha256: '{'0' * 64}'}}")
    assert statuses(site)["archive vddk-8"][0] == "fail"
    site.disk.root.joinpath("eight.tar.gz").unlink()
    assert statuses(site)["archive vddk-8"][0] == "warn"


def test_an_engine_is_needed_only_where_the_spec_asks_for_one(site: RegistrySite, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert statuses(site, PATH=str(tmp_path / "empty"))["engines podman"][0] == "skip"
    site.change("    base: ", "    builder: podman\n    base: ")
    assert statuses(site, PATH=str(tmp_path / "empty"))["engines podman"] == ("fail", "not on the path")


def test_without_a_spec(vddkctl: Vddkctl, site: RegistrySite, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    done = vddkctl("doctor", "--tar", site.root / "eight.tar.gz", cwd=tmp_path / "nothing")
    assert done.code == 0, done.out
    assert "there is no kubeconfig, and no spec" in done.out
    assert "VDDK 8.0.1, x86_64" in done.out
    bad = vddkctl("doctor", "--registry", f"{site.host}/x/vddk", cwd=tmp_path / "nothing")
    assert bad.code == 1


def test_a_temporary_folder_that_cannot_be_written_to(site: RegistrySite) -> None:
    site.change("    base: ", "    builder: podman\n    buildDir: /proc/self\n    base: ")
    found = statuses(site)
    assert found["disk buildDir /proc/self"][0] == "fail"
