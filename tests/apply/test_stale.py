from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.support.sites import BERLIN, CONTROLLER, EIGHT, PROD, SEVEN, TEST, SiteOnDisk, provider
from vddkctl.apply.result import Status
from vddkctl.cluster.base import FieldEdit, ObjectChange, WriteOutcome
from vddkctl.cluster.folder import ManifestFolder
from vddkctl.demo.sample import make_archive
from vddkctl.errors import RegistryError, StalePlanError
from vddkctl.oci.reference import parse
from vddkctl.plan.codec import decode_plan, encode_plan
from vddkctl.registry.layout import LayoutRegistry

Move = Callable[[SiteOnDisk], None]


def edited(name: str, old: str, new: str) -> Move:
    return lambda site: site.change(f"gitops/{name}", old, new)


def without(name: str) -> Move:
    return lambda site: (site.gitops / name).unlink()


def tagged(site: SiteOnDisk) -> None:
    """Someone else puts another image under the tag."""
    shutil.copytree(site.root / "base", site.root / "images/eight", dirs_exist_ok=True)
    layout = LayoutRegistry(site.root)
    found = layout.resolve(parse("oci:images/eight:small"))
    assert found
    content = layout.manifest(parse("oci:images/eight"), found.digest)
    layout.put_manifest(parse("oci:images/eight:8.0.1"), found, content)


def archived(site: SiteOnDisk) -> None:
    make_archive(site.root / "eight.tar.gz", version="8.0.1", size=50_000)


MOVES: list[tuple[str, Move, list[tuple[str, str]]]] = [
    (
        "a field was set to something else",
        edited("forklift.yaml", "quay.io/old/vddk:7.0.3", "quay.io/other:1"),
        [
            (
                CONTROLLER,
                "spec.vddk_image was 'quay.io/old/vddk:7.0.3', now 'quay.io/other:1' (forklift.yaml:5)",
            )
        ],
    ),
    (
        "a field was set that was not",
        edited("prod.yaml", "    sdkEndpoint", "    useVddkAioOptimization: 'false'\n    sdkEndpoint"),
        [(PROD, "spec.settings.useVddkAioOptimization was not set, now 'false' (prod.yaml:8)")],
    ),
    (
        "a field was taken away",
        edited("test.yaml", "    vddkInitImage: quay.io/old/vddk:test\n", ""),
        [(TEST, "spec.settings.vddkInitImage was 'quay.io/old/vddk:test', now not set (test.yaml:1)")],
    ),
    (
        "another part of the object changed",
        edited("prod.yaml", "https://prod.", "https://new."),
        [(PROD, "another part of it was changed (prod.yaml:1)")],
    ),
    ("an object was deleted", without("test.yaml"), [(TEST, "it is gone")]),
    (
        "a tag was moved",
        tagged,
        [(EIGHT, "oci:./images/eight:8.0.1 named nothing, now sha256:BASE")],
    ),
    (
        "the archive was replaced",
        archived,
        [(EIGHT, "the archive ./eight.tar.gz was sha256:EIGHT, now sha256:NEW")],
    ),
]


@pytest.mark.parametrize(("move", "moved"), [m[1:] for m in MOVES], ids=[m[0] for m in MOVES])
def test_a_stale_plan_names_what_moved_and_writes_nothing(
    site: SiteOnDisk, move: Move, moved: list[tuple[str, str]]
) -> None:
    plan = decode_plan(encode_plan(site.plan()), "plan.json")
    move(site)
    before = site.tree()
    with pytest.raises(StalePlanError) as caught:
        site.apply(plan)
    work = next(change.image for change in plan.changes if change.address == EIGHT)
    assert work
    known = {"EIGHT": work.archive_sha256, "BASE": work.base_digest.removeprefix("sha256:")}
    found = [(address, _with_names(text, known)) for address, text in caught.value.moved]
    assert found == moved
    assert {k: v for k, v in site.tree().items() if not k.endswith(".gitignore")} == before


def _with_names(text: str, known: dict[str, str]) -> str:
    for name, digest in known.items():
        text = text.replace(digest, name)
    return re.sub(r"[0-9a-f]{64}", "NEW", text)


def test_all_that_moved_is_named_at_once(site: SiteOnDisk) -> None:
    plan = site.plan()
    archived(site)
    (site.gitops / "test.yaml").unlink()
    site.change("gitops/edge.yaml", "https://edge-berlin", "https://munich")
    with pytest.raises(StalePlanError) as caught:
        site.apply(plan)
    assert [address for address, _ in caught.value.moved] == [EIGHT, BERLIN, TEST]
    assert str(caught.value).startswith(
        "the plan is stale, nothing was written; since it was made:\n  image."
    )


def test_what_someone_else_did_exactly_so_is_satisfied(site: SiteOnDisk) -> None:
    plan = site.plan()
    site.executor().run(site.plan("image.vddk-7"))
    site.change("gitops/edge.yaml", "    sdkEndpoint", "    useVddkAioOptimization: 'true'\n    sdkEndpoint")
    before = (site.gitops / "edge.yaml").read_bytes()
    result = site.apply(plan)
    assert {s.address: s.status for s in result.steps if s.status is not Status.DONE} == {
        SEVEN: Status.SATISFIED,
        BERLIN: Status.SATISFIED,
        "provider.openshift-mtv/edge-lyon": Status.SATISFIED,
    }
    assert result.exit_code == 0
    assert (site.gitops / "edge.yaml").read_bytes() == before
    assert site.plan().changes == ()


