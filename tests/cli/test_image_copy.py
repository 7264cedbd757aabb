from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest

from tests.conftest import Vddkctl
from tests.registry.copies import artifact, attested, put, reference_in
from tests.registry.samples import ARM64, base_image
from tests.support.fault_proxy import faults
from tests.support.faults import MANIFESTS, UPLOADS, Answer
from tests.support.running_registry import RunningRegistry
from tests.support.sites import SiteOnDisk
from vddkctl.oci.image import Image
from vddkctl.oci.reference import parse

ALLOWED = ("--public-registry", "allow")
ASKS_FOR_A_LOGIN = {"WWW-Authenticate": 'Basic realm="private"'}


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """In the layout ``here``, as 1."""
    image = base_image()
    put(tmp_path, parse("oci:here:1"), image)
    return image


def logged_in(folder: Path, registry: RunningRegistry) -> dict[str, str]:
    login = base64.b64encode(f"{registry.username}:{registry.password}".encode()).decode()
    (folder / "auth.json").write_text(json.dumps({"auths": {registry.host: {"auth": login}}}))
    return {"REGISTRY_AUTH_FILE": str(folder / "auth.json")}


def test_what_a_copy_says(vddkctl: Vddkctl, image: Image, tmp_path: Path) -> None:
    digest = image.descriptor.digest
    first = vddkctl("image", "copy", "oci:here:1", "oci:there:new")
    assert (first.code, first.err) == (0, "")
    assert first.out == (
        f"oci:there:new\n  digest  {digest}\n  from    oci:here:1\n  tag     new   new\n  sent    {image.size} bytes\n"
    )
    again = vddkctl("image", "copy", "oci:here:1", "oci:there:new").out.splitlines()
    assert again[3:] == [
        "  tag     new   as it was",
        f"  sent    nothing: it was there already, {image.size} bytes",
    ]
    other = base_image(content=b"another base")
    put(tmp_path, parse("oci:here:2"), other)
    moved = vddkctl("image", "copy", "oci:here:2", "oci:there:new").out.splitlines()
    assert moved[3] == f"  tag     new   moved from {digest}"
    renamed = vddkctl("image", "copy", "oci:here:2", "oci:there:2").out.splitlines()
    assert renamed[4] == f"  sent    nothing; {other.size} bytes were there, or were mounted"


def test_the_same_as_data(
    vddkctl: Vddkctl, image: Image, plain_registry: RunningRegistry, repository: str
) -> None:
    name = f"{plain_registry.host}/{repository}"
    done = vddkctl("image", "copy", "oci:here:1", f"{name}:1", "--output", "json", *ALLOWED)
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == {
        "formatVersion": "1.0",
        "source": "oci:here:1",
        "destination": f"{name}:1",
        "digest": image.descriptor.digest,
        "mediaType": image.descriptor.media_type,
        "tag": "1",
        "before": None,
        "unchanged": False,
        "bytes": {"total": image.size, "sent": image.size},
    }
    again = json.loads(vddkctl("image", "copy", f"{name}:1", name, "--output", "json", *ALLOWED).out)
    assert (again["tag"], again["before"], again["unchanged"], again["bytes"]["sent"]) == (
        None,
        None,
        True,
        0,
    )


def test_one_platform_out_of_an_index(vddkctl: Vddkctl, tmp_path: Path) -> None:
    put(tmp_path, parse("oci:here:1"), attested())
    whole = vddkctl("image", "copy", "oci:here:1", "oci:there:all", "--output", "json")
    alone = vddkctl(
        "image", "copy", "oci:here:1", "oci:there:1", "--platform", str(ARM64), "--output", "json"
    )
    assert json.loads(whole.out)["digest"] == attested().descriptor.digest
    assert json.loads(alone.out)["digest"] == attested().images[1].descriptor.digest


def test_what_is_no_image_is_carried_all_the_same(vddkctl: Vddkctl, tmp_path: Path) -> None:
    put(tmp_path, parse("oci:here:1"), artifact())
    done = vddkctl("image", "copy", "oci:here:1", "oci:there:1", "--output", "json")
    assert json.loads(done.out)["digest"] == artifact().descriptor.digest


def test_a_layout_without_a_tag_is_no_destination(vddkctl: Vddkctl, image: Image) -> None:
    done = vddkctl("image", "copy", "oci:here:1", "oci:there")
    assert (done.code, done.err) == (
        64,
        'Error: "oci:there" has no tag, and a layout lists images by their tags\n  write oci:there:TAG\n',
    )


