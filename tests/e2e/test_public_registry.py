"""The licence guard: VMware's terms forbid public images, and whether one is public is tried, for real."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

import vddkctl.exposure
from tests.conftest import Vddkctl
from tests.support.fault_proxy import faults
from tests.support.faults import ALWAYS, Answer, Stall
from tests.support.registry_sites import RegistrySite, make_registry_site
from tests.support.running_registry import RunningRegistry
from tests.support.sites import CONTROLLER, EIGHT, PROD, make_site
from tests.support.witnesses import Skopeo
from vddkctl.errors import RegistryError, UnreachableError
from vddkctl.exposure import exposure, pulled_exposures
from vddkctl.oci.reference import parse
from vddkctl.places import Places
from vddkctl.plan.exposed import Exposure
from vddkctl.site.model import RegistrySettings


@pytest.fixture
def open_site(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> RegistrySite:
    """A site in a registry that lets everybody in."""
    return make_registry_site(tmp_path / "site", plain_registry, repository, vddkctl, skopeo, policy="deny")


@pytest.fixture
def private_site(
    tmp_path: Path, token_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> RegistrySite:
    """A site in a registry that gives its tokens to whom it knows."""
    return make_registry_site(tmp_path / "site", token_registry, repository, vddkctl, skopeo, policy="deny")


@contextmanager
def public(site: RegistrySite) -> Iterator[None]:
    """Somebody makes the repository public, for a while."""
    assert site.registry.issuer
    with site.registry.issuer.behaving(public=(f"{site.repository}/*",)):
        yield


def open_to_anyone(site: RegistrySite) -> str:
    return f"anyone can pull {site.host}/{site.repository}/vddk without a login"


def test_a_public_registry_is_refused_before_anything_is_written(open_site: RegistrySite) -> None:
    site, before = open_site, open_site.disk.tree()
    warning = site.warnings()["public-registry"]
    assert warning.startswith(
        f"{open_to_anyone(site)}; VDDK's licence forbids that, and apply will refuse: make the"
    )
    done = site.run("apply", "--auto-approve")
    assert done.code == 1
    assert done.err == (
        "Error: nothing was written, since VDDK's licence forbids public images: "
        f"{EIGHT}: {open_to_anyone(site)}\n"
        f"  make the repository private; if only your own network can reach {site.host}, "
        "set policy.publicRegistry: warn (or allow)\n"
    )
    assert {name: data for name, data in site.disk.tree().items() if ".vddkctl" not in name} == before
    assert not list((site.root / "gitops" / ".vddkctl").glob("*.record"))
    assert site.registry.layers(f"{site.repository}/vddk") == set()


def test_a_saved_plan_is_refused_as_well(open_site: RegistrySite) -> None:
    assert open_site.run("plan", "-o", "plan.json").code == 0
    done = open_site.run("apply", "plan.json")
    assert done.code == 1
    assert open_to_anyone(open_site) in done.err
    assert open_site.digest is None


def test_a_public_registry_is_warned_about(open_site: RegistrySite) -> None:
    open_site.change("publicRegistry: deny", "publicRegistry: warn")
    site = open_site
    assert site.warnings()["public-registry"] == (
        f"{open_to_anyone(site)}; VDDK's licence forbids that (policy.publicRegistry is warn)"
    )
    done = site.run("apply", "--auto-approve", "--output", "json")
    assert done.code == 0
    ends = {each["address"]: each["warning"] for each in json.loads(done.out)["results"]}
    assert ends == {
        EIGHT: f"{open_to_anyone(site)}; VDDK's licence forbids that",
        CONTROLLER: None,
        PROD: None,
    }
    drift = site.run("drift")
    assert (drift.code, drift.out) == (0, "No drift.\n")
    assert drift.err == f"{EIGHT}: {open_to_anyone(site)}; VDDK's licence forbids that.\n"


def test_what_is_allowed_is_not_tried(
    tmp_path: Path, password_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> None:
    with faults(password_registry) as proxy:
        site = make_registry_site(
            *(tmp_path / "site", password_registry, repository, vddkctl, skopeo),
            policy="allow",
            host=proxy.host,
        )
        assert "public-registry" not in site.warnings()
        site.apply()
        assert site.run("drift").code == 0
        assert proxy.count(path="/tags/list") == 0


def test_a_registry_that_knows_its_users_is_private(private_site: RegistrySite) -> None:
    assert "public-registry" not in private_site.warnings()
    private_site.apply()
    assert private_site.run("drift").out == "No drift.\n"


def test_an_image_that_is_made_public_is_drift(private_site: RegistrySite) -> None:
    site = private_site
    site.apply()
    with public(site):
        done = site.run("drift")
        assert done.code == 3
        assert done.out == (
            f"  ! {EIGHT}\n      {open_to_anyone(site)}\n      VDDK's licence forbids that: make the repository private; "
            f"if only your own network can reach {site.host}, set policy.publicRegistry: warn (or allow)\n"
            "\nDrift: 1 image public.\n"
        )
        data = json.loads(site.run("drift", "--output", "json").out)
        assert data["exposed"] == [
            {
                "address": EIGHT,
                "kind": "anonymous-pull",
                "repository": f"{site.host}/{site.repository}/vddk",
                "message": open_to_anyone(site),
            }
        ]
        assert {name: count for name, count in data["summary"].items() if count} == {"exposed": 1}
        assert site.run("drift", "--target", "provider.*").code == 0
        # A plan without changes stays cheap, one that makes settings name the image does not.
        assert "public-registry" not in site.warnings()
        site.disk.change("gitops/forklift.yaml", "vddk_image: ", "vddk_image: quay.io/x/y:1 # ")
        assert "public-registry" in site.warnings()
    assert site.run("drift").code == 3
    assert "exposed" not in site.run("drift").out


def test_an_image_that_is_public_once_it_is_pushed_is_named_by_nothing(
    tmp_path: Path, token_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> None:
    issuer = token_registry.issuer
    assert issuer

    def make_public() -> None:
        issuer.rules = dataclasses.replace(issuer.rules, public=(f"{repository}/*",))

    with faults(token_registry, Stall("PUT", "/manifests/8.0.1", until=make_public)) as proxy:
        site = make_registry_site(
            *(tmp_path / "site", token_registry, repository, vddkctl, skopeo), policy="deny", host=proxy.host
        )
        before = (site.root / "gitops" / "forklift.yaml").read_bytes()
        done = site.run("apply", "--auto-approve", "--output", "json")
        assert done.code == 4
        ends = {each["address"]: each for each in json.loads(done.out)["results"]}
        assert {address: end["status"] for address, end in ends.items()} == {
            EIGHT: "failed",
            CONTROLLER: "skipped",
            PROD: "done",
        }
        assert ends[EIGHT]["error"] == (
            f"it is pushed, and {open_to_anyone(site)}\n  make the repository private; if only your own network can reach "
            f"{site.host}, set policy.publicRegistry: warn (or allow); then run again"
        )
        assert (site.root / "gitops" / "forklift.yaml").read_bytes() == before
        assert site.digest

        again = site.run("apply", "--auto-approve")
        assert again.code == 1
        assert open_to_anyone(site) in again.err
        assert (site.root / "gitops" / "forklift.yaml").read_bytes() == before

        issuer.rules = dataclasses.replace(issuer.rules, public=())
        site.apply()
        assert site.run("drift").out == "No drift.\n"


def places(root: Path, registry: RunningRegistry) -> Places:
    settings = {}
    if registry.ca and registry.client:
        settings[registry.host] = RegistrySettings(
            ca_file=str(registry.ca),
            client_certificate_file=str(registry.client.certificate),
            client_key_file=str(registry.client.key),
        )
    return Places(root, {"REGISTRY_AUTH_FILE": str(root / "auth.json")}, settings)


def test_a_client_certificate_is_a_login_too(tmp_path: Path, mutual_tls_registry: RunningRegistry) -> None:
    reference = parse(f"{mutual_tls_registry.host}/vddk:1")
    assert exposure(places(tmp_path, mutual_tls_registry), reference) is None


def test_a_registry_that_is_silent_to_whom_it_does_not_know_is_not_public(tmp_path: Path) -> None:
    reference, there = parse("localhost:1/vddk:1"), Places(tmp_path, {})
    with pytest.raises(RegistryError):
        exposure(there, reference)
    known = {"localhost:1": RegistrySettings(client_certificate_file="./c.pem", client_key_file="./k.pem")}
    with pytest.raises(UnreachableError):
        exposure(replace(there, registries=known), reference)


def test_a_registry_that_fails_is_not_private_because_it_knows_certificates(
    tmp_path: Path, tls_registry: RunningRegistry, mutual_tls_registry: RunningRegistry, repository: str
) -> None:
    failing = [Answer(method, "/v2/", status=500, times=ALWAYS) for method in ("GET", "HEAD")]
    nginx = b"<title>400 No required SSL certificate was sent</title>"
    refusing = Answer("GET", "/v2/", status=400, body=nginx, times=ALWAYS)
    client = mutual_tls_registry.client
    assert client
    known = RegistrySettings(
        ca_file=str(tls_registry.ca),
        client_certificate_file=str(client.certificate),
        client_key_file=str(client.key),
    )
    with faults(tls_registry, *failing, all_happen=False) as proxy, pytest.raises(RegistryError):
        exposure(Places(tmp_path, {}, {proxy.host: known}), parse(f"{proxy.host}/{repository}:1"))
    with faults(tls_registry, refusing) as proxy:
        assert (
            exposure(Places(tmp_path, {}, {proxy.host: known}), parse(f"{proxy.host}/{repository}:1")) is None
        )


def test_a_layout_is_never_public(tmp_path: Path) -> None:
    assert exposure(Places(tmp_path), parse("oci:./images/vddk:8")) is None


@pytest.mark.parametrize(
    "name", ["public.ecr.aws/abc/vddk:8", "ttl.sh/vddk:1h", "Public.ECR.aws/abc/vddk:8", "ttl.sh:443/vddk:1h"]
)
def test_some_hosts_are_public_without_being_asked(tmp_path: Path, name: str) -> None:
    found = exposure(Places(tmp_path), parse(name))
    assert isinstance(found, Exposure)
    assert found.kind == "public-host"


def test_where_public_images_are_usual_privacy_has_to_be_proven(
    private_site: RegistrySite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, reference = private_site, parse(f"{private_site.host}/{private_site.image.name}")
    monkeypatch.setattr(vddkctl.exposure, "HOSTING", {site.host})
    found = exposure(places(site.root, site.registry), reference)
    assert found == Exposure(
        "unproven",
        reference.name,
        f"{site.host} is known for public images, and nothing proves that {reference.name} is private",
        "create it there as a private repository, put any image into it, and log in; if only your own network can "
        f"reach {site.host}, set policy.publicRegistry: warn (or allow)",
    )
    site.skopeo.copy(f"oci:{site.root}/base:small", site.image)
    assert exposure(places(site.root, site.registry), reference) is None
    assert exposure(places(site.root, site.registry), parse(reference.name)) is None
    # However the host is spelled, it is that host.
    monkeypatch.setattr(vddkctl.exposure, "_HTTPS", f":{site.host.rpartition(':')[2]}")
    monkeypatch.setattr(vddkctl.exposure, "HOSTING", {site.host.rpartition(":")[0]})
    other = parse(f"{site.host}/{site.repository}/nothing:1")
    assert (exposure(places(site.root, site.registry), other) or found).kind == "unproven"
    # Without a login nobody is turned away who is known to have one.
    nobody = Places(make_site(site.root / "other").root, {})
    assert (exposure(nobody, reference) or found).kind == "unproven"
    with public(site):
        there = exposure(places(site.root, site.registry), reference)
        assert there
        assert there.kind == "anonymous-pull"


def carried(site: RegistrySite, *lines: str) -> None:
    """The image stays in a folder, and the cluster pulls it from the registry."""
    site.change(
        f"    repository: {site.host}/{site.repository}/vddk\n",
        f"    repository: oci:./images\n    clusterRepository: {site.host}/{site.repository}/vddk\n",
    )
    site.change("images:\n", "".join(f"{line}\n" for line in lines) + "images:\n")


def test_where_the_cluster_pulls_is_tried_where_the_spec_says_how(open_site: RegistrySite) -> None:
    site = open_site
    carried(site, f"registries: {{{site.host}: {{tls: plain-http}}}}")
    site.change("publicRegistry: deny", "publicRegistry: allow")
    site.apply()
    site.skopeo.copy(f"oci:{site.root}/images:8.0.1", site.image)
    site.change("publicRegistry: allow", "publicRegistry: deny")
    drift = site.run("drift")
    assert drift.code == 3
    assert f"  ! {EIGHT}\n      {open_to_anyone(site)}\n" in drift.out
    (site.root / "gitops" / "forklift.yaml").write_text(
        (site.root / "gitops" / "forklift.yaml").read_text().replace("@sha256", ":1 # @sha256")
    )
    assert "public-registry" in site.warnings()
    for words in (("--auto-approve",), ("plan.json",)):
        site.run("plan", "-o", "plan.json")
        done = site.run("apply", *words)
        assert done.code == 1
        assert f"nothing was written, since VDDK's licence forbids public images: {EIGHT}: " in done.err


def test_where_the_cluster_pulls_need_not_be_reachable(open_site: RegistrySite) -> None:
    site = open_site
    carried(site, "registries: {localhost:1: {tls: plain-http}}")
    site.change(f"clusterRepository: {site.host}", "clusterRepository: localhost:1")
    assert "public-registry" not in site.warnings()
    site.apply()
    assert site.run("drift").out == "No drift.\n"


def test_where_the_cluster_pulls_is_not_asked_for_its_name_alone(open_site: RegistrySite) -> None:
    """Most such places are inside, and a name that does not answer would hold every run up."""
    site = open_site
    site.skopeo.copy(f"oci:{site.root}/base:small", site.image)
    reference = f"{site.host}/{site.image.name}"
    assert pulled_exposures(Places(site.root, {}), {EIGHT: reference}) == {}
    assert set(pulled_exposures(Places(site.root, {}), {EIGHT: "ttl.sh/vddk:1"})) == {EIGHT}


def test_an_image_that_was_public_once_it_was_pushed_is_tried_again_when_nothing_names_it(
    tmp_path: Path, token_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> None:
    issuer = token_registry.issuer
    assert issuer

    def make_public() -> None:
        issuer.rules = dataclasses.replace(issuer.rules, public=(f"{repository}/*",))

    with faults(token_registry, Stall("PUT", "/manifests/8.0.1", until=make_public)) as proxy:
        site = make_registry_site(
            *(tmp_path / "site", token_registry, repository, vddkctl, skopeo), policy="deny", host=proxy.host
        )
        site.change("controller: {vddkImage: vddk-8}\n", "")
        assert site.run("apply", "--auto-approve").code == 4
        for _ in range(2):
            again = site.run("apply", "--auto-approve")
            assert again.code == 1
            assert open_to_anyone(site) in again.err
        issuer.rules = dataclasses.replace(issuer.rules, public=())
        site.apply()
        assert site.disk.record["intended"] == {}
