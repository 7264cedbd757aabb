"""Two applies at once: a Lease keeps them apart, and goes with its holder."""

import pytest

from tests.support.live_sites import IMAGE, LiveSite

LEASES = "/apis/coordination.k8s.io/v1"


def lease(site: LiveSite, holder: str, renewed: str, seconds: int = 60) -> None:
    body = {
        "metadata": {"name": f"vddkctl-{site.namespace}"},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": seconds, "renewTime": renewed},
    }
    site.server.create(site.path("leases", group=LEASES), body)


def test_a_lease_that_somebody_holds_stops_a_run_and_names_them(site: LiveSite) -> None:
    lease(site, "ci@runner since 2026-11-20T10:00:00Z [0a1b2c3d]", "2999-01-01T00:00:00.000000Z")
    ended = site.apply()
    assert (ended.code, site.image) == (1, None)
    assert "another run is at work on this site: ci@runner since 2026-11-20T10:00:00Z\n" in ended.err
    assert f"lease {site.namespace}/vddkctl-{site.namespace}" in ended.err


@pytest.mark.parametrize("holder", ["ci@runner [0a1b2c3d]", ""])
def test_a_lease_that_is_over_or_given_back_is_taken(site: LiveSite, holder: str) -> None:
    lease(site, holder, "2026-11-20T10:00:00.000000Z")
    assert site.apply().code == 0
    found = site.get("leases", f"vddkctl-{site.namespace}", group=LEASES)["spec"]
    assert (found.get("holderIdentity", ""), found["leaseTransitions"]) == ("", 1)


def test_of_two_runs_at_once_one_does_it_and_no_harm_is_done(site: LiveSite) -> None:
    runs = [site.start("apply", "--auto-approve") for _ in range(3)]
    ended = [(run.communicate(timeout=60), run.returncode) for run in runs]
    codes = sorted(code for _, code in ended)
    assert codes[0] == 0
    for (_, error), code in ended:
        assert code == 0 or "another run is at work" in error, error
    assert site.image == IMAGE
    assert site.changing() == []


def test_looking_needs_no_lock(applied: LiveSite) -> None:
    applied.server.request("DELETE", applied.path("leases", f"vddkctl-{applied.namespace}", group=LEASES))
    lease(applied, "somebody", "2999-01-01T00:00:00.000000Z")
    assert applied.run("plan").code == 0
    assert applied.run("drift").code == 0