@pytest.mark.parametrize("words", [("copy", "oci:here:1"), ("index",)])
def test_where_anyone_can_pull_nothing_is_put_unless_it_is_said(
    vddkctl: Vddkctl, image: Image, plain_registry: RunningRegistry, repository: str, words: tuple[str, ...]
) -> None:
    name = f"{plain_registry.host}/{repository}:1"
    images = () if words[0] == "copy" else ("oci:here:1",)
    command = ("image", *words, name, *images)
    denied = vddkctl(*command)
    assert (denied.code, denied.out) == (1, "")
    assert denied.err.startswith(
        "Error: nothing was copied, since VDDK's licence forbids public images: anyone can pull "
    )
    assert denied.err.endswith("  or, for this once: --public-registry warn (or allow)\n")
    assert plain_registry.manifests(repository) == set()
    warned = vddkctl(*command, "--public-registry", "warn")
    assert warned.code == 0
    assert re.fullmatch("Warning: VDDK's licence forbids public images: anyone can pull .*\n", warned.err)
    assert list(plain_registry.tags(repository)) == ["1"]
    allowed = vddkctl(*command, *ALLOWED)
    assert (allowed.code, allowed.err) == (0, "")


def test_the_spec_s_policy_holds_unless_the_command_line_says_otherwise(
    vddkctl: Vddkctl, applied: SiteOnDisk, plain_registry: RunningRegistry, repository: str
) -> None:
    name = f"{plain_registry.host}/{repository}:1"
    with applied.spec.open("a") as spec:
        spec.write("policy: {publicRegistry: allow}\n")
    done = vddkctl("image", "copy", "vddk-8", name, cwd=applied.root)
    assert (done.code, done.err) == (0, "")
    assert vddkctl("image", "copy", "vddk-8", name, "--public-registry", "deny", cwd=applied.root).code == 1


def test_a_private_registry_is_let_in_without_a_word(
    vddkctl: Vddkctl, image: Image, password_registry: RunningRegistry, repository: str, tmp_path: Path
) -> None:
    login = logged_in(tmp_path, password_registry)
    name = f"{password_registry.host}/{repository}:1"
    done = vddkctl("image", "copy", "oci:here:1", name, env=login)
    assert (done.code, done.err) == (0, "")
    back = vddkctl("image", "copy", name, "oci:back:1", "--output", "json", env=login)
    assert json.loads(back.out)["digest"] == image.descriptor.digest


def test_a_repository_that_is_public_once_it_is_there_is_told(
    vddkctl: Vddkctl, image: Image, plain_registry: RunningRegistry, repository: str
) -> None:
    private_before = Answer("GET", "/tags/list", status=401, headers=ASKS_FOR_A_LOGIN)
    hidden = Answer("HEAD", f"{MANIFESTS}1$", status=401, headers=ASKS_FOR_A_LOGIN)
    with faults(plain_registry, private_before, hidden, all_happen=False) as proxy:
        done = vddkctl("image", "copy", "oci:here:1", f"{proxy.host}/{repository}:1")
    assert done.code == 1
    assert done.err.startswith(
        "Error: it is there now, and must not stay, since VDDK's licence forbids public images: anyone can pull "
    )
    assert f"digest  {image.descriptor.digest}" in done.out
    assert list(plain_registry.tags(repository)) == ["1"]


def test_a_refused_upload_leaves_no_tag(
    vddkctl: Vddkctl, image: Image, plain_registry: RunningRegistry, repository: str
) -> None:
    with faults(plain_registry, Answer("POST", UPLOADS, status=403, times=9), all_happen=False) as proxy:
        done = vddkctl("image", "copy", "oci:here:1", f"{proxy.host}/{repository}:1", *ALLOWED)
    assert (done.code, done.out) == (1, "")
    assert f"{proxy.host}/{repository}" in done.err
    assert plain_registry.tags(repository) == {}


def test_a_name_of_the_spec_as_the_destination(
    vddkctl: Vddkctl, applied: SiteOnDisk, plain_registry: RunningRegistry, repository: str
) -> None:
    put(applied.root, reference_in(plain_registry, repository), base_image())
    source = f"{plain_registry.host}/{repository}:1"
    done = vddkctl("image", "copy", source, "vddk-8", "--output", "json", cwd=applied.root)
    assert (done.code, done.err) == (0, "")
    data = json.loads(done.out)
    assert data["destination"] == "oci:./images/eight:8.0.1"
    assert data["before"] == applied.record["applied"]["image.vddk-8"]["digest"]
