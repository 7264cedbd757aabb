"""Sites on disk, before and after the first apply."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sites import SiteOnDisk, make_site


@pytest.fixture
def site(tmp_path: Path) -> SiteOnDisk:
    """A site to which nothing was applied yet."""
    return make_site(tmp_path / "site")


@pytest.fixture
def applied(site: SiteOnDisk) -> SiteOnDisk:
    """A site whose spec was applied."""
    assert site.apply().exit_code == 0
    return site
