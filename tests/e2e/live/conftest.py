from pathlib import Path

import pytest

from tests.support.apiserver_fixtures import apiserver, namespace
from tests.support.live_sites import LiveSite, make_live_site
from tests.support.running_apiserver import RunningApiServer

__all__ = ["apiserver", "namespace"]


@pytest.fixture
def site(apiserver: RunningApiServer, namespace: str, tmp_path: Path) -> LiveSite:
    """Nothing was applied to it yet."""
    return make_live_site(apiserver, namespace, tmp_path)


@pytest.fixture
def applied(site: LiveSite) -> LiveSite:
    """Applied once."""
    ended = site.apply()
    assert ended.code == 0, ended.err
    return site
