"""A spec written from what there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Vddkctl
from tests.support.sites import SiteOnDisk
from vddkctl.cluster.base import Wanted
from vddkctl.places import Places
from vddkctl.plan.importing import imported
from vddkctl.plan.make import make_plan
from vddkctl.plan.observed import ClusterState, LiveObject, ObjectKey, Observed
from vddkctl.site.load import load

NO_CHANGES = "No changes: "


def test_a_folder_is_imported_and_planning_it_shows_no_changes(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    done = vddkctl(
        "import", "--manifests", "gitops", "-o", "imported.yaml", "--name", "copy", cwd=applied.root
    )
    assert done.code == 0, done.err
    text = (applied.root / "imported.yaml").read_text()
    assert "# yaml-language-server: $schema=./site.schema.json\n" in text
    assert "  manifests: ./gitops\n" in text or '  manifests: "./gitops"\n' in text
    assert "    buffers: small\n" in text
    planned = vddkctl("plan", "-f", "imported.yaml", "--detailed-exitcode", cwd=applied.root)
    assert planned.code == 0, planned.out
    assert NO_CHANGES in planned.out


def test_what_a_spec_cannot_say_is_left_out_and_told(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    site.change("gitops/prod.yaml", "    sdkEndpoint: vcenter\n", '    useVddkAioOptimization: "yes"\n')
    done = vddkctl("import", "--manifests", "gitops", cwd=site.root)
    assert done.code == 0
    assert '# useVddkAioOptimization is "yes", which Forklift takes for false' in done.out
    assert 'Left out: provider.openshift-mtv/prod: useVddkAioOptimization is "yes"' in done.err


def test_it_never_writes_over_a_file_unasked(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    kept = site.spec.read_bytes()
    done = vddkctl("import", "--manifests", "gitops", "-o", "site.yaml", cwd=site.root)
    assert done.code == 1
    assert "there is a file already" in done.err
    assert site.spec.read_bytes() == kept
    assert vddkctl("import", "--manifests", "gitops", "-o", "site.yaml", "--force", cwd=site.root).code == 0
    assert site.spec.read_bytes() != kept


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--manifests", "nowhere"), 1, "there is no such folder"),
        (("--manifests", "gitops", "--context", "a"), 64, "two places"),
        ((), 1, "there is no kubeconfig"),
        (("--manifests", "gitops", "-o", "no/such/folder.yaml"), 1, "cannot be written"),
    ],
)
def test_bad_words(vddkctl: Vddkctl, site: SiteOnDisk, words: tuple[str, ...], code: int, says: str) -> None:
    done = vddkctl("import", *words, cwd=site.root)
    assert done.code == code
    assert says in done.err


def test_a_folder_elsewhere_is_named_from_where_the_spec_is(
    vddkctl: Vddkctl, site: SiteOnDisk, tmp_path: Path
) -> None:
    (tmp_path / "specs").mkdir()
    folder = site.gitops
    done = vddkctl("import", "--manifests", folder, "-o", tmp_path / "specs" / "s.yaml", cwd=tmp_path)
    assert done.code == 0, done.err
    assert vddkctl("plan", "-f", tmp_path / "specs" / "s.yaml", "--detailed-exitcode", cwd=tmp_path).code == 0


_images = st.sampled_from(
    ["", "quay.io/a/vddk:8", f"h.example/v@sha256:{'a' * 64}", "inherit", "null", "no image", "a\nb", 7]
)
_texts = st.sampled_from(
    [
        "",
        "|\nVixDiskLib.nfcAio.Session.BufSizeIn64K=1\n",
        "vixDiskLib.nfcAio.Session.BufSizeIn64KB = 64\nVixDiskLib.nfcAio.Session.BufCount=4\nx=1",
        "VixDiskLib.nfcAio.Session.BufCount=4\nVixDiskLib.nfcAio.Session.BufCount=5",
        "VixDiskLib.nfcAio.Session.BufSizeIn64KB=999999999",
        "x=1",
        ["list"],
    ]
)  # fmt: skip
_aio = st.sampled_from(["", "true", "0", "T", "yes", True])
_names = st.sampled_from(["a", "123", "edge-1", "null", "yes"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    controller=_images,
    providers=st.dictionaries(
        st.tuples(st.sampled_from(["mtv", "other"]), _names),
        st.fixed_dictionaries({}, optional={"vddkInitImage": _images, "useVddkAioOptimization": _aio, "vddkConfig": _texts}),
    ),
)  # fmt: skip
def test_whatever_there_is_planning_it_shows_no_changes(
    controller: object, providers: dict[tuple[str, str], dict[str, object]]
) -> None:
    from vddkctl.cli.import_ import _settled

    key = ObjectKey("ForkliftController", "mtv", "forklift-controller")
    state = ClusterState(
        "mtv",
        (LiveObject(key, {"vddk_image": controller}, "1"),),
        tuple(
            LiveObject(ObjectKey("Provider", *name), {"type": "vsphere", "settings": values}, "1")
            for name, values in providers.items()
        ),
    )
    observed = Observed(state, {}, cluster_name="x")
    found = _settled(observed, "s", {"manifests": "./x", "namespace": "mtv"})
    assert not make_plan(load(found.text, "s"), observed).changes


def test_nothing_at_all_is_a_spec_as_well(tmp_path: Path) -> None:
    (tmp_path / "gitops").mkdir()
    (tmp_path / "gitops" / "c.yaml").write_text(
        "apiVersion: forklift.konveyor.io/v1beta1\nkind: ForkliftController\n"
        "metadata: {name: f, namespace: mtv}\nspec: {}\n"
    )
    state = Places(tmp_path).cluster("gitops").observe(Wanted())
    found = imported(state, "s", {"manifests": "gitops"})
    assert load(found.text, "s").site.providers == {}
    assert found.left == ()
