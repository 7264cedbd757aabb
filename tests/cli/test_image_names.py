"""What the words behind ``vddkctl image …`` mean, and how registries are reached."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import Vddkctl
from tests.registry.samples import base_image
from tests.support.running_registry import RunningRegistry
from tests.support.sites import SiteOnDisk
from vddkctl.oci.reference import parse
from vddkctl.progress import Silent
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.registry.push import push

ALLOWED = ("--public-registry", "allow")
EIGHT = "oci:./images/eight:8.0.1"


def digest_in(text: str) -> str:
    found = re.search(r"digest +(sha256:[0-9a-f]{64})\n", text)
    assert found, text
    return found[1]


@pytest.mark.parametrize(
    "word", ["vddk-8", "image.vddk-8", EIGHT, "oci:images/eight", "oci:images//eight:8.0.1"]
)
def test_an_image_by_its_name_its_address_or_its_reference(
    vddkctl: Vddkctl, applied: SiteOnDisk, word: str
) -> None:
    done = vddkctl("image", "inspect", word, cwd=applied.root)
    assert (done.code, done.err) == (0, "")
    assert digest_in(done.out) == applied.record["applied"]["image.vddk-8"]["digest"]


def test_names_are_relative_to_the_spec_and_references_to_the_current_folder(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    (applied.root / "below").mkdir()
    words = ("image", "inspect", "-f", "../site.yaml")
    by_name = vddkctl(*words, "vddk-8", cwd=applied.root / "below")
    by_path = vddkctl(*words, "oci:../images/eight:8.0.1", cwd=applied.root / "below")
    assert (by_name.code, by_path.code) == (0, 0)
    assert digest_in(by_name.out) == digest_in(by_path.out)
    gone = vddkctl(*words, EIGHT, cwd=applied.root / "below")
    assert (gone.code, "there is no such image" in gone.err) == (1, True)


def test_the_spec_is_where_it_is_said_or_here_or_nowhere(
    vddkctl: Vddkctl, applied: SiteOnDisk, tmp_path: Path
) -> None:
    place = str(applied.spec)
    assert vddkctl("image", "inspect", "vddk-8", "-f", place).code == 0
    assert vddkctl("image", "inspect", "vddk-8", env={"VDDKCTL_FILE": place}).code == 0
    assert (
        vddkctl(
            "image", "inspect", "vddk-8", "-f", "-", input=applied.spec.read_text(), cwd=applied.root
        ).code
        == 0
    )
    gone = vddkctl("image", "inspect", f"oci:{applied.root}/images/eight", "-f", "gone.yaml")
    assert (gone.code, gone.err.splitlines()[0]) == (1, "Error: gone.yaml: no such file")
    assert vddkctl("image", "inspect", f"oci:{applied.root}/images/eight").code == 0


def test_mistakes_in_the_spec_are_told_first(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    applied.change("site.yaml", "tag: 8.0.1", "tag: [8]")
    done = vddkctl("image", "inspect", EIGHT, cwd=applied.root)
    assert done.code == 1
    assert done.err.startswith("site.yaml:15:10: expected a tag")


WRONG: list[tuple[str, str]] = [
    ("vddk-9", 'no image named "vddk-9"; did you mean "vddk-8"?\n  declared: vddk-7, vddk-8\n'),
    ("image.vddk-9", 'no image named "vddk-9"; did you mean "vddk-8"?\n  declared: vddk-7, vddk-8\n'),
    ("other", 'no image named "other"\n  declared: vddk-7, vddk-8\n'),
    ("", 'no image named ""\n  declared: vddk-7, vddk-8\n'),
    ("vddk:8", '"vddk:8" names no registry\n  write its host first, as in registry.example.com/vddk:8\n'),
    (
        "example.com/vddk",
        (
            '"example.com/vddk" has neither tag nor digest\n'
            "  write example.com/vddk:TAG or example.com/vddk@sha256:…; vddkctl does not assume latest\n"
        ),
    ),
    ("example.com/Vddk:1", '"example.com/Vddk:1": "Vddk" has upper-case letters\n  write vddk\n'),
    (
        "ann:secret@example.com/vddk:1",
        "a reference names no user and no password\n  registries have their own login\n",
    ),
]


@pytest.mark.parametrize(("word", "said"), WRONG)
def test_what_names_nothing_is_a_wrong_command_line(
    vddkctl: Vddkctl, site: SiteOnDisk, word: str, said: str
) -> None:
    done = vddkctl("image", "inspect", word, cwd=site.root)
    assert (done.code, done.out, done.err) == (64, "", f"Error: {said}")


@pytest.mark.parametrize(
    "words",
    [
        ("copy", "vddk-9", "oci:there:1"),
        ("copy", "vddk-8", "vddk-9"),
        ("index", "oci:there:1", "vddk-9"),
        ("export", "vddk-9", "image.tar"),
    ],
)
def test_every_command_knows_the_names(vddkctl: Vddkctl, applied: SiteOnDisk, words: tuple[str, ...]) -> None:
    done = vddkctl("image", *words, cwd=applied.root)
    assert (done.code, done.err) == (64, f"Error: {WRONG[0][1]}")


def test_a_name_without_a_spec_says_what_is_missing(vddkctl: Vddkctl) -> None:
    done = vddkctl("image", "inspect", "vddk-8")
    assert (done.code, done.err) == (
        64,
        (
            'Error: no image named "vddk-8": the spec is not there: name it with -f FILE\n'
            "  or write a reference, as in registry.example.com/vddk:8.0.1\n"
        ),
    )


def test_a_tag_that_is_not_there_is_told_with_some_that_are(
    vddkctl: Vddkctl, plain_registry: RunningRegistry, repository: str, tmp_path: Path
) -> None:
    for tag in ("1", "2", "3", "4", "5", "6", "8.0.1"):
        push(LayoutRegistry(tmp_path), parse(f"oci:here:{tag}"), base_image(), Silent())
    gone = vddkctl("image", "inspect", "oci:here:8.0.2")
    assert (gone.code, gone.err.splitlines()[1:]) == (1, ["  tags there: 8.0.1, 1, 2, 3, 4 and 2 more"])
    name = f"{plain_registry.host}/{repository}"
    assert vddkctl("image", "copy", "oci:here:1", f"{name}:8.0.1", *ALLOWED).code == 0
    gone = vddkctl("image", "inspect", f"{name}:8.0.2")
    assert (gone.code, gone.err) == (1, f"Error: {name}:8.0.2: there is no such image\n  tags there: 8.0.1\n")
    nothing = vddkctl("image", "inspect", f"{name}x:1")
    assert nothing.err.splitlines()[1] == "  there is no image at all; look at the name"


def test_registries_are_reached_as_the_command_line_says(
    vddkctl: Vddkctl, tls_registry: RunningRegistry, repository: str, tmp_path: Path
) -> None:
    push(LayoutRegistry(tmp_path), parse("oci:here:1"), base_image(), Silent())
    host, name = tls_registry.host, f"{tls_registry.host}/{repository}:1"
    assert vddkctl("image", "copy", "oci:here:1", name, *ALLOWED, "--ca-file", str(tls_registry.ca)).code == 0
    assert vddkctl("image", "inspect", name, "--skip-verify", host).code == 0
    assert vddkctl("image", "inspect", name, "--skip-verify", "other:1", "--skip-verify", host).code == 0
    assert vddkctl("image", "inspect", name, "--plain-http", host).code == 1
    (tmp_path / "site.yaml").write_text(
        f"apiVersion: vddkctl.dev/v1alpha1\nkind: Site\nmetadata: {{name: s}}\nregistries: {{'{host}': {{tls: verify}}}}\n"
    )
    refused = vddkctl("image", "inspect", name)
    assert refused.code == 1
    assert "caFile" in refused.err
    assert vddkctl("image", "inspect", name, "--ca-file", str(tls_registry.ca)).code == 0
    assert vddkctl("image", "inspect", name, "--skip-verify", host).code == 0


SETTINGS: list[tuple[tuple[str, ...], int, str]] = [
    (("--skip-verify", "https://a.example"), 64, "--skip-verify takes a registry's host, or host:port\n"),
    (("--plain-http", "a.example/vddk"), 64, "--plain-http takes a registry's host, or host:port\n"),
    (
        ("--plain-http", "a.example", "--skip-verify", "a.example"),
        64,
        "a.example is named by --skip-verify and --",
    ),
    (("--ca-file", "gone.pem"), 1, "gone.pem: no such file\n"),
    (("--platform", "amd64"), 64, '--platform: "amd64" is not a platform\n'),
]


@pytest.mark.parametrize(("words", "code", "said"), SETTINGS, ids=[" ".join(row[0]) for row in SETTINGS])
def test_wrong_options(vddkctl: Vddkctl, words: tuple[str, ...], code: int, said: str) -> None:
    done = vddkctl("image", "inspect", "a.example/vddk:1", *words)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(f"Error: {said}")


def test_a_ca_file_leaves_the_spec_s_plain_http_alone(
    vddkctl: Vddkctl,
    plain_registry: RunningRegistry,
    tls_registry: RunningRegistry,
    repository: str,
    tmp_path: Path,
) -> None:
    push(LayoutRegistry(tmp_path), parse("oci:here:1"), base_image(), Silent())
    (tmp_path / "site.yaml").write_text(
        "apiVersion: vddkctl.dev/v1alpha1\nkind: Site\nmetadata: {name: s}\n"
        f"registries: {{'{plain_registry.host}': {{tls: plain-http}}}}\n"
    )
    name = f"{plain_registry.host}/{repository}:1"
    assert vddkctl("image", "copy", "oci:here:1", name, *ALLOWED).code == 0
    other = f"{tls_registry.host}/{repository}:1"
    assert vddkctl("image", "copy", name, other, *ALLOWED, "--ca-file", str(tls_registry.ca)).code == 0
