"""A spec written from what there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Completed, Vddkctl
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
        (("--manifests", "nowhere"), 1, "there is no such folder\n  --manifests names the folder"),
        (("--manifests", "gitops", "--context", "a"), 64, "two places"),
        ((), 1, "or name a folder of manifests: --manifests FOLDER"),
        (("--manifests", "gitops", "-o", "no/such/folder.yaml"), 1, "cannot be written"),
    ],
)
def test_bad_words(vddkctl: Vddkctl, site: SiteOnDisk, words: tuple[str, ...], code: int, says: str) -> None:
    done = vddkctl("import", *words, cwd=site.root)
    assert done.code == code
    assert says in done.err


def forklift(namespace: str, name: str = "forklift-controller", spec: str = "{}") -> str:
    return (
        "---\napiVersion: forklift.konveyor.io/v1beta1\nkind: ForkliftController\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
    )


def provider(name: str, namespace: str, settings: str = "{}") -> str:
    return (
        "---\napiVersion: forklift.konveyor.io/v1beta1\nkind: Provider\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\n"
        f"spec: {{type: vsphere, settings: {settings}}}\n"
    )


def imported_folder(vddkctl: Vddkctl, root: Path, manifests: str, *words: str) -> Completed:
    (root / "gitops").mkdir(exist_ok=True)
    (root / "gitops" / "all.yaml").write_text(manifests)
    return vddkctl("import", "--manifests", "gitops", *words, cwd=root)


def test_of_two_forklifts_one_has_to_be_named(vddkctl: Vddkctl, tmp_path: Path) -> None:
    image = "{vddk_image: 'r.example.com/v:8'}"
    both = forklift("mtv", spec=image) + forklift("other", spec=image) + provider("prod", "mtv")
    done = imported_folder(vddkctl, tmp_path, both)
    assert (done.code, done.out) == (1, "")
    assert "gitops: there are ForkliftControllers in mtv, other\n  say which: -n NAMESPACE" in done.err
    named = imported_folder(vddkctl, tmp_path, both, "-n", "other")
    assert named.code == 0
    assert "controller:\n  vddkImage: r.example.com/v:8\n" in named.out.replace('"', "")
    assert "Left out: controller.mtv/forklift-controller: the site is that of Forklift in other" in named.err


def test_a_namespace_without_forklift_is_told(vddkctl: Vddkctl, tmp_path: Path) -> None:
    done = imported_folder(vddkctl, tmp_path, forklift("mtv") + provider("prod", "mtv"), "-n", "nowhere")
    assert done.code == 0
    assert "There is no ForkliftController in namespace nowhere; found in: mtv" in done.err
    assert "Left out: controller.mtv/forklift-controller" in done.err


@pytest.mark.parametrize("words", [(), ("-n", "nowhere")])
def test_nothing_to_import_is_an_error(vddkctl: Vddkctl, tmp_path: Path, words: tuple[str, ...]) -> None:
    done = imported_folder(
        vddkctl, tmp_path, "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n", *words
    )
    assert (done.code, done.out) == (1, "")
    assert "there is nothing to import: no ForkliftController in namespace" in done.err


def test_remarks_on_providers_stand_under_providers(vddkctl: Vddkctl, tmp_path: Path) -> None:
    odd = "{useVddkAioOptimization: 'yes'}"
    manifests = forklift("mtv", spec="{vddk_image: 'r.example.com/v:8'}") + provider("prod", "mtv", odd)
    done = imported_folder(vddkctl, tmp_path, manifests)
    assert done.code == 0
    lines = done.out.splitlines()
    remark = next(number for number, line in enumerate(lines) if "Forklift takes for false" in line)
    assert lines[remark - 2 : remark] == ["# providers: nothing is managed", "  # prod: nothing is managed"]


def test_the_schema_that_a_spec_names_is_said_how_to_write(vddkctl: Vddkctl, tmp_path: Path) -> None:
    done = imported_folder(vddkctl, tmp_path, forklift("mtv"))
    assert "vddkctl schema > site.schema.json" in done.out


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
