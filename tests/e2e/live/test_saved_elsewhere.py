"""Saved plans are for one cluster and its objects, not for others that are called the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.apiservers import serve
from tests.support.live_sites import IMAGE, LiveSite, make_live_site


def saved(site: LiveSite) -> None:
    """Save a plan as ``saved``."""
    ended = site.run("plan", "-o", "saved")
    assert ended.code == 0, ended.err


def test_another_cluster_whose_context_has_the_same_name(
    site: LiveSite, tmp_path_factory: pytest.TempPathFactory
) -> None:
    saved(site)
    with serve(tmp_path_factory.mktemp("other")) as server:
        status, _ = server.request("POST", "/api/v1/namespaces", {"metadata": {"name": site.namespace}})
        assert status == 201
        other = make_live_site(server, site.namespace, tmp_path_factory.mktemp("site"))
        there = replace(site, server=server)
        ended = there.run("apply", "saved", "--no-wait")
        assert ended.code == 1, ended.err
        assert "context tests leads to another one, or Forklift was installed anew" in ended.err
        assert "deleted" not in ended.err
        assert other.image is None
        assert "useVddkAioOptimization" not in other.settings("prod")
    assert site.run("apply", "saved", "--no-wait").code == 0
    assert site.image == IMAGE


def test_a_provider_that_was_deleted_and_made_anew(site: LiveSite) -> None:
    saved(site)
    assert site.server.request("DELETE", site.path("providers", "prod"))[0] == 200
    site.provider("prod")
    ended = site.run("apply", "saved", "--no-wait")
    assert (ended.code, site.image) == (1, None)
    assert f"provider.{site.namespace}/prod: it was deleted, and made anew" in " ".join(ended.err.split())
    assert site.apply("--no-wait").code == 0
