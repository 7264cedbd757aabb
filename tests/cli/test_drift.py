from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Vddkctl
from tests.support.sites import EIGHT, PROD, TEST, SiteOnDisk, make_site

NO_RECORD = """\
Error: ./gitops: drift cannot be told: nothing was applied yet, or the record of frankfurt is gone
  begin one with vddkctl apply; if there was one, bring it back from Git or a backup
  what differs now: vddkctl plan
"""


def test_none(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    done = vddkctl("drift", cwd=applied.root)
    assert (done.code, done.out, done.err) == (0, "No drift.\n", "")


NO_IMAGES = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {name: frankfurt}
cluster: {manifests: ./gitops}
providers:
  prod: {aio: true, buffers: small}
"""


@pytest.mark.parametrize("words", [(), ("--quiet",), ("--heal", "-q"), ("--output", "json")])
def test_without_a_record_there_is_nothing_to_tell_it_by_and_nobody_is_told_that_all_is_well(
    vddkctl: Vddkctl, site: SiteOnDisk, words: tuple[str, ...]
) -> None:
    done = vddkctl("drift", *words, cwd=site.root)
    assert (done.code, done.out, done.err) == (1, "", NO_RECORD)


def test_a_lost_record_that_nothing_else_shows_is_an_error_too(vddkctl: Vddkctl, tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", NO_IMAGES)
    assert vddkctl("apply", "--auto-approve", cwd=site.root).code == 0
    (site.gitops / ".vddkctl" / "frankfurt.record").unlink()
    site.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    done = vddkctl("drift", "-q", "--report", "drift.prom", cwd=site.root)
    assert (done.code, done.out, done.err) == (1, "", NO_RECORD)
    metrics = (site.root / "drift.prom").read_text()
    assert 'vddkctl_last_run_success{site="frankfurt",run="drift"} 0\n' in metrics
    assert vddkctl("apply", "--auto-approve", cwd=site.root).code == 0
    assert vddkctl("drift", "-q", cwd=site.root).code == 0


def test_someone_elses_change_is_shown_with_its_place(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    before = applied.tree()
    done = vddkctl("drift", cwd=applied.root)
    assert (done.code, done.err) == (3, "")
    assert (
        done.out
        == """\
  ≠ provider.openshift-mtv/prod
      vddkConfig   at prod.yaml:10
        should be  VixDiskLib.nfcAio.Session.BufSizeIn64KB=64
                   VixDiskLib.nfcAio.Session.BufCount=4
        is         VixDiskLib.nfcAio.Session.BufSizeIn64KB=64
                   VixDiskLib.nfcAio.Session.BufCount=32

Drift: 1 field of 1 address changed by someone else.
"""
    )
    assert applied.tree() == before
    assert vddkctl("drift", "--summary", cwd=applied.root).out.startswith("Drift: 1 field of 1 address")


def test_a_change_of_the_spec_is_pending_and_no_drift(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    applied.change("site.yaml", "buffers: small", "buffers: medium")
    done = vddkctl("drift", cwd=applied.root)
    assert done.code == 0
    assert done.out == (
        f"No drift.\nPending: {PROD} vddkConfig\n1 address has pending changes of the spec: see vddkctl plan.\n"
    )


def test_both_in_one_object_are_told_apart(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    applied.change("site.yaml", "buffers: small", "buffers: medium")
    applied.change("gitops/prod.yaml", 'useVddkAioOptimization: "true"', 'useVddkAioOptimization: "false"')
    done = vddkctl("drift", "--output", "json", cwd=applied.root)
    assert done.code == 3
    drift = json.loads(done.out)
    text = vddkctl("drift", cwd=applied.root).out
    assert "useVddkAioOptimization   at prod.yaml:9" in text
    assert text.count("vddkConfig") == 1
    assert f"\nPending: {PROD} vddkConfig\n" in text
    assert text.endswith("1 address has pending changes of the spec: see vddkctl plan.\n")
    assert drift["formatVersion"] == "1.0"
    assert drift["tool"].startswith("vddkctl ")
    assert drift["location"] == {"manifests": "./gitops", "context": None, "namespace": "openshift-mtv"}
    assert drift["at"].startswith("20")
    assert drift["at"].endswith("Z")


def test_both_in_one_field_are_drift_that_the_spec_has_moved_on_from(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    applied.change("site.yaml", "buffers: small", "buffers: medium")
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    done = vddkctl("drift", cwd=applied.root)
    assert done.code == 3
    assert "BufCount=8 (the spec now asks for this)" in done.out.replace("\n", " ")
    assert done.out.startswith(
        """\
  ≠ provider.openshift-mtv/prod
      vddkConfig   drift and pending   at prod.yaml:10
        applied    VixDiskLib.nfcAio.Session.BufSizeIn64KB=64
                   VixDiskLib.nfcAio.Session.BufCount=4 (what was last applied)
        should be  VixDiskLib.nfcAio.Session.BufSizeIn64KB=128
                   VixDiskLib.nfcAio.Session.BufCount=8 (the spec now asks for this)
        is         VixDiskLib.nfcAio.Session.BufSizeIn64KB=64
                   VixDiskLib.nfcAio.Session.BufCount=32
"""
    )
    assert "Pending: " not in done.out
    names = ["r.json", "r.html", "r.md", "r.xml"]
    vddkctl("drift", *(f"--report={name}" for name in names), cwd=applied.root)
    (field,) = json.loads((applied.root / "r.json").read_text())["drift"][0]["fields"]
    counts = [field[key].rpartition("BufCount=")[2].strip() for key in ("applied", "before", "after")]
    assert counts == ["4", "32", "8"]
    for name in names[1:]:
        text = (applied.root / name).read_text()
        assert "BufCount=4 → BufCount=32" in text, name
        assert "pending: BufCount=4 → BufCount=8" in text, name


def test_a_tag_that_skopeo_moved_is_drift(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    words = [
        "skopeo",
        "copy",
        "--quiet",
        f"oci:{applied.root}/base:small",
        f"oci:{applied.root}/images/eight:8.0.1",
    ]
    subprocess.run(words, check=True, capture_output=True)
    done = vddkctl("drift", cwd=applied.root)
    assert done.code == 3
    assert f"≠ {EIGHT}\n      tag\n" in done.out
    assert vddkctl("apply", "--auto-approve", cwd=applied.root).code == 0
    assert vddkctl("drift", cwd=applied.root).out == "No drift.\n"


def test_a_tag_that_is_gone_is_drift(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    shutil.rmtree(applied.root / "images" / "eight")
    done = vddkctl("drift", cwd=applied.root)
    assert done.code == 3
    assert EIGHT in done.out


def test_a_provider_that_someone_deleted_is_named(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    (applied.gitops / "test.yaml").unlink()
    done = vddkctl("drift", cwd=applied.root)
    assert (done.code, done.out) == (
        3,
        f"  ≠ {TEST}\n      is gone: it was there at the last apply\n\nDrift: 1 object gone.\n",
    )
    # The spec still names it, so there is no plan without it.
    done = vddkctl("plan", cwd=applied.root)
    assert done.code == 1
    assert (
        "no Provider test in ./gitops, namespace openshift-mtv (it was there at the last apply)" in done.err
    )


def test_a_provider_of_a_rule_that_someone_deleted_is_drift_until_it_is_settled(
    vddkctl: Vddkctl, tmp_path: Path
) -> None:
    site = tmp_path / "gitops"
    shutil.copytree(Path(__file__).parents[2] / "examples" / "gitops", site)
    assert vddkctl("apply", "--auto-approve", cwd=site).code == 0
    manifests = site / "gitops" / "providers.yaml"
    manifests.write_text(manifests.read_text().rpartition("---\n")[0])
    done = vddkctl("drift", cwd=site)
    assert (done.code, done.out.splitlines()[0]) == (3, "  ≠ provider.openshift-mtv/edge-berlin")
    applied = vddkctl("apply", "--auto-approve", cwd=site)
    assert applied.code == 0
    assert "! provider.openshift-mtv/edge-berlin: was there at the last apply, and is gone" in applied.out
    assert vddkctl("drift", cwd=site).out == "No drift.\n"


def test_a_value_of_the_same_meaning_is_no_drift(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    applied.change("gitops/prod.yaml", 'useVddkAioOptimization: "true"', "useVddkAioOptimization: '1'")
    assert vddkctl("drift", cwd=applied.root).code == 0


def test_only_what_is_targeted_is_looked_at(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    assert vddkctl("drift", "--target", TEST, cwd=applied.root).code == 0
    assert vddkctl("drift", "--exclude", PROD, cwd=applied.root).code == 0
    assert vddkctl("drift", "--target", "provider.*", cwd=applied.root).code == 3


def damaged_record(site: SiteOnDisk) -> None:
    (site.gitops / ".vddkctl" / "frankfurt.record").write_text('{"formatVersion": "1.0", "site"')


def later_record(site: SiteOnDisk) -> None:
    path = site.gitops / ".vddkctl" / "frankfurt.record"
    path.write_text(path.read_text().replace('"1.0"', '"2.0"', 1))


def other_record(site: SiteOnDisk) -> None:
    (site.gitops / ".vddkctl" / "frankfurt.record").write_text('{"formatVersion": "1.0", "applied": 7}')


def no_folder(site: SiteOnDisk) -> None:
    site.gitops.rename(site.root / "away")


def broken_manifest(site: SiteOnDisk) -> None:
    site.change("gitops/prod.yaml", "spec:", "spec: [")


def broken_layout(site: SiteOnDisk) -> None:
    (site.root / "images" / "eight" / "index.json").write_text("{")


@pytest.mark.parametrize(
    "damage",
    [damaged_record, later_record, other_record, no_folder, broken_manifest, broken_layout],
)
def test_what_cannot_be_told_is_a_failure_and_never_no_drift(
    vddkctl: Vddkctl, applied: SiteOnDisk, damage: Callable[[SiteOnDisk], None]
) -> None:
    damage(applied)
    done = vddkctl("drift", cwd=applied.root)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Error: ")
    assert "mistake in vddkctl" not in done.err


def test_a_machine_without_the_archive_compares_with_what_was_last_applied(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    (applied.root / "eight.tar.gz").unlink()
    done = vddkctl("drift", cwd=applied.root)
    assert (done.code, done.out) == (0, "No drift.\n")
    assert done.err.startswith(f"Image {EIGHT.removeprefix('image.')} cannot be made here")
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    assert vddkctl("drift", cwd=applied.root).code == 3
    assert vddkctl("explain", cwd=applied.root).code == 0
    assert vddkctl("plan", "--target", PROD, "--detailed-exitcode", cwd=applied.root).code == 2
    assert vddkctl("plan", "--exclude", "image.*", cwd=applied.root).code == 0
    assert vddkctl("plan", cwd=applied.root).code == 1


def test_another_tag_in_the_spec_is_pending_and_no_drift(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    applied.change("site.yaml", "tag: 8.0.1", "tag: 8.0.2")
    done = vddkctl("drift", cwd=applied.root)
    assert (done.code, done.out.splitlines()[0]) == (0, "No drift.")
    (
        applied.root / "eight.tar.gz"
    ).unlink()  # the tag is no part of the image: what was applied stands for it
    assert vddkctl("drift", cwd=applied.root).code == 0


def test_a_blob_that_is_gone_from_the_layout_is_drift_and_apply_restores_it(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    blobs = applied.root / "images" / "eight" / "blobs" / "sha256"
    layer = max(blobs.iterdir(), key=lambda path: path.stat().st_size)
    content = layer.read_bytes()
    layer.unlink()
    done = vddkctl("drift", cwd=applied.root)
    assert done.code == 3
    assert "        is incomplete: a part of what it names is missing\n" in done.out
    planned = vddkctl("plan", cwd=applied.root).out
    assert "incomplete" in planned
    assert "   a part of what the tag names is missing\n" in planned
    assert "was moved" not in planned
    assert vddkctl("apply", "--auto-approve", cwd=applied.root).code == 0
    assert layer.read_bytes() == content
    assert vddkctl("drift", cwd=applied.root).code == 0


def test_a_controller_that_someone_deleted_is_drift(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    (applied.gitops / "forklift.yaml").unlink()
    done = vddkctl("drift", cwd=applied.root)
    assert (done.code, done.out.splitlines()[0]) == (3, "  ≠ controller.openshift-mtv/forklift-controller")
    assert "(it was there at the last apply)" in vddkctl("plan", cwd=applied.root).err


def test_a_record_with_strange_values_does_not_break_a_plan(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    applied.edit_record(': "true"', ': ["true"]')
    done = vddkctl("drift", cwd=applied.root)
    assert "mistake in vddkctl" not in done.err


IGNORE = """\
drift:
  ignore:
    - address: provider.*/prod
      fields: [vddkConfig]
      reason: sized by hand until the new disks are there
      until: {until}
"""


def test_what_the_spec_ignores_is_told_and_no_drift(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    spec = applied.spec.read_text()
    applied.spec.write_text(spec + IGNORE.format(until="2999-12-31"))
    done = vddkctl("drift", cwd=applied.root)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "No drift.\nIgnored: provider.openshift-mtv/prod vddkConfig: "
        "sized by hand until the new disks are there (until 2999-12-31)\n"
    )
    applied.change("gitops/prod.yaml", "BufCount=32", "BufCount=4")
    idle = vddkctl("drift", cwd=applied.root)
    assert (idle.code, idle.out) == (0, "No drift.\n")
    assert "nothing is ignored by this ignore of provider.*/prod; take it out." in idle.err


def test_an_ignore_whose_day_is_over_is_an_alarm(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    spec = applied.spec.read_text()
    applied.spec.write_text(spec + IGNORE.format(until="2020-01-31"))
    done = vddkctl("drift", cwd=applied.root)
    assert done.code == 3
    assert "the ignore of provider.*/prod ended on 2020-01-31" in done.out
    assert done.out.endswith("Drift: 1 ignore expired.\n")
    assert (
        json.loads(vddkctl("drift", "--output", "json", cwd=applied.root).out)["summary"]["expiredIgnores"]
        == 1
    )


def test_ignores_of_what_is_not_looked_at_are_no_matter(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    spec = applied.spec.read_text()
    applied.spec.write_text(spec + IGNORE.format(until="2999-12-31"))
    done = vddkctl("drift", "--target", TEST, cwd=applied.root)
    assert (done.code, done.out, done.err) == (0, "No drift.\n", "")
    applied.spec.write_text(spec + IGNORE.format(until="2020-01-31"))
    assert vddkctl("drift", "--quiet", "--target", TEST, cwd=applied.root).code == 0
    assert vddkctl("drift", "--quiet", "--target", PROD, cwd=applied.root).code == 3


def test_unused_ignores_are_in_every_report_and_keep_a_quiet_run_quiet(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    applied.spec.write_text(applied.spec.read_text() + IGNORE.format(until="2999-12-31"))
    names = ["r.json", "r.html", "r.md", "r.xml", "r.prom"]
    done = vddkctl("drift", "-q", *(f"--report={name}" for name in names), cwd=applied.root)
    assert (done.code, done.out, done.err) == (0, "", "")
    texts = {name: (applied.root / name).read_text() for name in names}
    said = json.loads(texts["r.json"])["unusedIgnores"]
    assert [each["address"] for each in said] == ["provider.*/prod"]
    for name in ("r.html", "r.md", "r.xml"):
        assert "nothing is ignored by this ignore of" in texts[name], name
        assert "ignore-unused" in texts[name], name
    assert '\nvddkctl_warnings{site="frankfurt",run="drift"} ' in texts["r.prom"]


def test_a_clock_that_was_set_back_brings_no_ignore_back(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    applied.edit_record('"at": "', '"at": "2999-01-01T00:00:00Z", "was": "')
    assert vddkctl("drift", "--quiet", cwd=applied.root).code == 0
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    applied.spec.write_text(applied.spec.read_text() + IGNORE.format(until="2998-12-31"))
    done = vddkctl("drift", "--quiet", cwd=applied.root)
    assert done.code == 3
    assert "Drift: 1 field of 1 address changed by someone else, 1 ignore expired.\n" in done.out
    assert "The last run is dated 2999-01-01T00:00:00Z" in done.err
    assert "The days of ignores are judged by the later one." in done.err


def test_an_ignore_without_a_reason_or_a_day_is_a_mistake(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    spec = applied.spec.read_text()
    applied.spec.write_text(spec + "drift: {ignore: [{address: image.vddk-8, until: tomorrow}]}\n")
    done = vddkctl("validate", cwd=applied.root)
    assert done.code == 1
    assert 'missing key "reason"' in done.out + done.err
    assert "expected a date such as 2026-12-31" in done.out + done.err


def test_healing_puts_back_what_was_changed_and_nothing_that_is_pending(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    before = (applied.gitops / "prod.yaml").read_text()
    applied.change("gitops/prod.yaml", 'useVddkAioOptimization: "true"', 'useVddkAioOptimization: "false"')
    applied.change("site.yaml", '  "edge-*": {aio: true}', '  "edge-*": {aio: false}')
    done = vddkctl("drift", "--heal", cwd=applied.root)
    assert done.code == 0, done.out + done.err
    assert f"✓ {PROD}  updated" in done.out
    assert "Healed: 1 of 1 change done." in done.out
    assert (applied.gitops / "prod.yaml").read_text() == before
    after = vddkctl("drift", cwd=applied.root)
    assert after.code == 0
    assert "addresses have pending changes of the spec" in after.out
    again = vddkctl("drift", "--heal", "--quiet", cwd=applied.root)
    assert (again.code, again.out) == (0, "")


def test_healing_moves_a_tag_back(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    index = applied.root / "images" / "eight" / "index.json"
    kept = json.loads(index.read_text())
    moved = json.loads((applied.root / "images" / "seven" / "index.json").read_text())
    images = applied.root / "images"
    shutil.copytree(images / "seven" / "blobs", images / "eight" / "blobs", dirs_exist_ok=True)
    moved["manifests"][0]["annotations"] = kept["manifests"][0]["annotations"]
    index.write_text(json.dumps(moved))
    assert vddkctl("drift", cwd=applied.root).code == 3
    done = vddkctl("drift", "--heal", cwd=applied.root)
    assert done.code == 0, done.out + done.err
    assert f"✓ {EIGHT}  replaced" in done.out
    assert vddkctl("drift", cwd=applied.root).code == 0


def test_more_than_the_limit_is_not_healed(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    applied.change("gitops/forklift.yaml", "vddk_image:", "vddk_image: quay.io/other/vddk:1 #")
    before = applied.tree()
    done = vddkctl("drift", "--heal", "--heal-limit", "1", cwd=applied.root)
    assert done.code == 3
    assert "2 addresses are more than --heal-limit 1" in done.err
    assert applied.tree() == before


def test_a_field_for_which_the_spec_asks_for_a_third_value_is_not_healed(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    applied.change("site.yaml", "buffers: small", "buffers: medium")
    before = applied.tree()
    done = vddkctl("drift", "--heal", cwd=applied.root)
    assert done.code == 3
    assert "Nothing of it can be healed" in done.err
    assert applied.tree() == before


def test_what_is_gone_is_told_and_not_made_again(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    (applied.gitops / "test.yaml").unlink()
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    done = vddkctl("drift", "--heal", cwd=applied.root)
    assert done.code == 3
    assert f"✓ {PROD}  updated" in done.out
    assert f"still to be looked at:\n  {TEST}: it is gone" in done.err


def test_a_moved_tag_is_not_healed_where_its_image_cannot_be_made(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    images = applied.root / "images"
    kept = json.loads((images / "eight" / "index.json").read_text())
    moved = json.loads((images / "seven" / "index.json").read_text())
    shutil.copytree(images / "seven" / "blobs", images / "eight" / "blobs", dirs_exist_ok=True)
    moved["manifests"][0]["annotations"] = kept["manifests"][0]["annotations"]
    (images / "eight" / "index.json").write_text(json.dumps(moved))
    (applied.root / "eight.tar.gz").unlink()
    done = vddkctl("drift", "--heal", cwd=applied.root)
    assert done.code == 3
    assert "Nothing of it can be healed" in done.err
