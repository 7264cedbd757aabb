"""A run that is killed, at any step: the next one finishes, and nothing is lost."""

from __future__ import annotations

import pytest

from tests.support.killing import killed
from tests.support.live_sites import IMAGE, LiveSite


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 8))
def test_a_run_that_is_killed_is_finished_by_the_next(site: LiveSite, number: int, when: str) -> None:
    killed(site, number, when, "apply", "--auto-approve")
    drift = site.run("drift")
    if "nothing was applied yet" in drift.err:  # it was killed before it wrote what it was about to do
        assert (drift.code, site.settings("prod")) == (1, {"sdkEndpoint": "vcenter"})
    else:
        assert drift.code == 0, "a run that was killed is nobody else"
    ended = site.apply()
    assert ended.code == 0, ended.err
    assert site.image == IMAGE
    assert site.settings("edge-berlin")["useVddkAioOptimization"] == "true"
    assert site.changing() == []
    site.write("providers: {}\n")
    assert site.apply().code == 0
    assert "vddk_image" not in site.get("forkliftcontrollers", "forklift-controller")["spec"]
    assert site.settings("prod") == {"sdkEndpoint": "vcenter"}
