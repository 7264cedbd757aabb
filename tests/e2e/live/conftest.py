from pathlib import Path

import pytest

from tests.support.apiserver_fixtures import apiserver, namespace
from tests.support.imaged_sites import ONE, TWO, ImagedSite, make_imaged_site
from tests.support.live_sites import LiveSite, make_live_site
from tests.support.running_apiserver import RunningApiServer
from tests.support.running_registry import RunningRegistry

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


@pytest.fixture
def imaged(site: LiveSite, plain_registry: RunningRegistry, repository: str) -> ImagedSite:
    """A site with an image in a registry, applied once: ``prod`` has buffers, and the image is pushed."""
    made = make_imaged_site(site, plain_registry, repository)
    made.write(ONE)
    made.apply()
    return made


@pytest.fixture
def twice(imaged: ImagedSite) -> ImagedSite:
    """Applied again, with another image under the same tag, and with more of everything managed."""
    imaged.write(TWO, archive="seven")
    imaged.apply("--take", "*")
    return imaged
