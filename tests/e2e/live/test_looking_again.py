"""Who looks a second time sees what was changed since, from whichever memory the server answers."""

from __future__ import annotations

import pytest

from tests.support.live_sites import MERGE, LiveSite
from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.connection import connect
from vddkctl.cluster.live.kinds import PROVIDERS
from vddkctl.cluster.live.listing import listed, listed_again, newest
from vddkctl.cluster.live.raw import RawObject


@pytest.fixture
def api(site: LiveSite) -> Api:
    """The way to the site's server."""
    return Api(
        connect(None, {"KUBECONFIG": str(site.server.kubeconfig()), "HOME": str(site.root)}), timeout=10.0
    )


def versions(found: list[RawObject]) -> dict[str, str]:
    return {item.metadata.name: item.metadata.resource_version for item in found}


def test_what_was_changed_and_deleted_since_is_seen(site: LiveSite, api: Api) -> None:
    first = list(listed(api, PROVIDERS, site.namespace, RawObject))
    seen = newest(versions(first).values())
    assert versions(list(listed_again(api, PROVIDERS, site.namespace, RawObject, seen))) == versions(first)
    path = site.path("providers", "prod")
    code, changed = site.server.request("PATCH", path, {"spec": {"url": "https://new/sdk"}}, kind=MERGE)
    assert code == 200
    seen = changed["metadata"]["resourceVersion"]
    second = list(listed_again(api, PROVIDERS, site.namespace, RawObject, seen))
    assert versions(second)["prod"] == seen
    assert newest(versions(second).values()) == seen


def test_a_server_that_has_not_heard_of_a_version_yet_reads_all_of_it(site: LiveSite, api: Api) -> None:
    first = versions(list(listed(api, PROVIDERS, site.namespace, RawObject)))
    future = str(int(newest(first.values()) or 0) + 1_000_000)
    assert versions(list(listed_again(api, PROVIDERS, site.namespace, RawObject, future))) == first


@pytest.mark.parametrize(
    ("found", "latest"), [([], None), (["9", "10"], "10"), (["9", "a1"], None), (["9", ""], None)]
)
def test_versions_of_a_server_that_has_no_numbers_are_not_compared(
    found: list[str], latest: str | None
) -> None:
    assert newest(found) == latest
