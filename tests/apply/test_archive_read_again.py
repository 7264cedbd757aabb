"""What was remembered of an archive, and is wrong, although the file looks the same."""

from __future__ import annotations

from tests.support.sites import SiteOnDisk
from vddkctl.build.archive.identity import identify
from vddkctl.build.cache import Cache
from vddkctl.places import Places

EIGHT = "image.vddk-8"


def test_a_push_that_fails_lets_the_archive_be_read_again(site: SiteOnDisk) -> None:
    archive, cache = site.root / "eight.tar.gz", Cache(Places(site.root).cache)
    site.plan()
    facts = cache.facts.get(identify(archive))
    assert facts
    data = bytearray(archive.read_bytes())
    data[4] ^= 1  # gzip's own time
    archive.write_bytes(data)
    cache.facts.put(identify(archive), facts)  # as where nothing but the bytes shows that they changed

    first = {step.address: step for step in site.apply().steps}
    assert "no longer what they were" in (first[EIGHT].error or "")
    assert cache.facts.get(identify(archive)) is None
    assert site.apply().exit_code == 0
