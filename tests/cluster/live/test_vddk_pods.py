"""Which pods bring VDDK, which of their containers use it, and whose they are."""

from __future__ import annotations

import pytest

from vddkctl.cluster.live.raw_pods import (
    Claim,
    Container,
    ContainerState,
    ContainerStatus,
    Mount,
    OwnedMetadata,
    Owner,
    PodSpec,
    PodStatus,
    RawPod,
    Variable,
    Why,
)
from vddkctl.cluster.live.vddk_pods import Owners, brings_vddk, vddk_pod
from vddkctl.plan.observed import ObjectKey
from vddkctl.plan.workload import PlanOf

PROD, TEST = ObjectKey("Provider", "openshift-mtv", "prod"), ObjectKey("Provider", "openshift-mtv", "test")
WAVE = PlanOf("openshift-mtv", "wave-1", "uid-1", PROD, "vms")
SHARED = (Mount("vddk-vol-mount"),)
SIDE_CAR = Container("vddk-side-car", "r/vddk:8", volume_mounts=SHARED)


def pod(
    *init: Container,
    uses: tuple[Container, ...] = (Container("main"),),
    labels: dict[str, str] | None = None,
    owners: tuple[Owner, ...] = (),
    status: PodStatus | None = None,
) -> RawPod:
    metadata = OwnedMetadata("p", "vms", "u", labels or {}, owners)
    return RawPod(metadata, PodSpec(init, uses), status or PodStatus())


@pytest.mark.parametrize(
    ("container", "brings"),
    [
        (Container("vddk-side-car", "any"), True),
        (Container("init", "r/vddk:8"), True),
        (Container("init", "r/other"), False),
    ],
)
def test_a_pod_brings_vddk_by_a_name_or_an_image(container: Container, brings: bool) -> None:
    assert brings_vddk(pod(container), {"r/vddk:8"}) is brings


def test_the_containers_that_share_its_volume_use_it_and_all_do_where_none_shares() -> None:
    worker, proxy = Container("worker", volume_mounts=SHARED), Container("proxy")
    owners = Owners((WAVE,), {})
    found = vddk_pod(pod(SIDE_CAR, uses=(proxy, worker)), (), owners)
    assert [each.name for each in found.containers] == ["vddk-side-car", "worker"]
    found = vddk_pod(pod(Container("vddk"), uses=(proxy, worker)), (), owners)
    assert [each.name for each in found.containers] == ["vddk", "proxy", "worker"]


def test_a_validation_job_is_its_plans_unless_two_plans_could_have_it() -> None:
    owner = (Owner("Job", "vddk-validator-wave-1x7k9p"),)
    assert Owners((WAVE,), {}).plan(pod(SIDE_CAR, owners=owner)) == WAVE
    twin = PlanOf("elsewhere", "wave-1", "uid-2", TEST, "vms")
    assert Owners((WAVE, twin), {}).plan(pod(SIDE_CAR, owners=owner)) is None
    longer = PlanOf("openshift-mtv", "wave-1x7k9p", "uid-3", TEST, "vms")
    assert Owners((longer,), {}).plan(pod(SIDE_CAR, owners=owner)) is None


def test_a_validation_job_of_a_long_name_is_its_plans() -> None:
    plan = PlanOf("openshift-mtv", "w" * 60, "uid-1", PROD, "vms")
    job = f"vddk-validator-{'w' * 60}"[:58] + "abcde"
    assert Owners((plan,), {}).plan(pod(SIDE_CAR, owners=(Owner("Job", job),))) == plan


def test_an_importer_is_its_claims_and_claims_in_a_circle_end() -> None:
    owner = (Owner("PersistentVolumeClaim", "prime"),)
    above = Claim(OwnedMetadata("prime", "vms", owner_references=(Owner("PersistentVolumeClaim", "disk"),)))
    disk = Claim(OwnedMetadata("disk", "vms", labels={"plan": "uid-1"}))
    claims = {("vms", "prime"): above, ("vms", "disk"): disk}
    assert Owners((WAVE,), {}, claims).plan(pod(SIDE_CAR, owners=owner)) == WAVE
    circle = Claim(OwnedMetadata("disk", "vms", owner_references=(Owner("PersistentVolumeClaim", "prime"),)))
    assert Owners((WAVE,), {}, {**claims, ("vms", "disk"): circle}).plan(pod(SIDE_CAR, owners=owner)) is None


def test_an_importer_without_a_claim_is_the_providers_that_it_reads_from() -> None:
    urls = {PROD: "https://vc/sdk"}
    importer = Container("importer", env=(Variable("IMPORTER_ENDPOINT", "https://vc/sdk"),))
    assert Owners((), urls).provider(pod(SIDE_CAR, uses=(importer,))) == PROD
    assert Owners((), {**urls, TEST: urls[PROD]}).provider(pod(SIDE_CAR, uses=(importer,))) is None


def test_an_init_container_that_failed_is_the_trouble_and_the_others_have_no_log() -> None:
    failed = ContainerState(terminated=Why("OOMKilled", "", 137))
    status = PodStatus("Failed", (ContainerStatus("vddk-side-car", failed),), (ContainerStatus("main"),))
    found = vddk_pod(pod(SIDE_CAR, status=status), (), Owners((), {}))
    assert found.trouble
    assert (found.trouble.trouble, found.trouble.message) == ("OOMKilled", "exit code 137")
    assert [each.begun for each in found.containers] == [True, False]
    assert found.over
