"""Objects that change, or go, between the look and the write."""

from __future__ import annotations

from tests.support.live_sites import IMAGE, OTHER, LiveSite
from vddkctl.cluster.base import FieldEdit, ObjectChange, Wanted
from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.cluster import KubernetesCluster
from vddkctl.cluster.live.connection import connect
from vddkctl.errors import ClusterError
from vddkctl.plan.observed import LiveObject

AIO = ("spec", "settings", "useVddkAioOptimization")


def cluster(site: LiveSite) -> KubernetesCluster:
    environment = {"KUBECONFIG": str(site.server.kubeconfig()), "HOME": str(site.root)}
    return KubernetesCluster(Api(connect(None, environment)), site.namespace, site.namespace)


def provider(place: KubernetesCluster, site: LiveSite, name: str) -> LiveObject:
    found = place.observe(Wanted()).providers
    return next(item for item in found if (item.key.namespace, item.key.name) == (site.namespace, name))


def written(
    place: KubernetesCluster, live: LiveObject, *edits: FieldEdit, take: bool = False
) -> Exception | None:
    before = tuple(None for _ in edits)
    change = ObjectChange(live.key, edits, live.resource_version, before=before, take=take, live=live)
    [outcome] = place.write([change])
    return outcome.error


def test_an_object_that_is_gone_is_not_made_anew(site: LiveSite) -> None:
    place = cluster(site)
    [controller] = [c for c in place.observe(Wanted()).controllers if c.key.namespace == site.namespace]
    site.server.request("DELETE", site.path("forkliftcontrollers", "forklift-controller"))
    for take in (False, True):
        error = written(place, controller, FieldEdit(("spec", "vddk_image"), IMAGE), take=take)
        assert isinstance(error, ClusterError)
        assert "it is gone" in str(error)
    assert site.server.request("GET", site.path("forkliftcontrollers", "forklift-controller"))[0] == 404


def test_another_object_of_the_same_name_is_not_mistaken_for_it(site: LiveSite) -> None:
    place = cluster(site)
    old = provider(place, site, "prod")
    site.server.request("DELETE", site.path("providers", "prod"))
    site.provider("prod", useVddkAioOptimization="false")
    for take in (False, True):
        assert written(place, old, FieldEdit(AIO, "true"), take=take) is not None
    assert site.settings("prod")["useVddkAioOptimization"] == "false"


def test_what_moves_elsewhere_in_the_object_is_no_matter(site: LiveSite) -> None:
    place = cluster(site)
    for take in (False, True):
        live = provider(place, site, "plain")
        site.patch("providers", "plain", {"spec": {"settings": {"esxiCloneMethod": f"m{take}"}}})
        value = str(take).lower()
        live_now = {**live.spec.get("settings", {})}
        change = ObjectChange(
            live.key,
            (FieldEdit(AIO, value),),
            live.resource_version,
            before=(live_now.get(AIO[-1]),),
            take=take,
            live=live,
        )
        [outcome] = place.write([change])
        assert outcome.error is None
        assert site.settings("plain")["useVddkAioOptimization"] == value


def test_a_field_that_is_changed_meanwhile_is_not_overwritten_not_even_by_taking(site: LiveSite) -> None:
    place = cluster(site)
    live = provider(place, site, "plain")
    site.patch("providers", "plain", {"spec": {"settings": {"vddkInitImage": OTHER}}})
    error = written(place, live, FieldEdit(("spec", "settings", "vddkInitImage"), IMAGE), take=True)
    assert "was changed since the plan was made" in str(error)
    assert site.settings("plain")["vddkInitImage"] == OTHER


def test_the_last_setting_of_a_provider_is_given_back(site: LiveSite) -> None:
    spec = {"type": "vsphere", "url": "https://x/sdk", "secret": {"name": "s", "namespace": site.namespace}}
    site.create("Provider", "providers", "bare", spec)
    site.write("providers:\n  bare: {aio: true, buffers: small}\n")
    assert site.apply().code == 0
    site.write("providers: {}\n")
    ended = site.apply()
    assert ended.code == 0, ended.out + ended.err
    assert site.settings("bare") == {}
    assert site.changing() == []
