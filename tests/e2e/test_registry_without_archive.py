"""A machine without the licensed archive, as CI is: the declared checksum tells whether the image is as declared."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.conftest import Completed, Vddkctl
from tests.support.registry_sites import RegistrySite, make_registry_site
from tests.support.running_registry import RunningRegistry
from tests.support.sites import PROD
from tests.support.witnesses import At, Skopeo
from vddkctl.demo.sample import make_archive
from vddkctl.oci.descriptor import OCI_LAYER_GZIP, OCI_MANIFEST, Blob, Content, Descriptor
from vddkctl.oci.digest import digest_of
from vddkctl.oci.reference import parse
from vddkctl.places import Places
from vddkctl.plan.codec import sealed
from vddkctl.progress import Silent

NO_CHANGES = "No changes: 3 addresses are as declared.\n"
NEEDED = "there is no such file, and the image has to be made"
NEEDED_AT_ALL = "there is no such file, and it is needed"


@pytest.fixture
def site(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str, vddkctl: Vddkctl, skopeo: Skopeo
) -> RegistrySite:
    """A site that was applied."""
    site = make_registry_site(tmp_path / "site", plain_registry, repository, vddkctl, skopeo)
    declare(site)
    site.apply()
    return site


def declare(site: RegistrySite) -> str:
    sha256 = hashlib.sha256((site.root / "eight.tar.gz").read_bytes()).hexdigest()
    spec = site.disk.spec
    spec.write_text(
        re.sub(r"path: \./eight[^}]*}", f"path: ./eight.tar.gz, sha256: {sha256}}}", spec.read_text())
    )
    return sha256


def without_archive(site: RegistrySite) -> None:
    (site.root / "eight.tar.gz").unlink()


def refused(site: RegistrySite) -> Completed:
    done = site.run("plan")
    assert (done.code, done.out) == (1, "")
    return done


@pytest.mark.parametrize(
    ("record", "private"),
    [(True, True), (True, False), (False, False)],
    ids=["normalised, with a record", "verbatim, with a record", "verbatim, without a record"],
)
def test_an_image_that_is_as_declared_is_no_change(
    site: RegistrySite, *, record: bool, private: bool
) -> None:
    make_archive(site.root / "eight.tar.gz", size=40_000, private=private)
    sha256 = declare(site)
    site.apply()
    layers = site.skopeo.manifest(site.image)["layers"]
    assert (layers[-1]["digest"] != f"sha256:{sha256}") is private
    if not record:
        without_record(site)
    without_archive(site)
    done = site.run("plan", "--detailed-exitcode", "--summary")
    assert (done.code, done.out, done.err == "") == (0, NO_CHANGES, record)
    assert set(site.warnings()) == {"base-floating", *(() if record else ("record-gone",))}
    drift = site.run("drift")
    assert (drift.code, drift.out) == ((0, "No drift.\n") if record else (1, ""))
    assert "cannot be made here" not in drift.err


def test_settings_are_planned_and_applied_without_the_archive(site: RegistrySite) -> None:
    without_archive(site)
    site.change("buffers: small", "buffers: medium")
    assert [change["address"] for change in site.plan()["changes"]] == [PROD]
    site.apply()
    assert site.run("plan", "--summary").out == NO_CHANGES
    record = site.disk.record["applied"]["image.vddk-8"]
    assert (record["digest"], record["baseDigest"]) == (site.digest, site.base_digest)


def test_a_base_that_moved_is_told_there_too(site: RegistrySite) -> None:
    without_archive(site)
    newer = site.move_base()
    assert site.run("plan", "--summary").out == NO_CHANGES
    assert newer in site.warnings()["base-moved"]


def test_another_declared_archive_needs_that_archive(site: RegistrySite) -> None:
    old = declare(site)
    without_archive(site)
    site.change(old, "ab" * 32)
    text = f"the tag names an image of the archive sha256:{old}, declared is sha256:{'ab' * 32}"
    done = refused(site)
    assert re.match(r"Error: site\.yaml:7:5: image vddk-8: /.*/eight\.tar\.gz: ", done.err)
    assert (
        f"{NEEDED} (archive-changed): {text}\n  bring the archive with sha256:{'ab' * 32} here\n" in done.err
    )
    drift = site.run("drift")
    assert (drift.code, drift.out) == (0, "No drift.\n")
    assert f"(archive-changed): {text}" in drift.err


def test_another_base_needs_the_archive(site: RegistrySite) -> None:
    without_archive(site)
    old, new = site.base_digest, site.move_base()
    site.change("base:small", f"base:small@{new}")
    text = f"(base-changed): the tag names an image on the base {old}, it should be {new}"
    assert text in refused(site).err


def test_another_tag_needs_the_archive(site: RegistrySite) -> None:
    without_archive(site)
    site.change("tag: 8.0.1", "tag: 8.0.2")
    assert f"{NEEDED} (absent): the tag is not there" in refused(site).err


def test_a_tag_that_someone_moved_needs_the_archive_and_is_drift(site: RegistrySite) -> None:
    without_archive(site)
    site.skopeo.copy(site.base, site.image)
    text = f"(tag-moved): the tag names {site.base_digest}, which does not say what archive it holds"
    assert text in refused(site).err
    drift = site.run("drift")
    assert drift.code == 3
    assert text in drift.err


def forge(
    site: RegistrySite, *, layer: bytes | None = None, diff_id: str | None = None, said: str = ""
) -> str:
    """Somebody who can push puts another layer, or another diff ID, under the same annotations. Returns the digest."""
    reference = parse(f"{site.host}/{site.image.name}")
    registry = Places(site.root).registry(reference)
    manifest = json.loads(registry.manifest(reference, str(site.digest)))
    config = site.skopeo.config(site.image)
    if layer is not None:
        packed = gzip.compress(layer, mtime=0)
        blob = Descriptor(OCI_LAYER_GZIP, digest_of(packed), len(packed))
        registry.put_blob(reference, Blob(blob, Content(packed)), Silent())
        manifest["layers"][-1] |= {"digest": blob.digest, "size": blob.size}
        diff_id = digest_of(layer)
    assert diff_id
    config["rootfs"]["diff_ids"][-1] = diff_id
    content = dump(config)
    blob = Descriptor(manifest["config"]["mediaType"], digest_of(content), len(content))
    registry.put_blob(reference, Blob(blob, Content(content)), Silent())
    manifest["config"] |= {"digest": blob.digest, "size": blob.size}
    if said:
        manifest["annotations"]["dev.vddkctl.layer.verbatim"] = said
    content = dump(manifest)
    forged = Descriptor(OCI_MANIFEST, digest_of(content), len(content))
    registry.put_manifest(reference, forged, content)
    return forged.digest


def dump(document: object) -> bytes:
    """As vddkctl writes documents, so that nothing but the forged part differs."""
    return json.dumps(document, separators=(",", ":")).encode()


def without_record(site: RegistrySite) -> None:
    (site.root / "gitops" / ".vddkctl" / "frankfurt.record").unlink()


@pytest.mark.parametrize("said", ["true", "false"])
@pytest.mark.parametrize("private", [True, False], ids=["normalised", "verbatim"])
def test_an_image_that_only_claims_to_hold_the_archive_is_not_believed(
    site: RegistrySite, *, private: bool, said: str
) -> None:
    if private:
        make_archive(site.root / "eight.tar.gz", size=40_000, private=True)
        declare(site)
        site.apply()
    ours = site.digest
    forged = forge(site, layer=b"not the vendor's" + bytes(1024), said=said)
    manifests = site.disk.tree()
    without_archive(site)
    del manifests["eight.tar.gz"]
    text = (
        f"(tag-moved): the tag names {forged}, and {ours} was last applied\n  bring the archive with sha256:"
    )
    assert text in refused(site).err
    drift = site.run("drift")
    assert drift.code == 3
    assert text.partition("\n")[0] in drift.err
    assert site.run("apply", "--auto-approve").code == 1
    assert site.disk.tree() == manifests
    without_record(site)
    only_said = f"{NEEDED_AT_ALL}: the record does not know {forged}, and only its annotations say"
    assert only_said in refused(site).err
    assert site.run("drift").code == 1


def test_an_image_with_a_wrong_diff_id_is_not_believed(site: RegistrySite) -> None:
    """No runtime would take it: the layer is the archive, and what it unpacks to is not what the config says."""
    wrong = f"sha256:{'0' * 64}"
    forge(site, diff_id=wrong)
    without_archive(site)
    assert "(tag-moved): the tag names" in refused(site).err
    assert site.run("drift").code == 3
    without_record(site)
    assert f"(differs): what the tag names cannot be understood: its layer does not unpack to {wrong}" in (
        refused(site).err
    )


def test_without_a_record_a_normalised_layer_needs_the_archive(site: RegistrySite) -> None:
    make_archive(site.root / "eight.tar.gz", size=40_000, private=True)
    sha256 = declare(site)
    site.apply()
    without_record(site)
    without_archive(site)
    assert (
        f"{NEEDED_AT_ALL}: the record does not know {site.digest}, and only its annotations say what archive it holds\n"
        f"  bring the archive with sha256:{sha256} here\n"
    ) in refused(site).err


def test_what_a_run_that_was_killed_has_pushed_is_known(site: RegistrySite) -> None:
    make_archive(site.root / "eight.tar.gz", size=40_000, private=True)
    declare(site)
    site.apply()
    path = site.root / "gitops" / ".vddkctl" / "frankfurt.record"
    record = json.loads(path.read_text())
    del record["checksum"]
    record["intended"] = record["applied"]
    record["applied"] = {}
    path.write_bytes(sealed(record))
    without_archive(site)
    assert site.run("plan", "--summary").out == NO_CHANGES


def test_without_a_declared_checksum_nothing_can_be_told(site: RegistrySite) -> None:
    spec = site.disk.spec
    spec.write_text(re.sub(r", sha256: \w+", "", spec.read_text()))
    without_archive(site)
    assert "there is no such file\n" in refused(site).err
    assert "cannot be made here" in site.run("drift").err


def test_a_variable_that_names_no_archive_here_is_no_obstacle(site: RegistrySite) -> None:
    without_archive(site)
    site.change("./eight.tar.gz", "${VDDK_ARCHIVE}")
    site.change("path: ${VDDK_ARCHIVE}", 'path: "${VDDK_ARCHIVE}"')
    assert site.run("plan", "--summary").out == NO_CHANGES


def test_a_copy_in_another_place_is_as_good(site: RegistrySite) -> None:
    copy = At(site.registry, f"{site.repository}/copy:8.0.1")
    site.skopeo.copy(site.image, copy)
    without_archive(site)
    site.change(f"{site.repository}/vddk\n", f"{site.repository}/copy\n")
    assert {change["address"] for change in site.plan()["changes"]} == {
        "controller.openshift-mtv/forklift-controller"
    }