def test_a_plan_can_be_applied_again_and_does_nothing_then(site: SiteOnDisk) -> None:
    plan = site.plan()
    site.apply(plan)
    before = {name: data for name, data in site.tree().items() if not name.endswith(".record")}
    assert {step.status for step in site.apply(plan).steps} == {Status.SATISFIED}
    assert {name: data for name, data in site.tree().items() if not name.endswith(".record")} == before
    assert site.drift().changed == ()


def test_an_older_plan_does_not_record_what_a_later_one_changed(site: SiteOnDisk) -> None:
    site.executor().run(site.plan("provider.*/prod"))
    older = site.plan()  # it leaves prod alone
    site.change("site.yaml", "prod: {aio: true", "prod: {aio: false")
    site.executor().run(site.plan("provider.*/prod"))
    assert site.apply(older).exit_code == 0
    assert site.record["applied"][PROD]["spec.settings.useVddkAioOptimization"] == "false"
    assert site.drift().changed == ()
    site.change("site.yaml", "prod: {aio: false", "prod: {aio: true")
    assert site.drift().changed == ()


def test_an_object_that_comes_new_is_not_touched_by_an_older_plan(site: SiteOnDisk) -> None:
    plan = site.plan()
    (site.gitops / "edge-oslo.yaml").write_text(provider("edge-oslo"))
    assert site.apply(plan).exit_code == 0
    assert (site.gitops / "edge-oslo.yaml").read_text() == provider("edge-oslo")
    assert [change.address for change in site.plan().changes] == ["provider.openshift-mtv/edge-oslo"]


def test_a_change_between_the_check_and_the_write_fails_that_change_alone(site: SiteOnDisk) -> None:
    class Late(ManifestFolder, frozen=True):
        def write(self, changes: Sequence[ObjectChange]) -> Iterator[WriteOutcome]:
            if any(change.key.name == "prod" for change in changes):
                site.change("gitops/prod.yaml", "https://prod.", "https://late.")
            return super().write(changes)

    result = site.executor(Late(site.gitops, "./gitops")).run(site.plan())
    assert {s.address for s in result.steps if s.status is Status.FAILED} == {PROD}
    assert result.exit_code == 4
    assert PROD not in site.record["applied"]
    assert site.apply().exit_code == 0
    assert site.plan().changes == ()


def test_the_writes_are_those_of_the_plan(site: SiteOnDisk) -> None:
    asked: list[ObjectChange] = []

    class Listening(ManifestFolder, frozen=True):
        def write(self, changes: Sequence[ObjectChange]) -> Iterator[WriteOutcome]:
            asked.extend(changes)
            return super().write(changes)

    site.executor(Listening(site.gitops, "./gitops")).run(site.plan("provider.*/edge-lyon"))
    (change,) = asked
    assert change.edits == (FieldEdit(("spec", "settings", "useVddkAioOptimization"), "true"),)


def test_settings_are_not_made_to_name_an_image_that_is_gone_since(applied: SiteOnDisk) -> None:
    applied.change("gitops/forklift.yaml", "vddk_image: ", "vddk_image: quay.io/x/y:1 # ")
    plan = applied.plan()
    assert [change.address for change in plan.changes] == [CONTROLLER]
    shutil.rmtree(applied.root / "images")
    before = applied.tree()
    with pytest.raises(StalePlanError) as error:
        applied.apply(plan)
    assert {address for address, _ in error.value.moved} == {SEVEN, EIGHT}
    assert applied.tree() == before


def test_an_older_plan_does_not_take_the_record_of_an_image_back(applied: SiteOnDisk) -> None:
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=5")
    older = applied.plan()
    make_archive(applied.root / "eight.tar.gz", version="8.0.1", size=50_000)
    assert applied.apply(applied.plan(EIGHT)).exit_code == 0
    with pytest.raises(StalePlanError):  # it relies on the image that was there
        applied.apply(older)
    assert EIGHT not in {change.address for change in applied.drift().changed}


def test_what_failed_and_was_taken_out_of_the_spec_is_forgotten(site: SiteOnDisk) -> None:
    manifest = site.gitops / "prod.yaml"
    manifest.chmod(0o444)
    assert site.apply().exit_code == 4
    manifest.chmod(0o644)
    site.change("site.yaml", "  prod: {aio: true, buffers: small}\n", "")
    assert site.apply().exit_code == 0
    assert site.record["intended"] == {}
    site.change(
        "gitops/prod.yaml",
        "    sdkEndpoint: vcenter\n",
        '    sdkEndpoint: vcenter\n    useVddkAioOptimization: "true"\n',
    )
    assert site.plan().changes == ()


@pytest.mark.parametrize("named", [True, False], ids=["settings come to name it", "nothing comes to name it"])
def test_an_image_left_alone_that_cannot_be_looked_at_stops_what_names_it(
    applied: SiteOnDisk, *, named: bool
) -> None:
    name, old = ("forklift.yaml", "vddk_image: ") if named else ("prod.yaml", "BufCount=4")
    applied.change(f"gitops/{name}", old, f"{old}5" if not named else "vddk_image: quay.io/x/y:1 # ")
    plan = applied.plan()
    assert {change.address for change in plan.changes} == {CONTROLLER if named else PROD}
    before = applied.record["applied"]
    (applied.root / "images" / "eight" / "index.json").write_text("{")
    if named:
        with pytest.raises(RegistryError):
            applied.apply(plan)
    else:
        assert applied.apply(plan).exit_code == 0
    assert applied.record["applied"] == before
