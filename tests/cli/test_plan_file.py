from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tests.conftest import Vddkctl
from tests.support.sites import SPEC, SiteOnDisk
from vddkctl.cli.plan_file import read_plan
from vddkctl.errors import PlanFileError
from vddkctl.plan.codec import plan_to_json


def test_a_plan_is_for_its_owner_only_whatever_the_umask_and_the_old_file_say(
    vddkctl: Vddkctl, site: SiteOnDisk
) -> None:
    path = site.root / "plan.json"
    path.write_text("old")
    path.chmod(0o666)
    before = path.stat().st_ino
    done = vddkctl("plan", "-o", "plan.json", cwd=site.root)
    assert done.code == 0
    assert done.err == "Saved to plan.json. Carry it out with: vddkctl apply plan.json\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_ino != before  # in one step: another file took its name


def test_show_prints_what_plan_printed(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    planned = vddkctl("plan", "-o", "plan.json", cwd=site.root)
    for words in (("--summary",), ("--output", "json", "--summary")):
        assert (
            vddkctl("show", "plan.json", *words, cwd=site.root).out
            == vddkctl("plan", *words, cwd=site.root).out
        )
    shown = vddkctl("show", "plan.json", cwd=site.root)
    assert (shown.code, shown.out, shown.err) == (0, planned.out, "")


def test_the_file_is_what_plan_prints_as_json(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    done = vddkctl("plan", "-o", "plan.json", "--output", "json", cwd=site.root)
    assert done.err == ""
    assert (site.root / "plan.json").read_text() == done.out


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/dev/null", "the plan cannot be saved: this is no file"),
        (".", "the plan cannot be saved: this is no file"),
        ("", "the plan cannot be saved: this is no file"),
        ("missing/plan.json", "the plan cannot be saved: No such file or directory"),
        ("site.yaml/plan.json", "the plan cannot be saved: Not a directory"),
    ],
)
def test_what_is_no_place_for_a_plan_is_refused_and_left_alone(
    vddkctl: Vddkctl, site: SiteOnDisk, target: str, reason: str
) -> None:
    before = site.tree()
    done = vddkctl("plan", "-o", target, cwd=site.root)
    shown = target or '""'
    assert (done.code, done.out, done.err) == (1, "", f"Error: {shown}: {reason}\n")
    assert site.tree() == before
    assert Path("/dev/null").is_char_device()


def test_a_folder_may_have_a_name_that_is_no_text(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    odd = site.root.with_name(os.fsdecode(b"odd\xff"))
    site.root.rename(odd)
    assert vddkctl("plan", "-o", "plan.json", cwd=odd).code == 0
    assert vddkctl("apply", "plan.json", cwd=odd).code == 0
    assert vddkctl("plan", "--detailed-exitcode", cwd=odd).code == 0
    done = vddkctl("plan", "--output", "json", cwd=odd)
    assert os.fsencode(json.loads(done.out)["location"]["folder"]) == os.fsencode(odd)


def plan_text(site: SiteOnDisk, **changed: object) -> str:
    return json.dumps({**plan_to_json(site.plan()), **changed})


BAD = [
    ("empty", lambda site: "", "not a saved plan: it is empty\n  make one with: vddkctl plan -o FILE\n"),
    ("cut off", lambda site: plan_text(site)[:5000], "not a saved plan: "),
    ("a pit", lambda site: "[" * 100_000, "not a saved plan: it is nested too deeply"),
    ("a spec", lambda site: SPEC, "not a saved plan: it is not JSON, or not whole: "),
    ("other JSON", lambda site: "[1, 2]", "not a saved plan: no formatVersion"),
    ("a number for a version", lambda site: '{"formatVersion": 1.0}', "not a saved plan: no formatVersion"),
    (
        "a later format",
        lambda site: plan_text(site, formatVersion="2.0"),
        "format 2.0 is not known to this version, which reads 1.0\n  use the vddkctl that wrote it\n",
    ),
    (
        "a plan without its changes",
        lambda site: json.dumps({"formatVersion": "1.0", "tool": "vddkctl", "site": "x"}),
        "not a plan that this version can read: ",
    ),
    ("a record", lambda site: '{"formatVersion": "1.0", "site": "x", "applied": {}}', "not a plan that "),
]


@pytest.mark.parametrize(("text", "said"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_what_is_no_plan_is_refused(vddkctl: Vddkctl, site: SiteOnDisk, text: object, said: str) -> None:
    assert callable(text)
    (site.root / "plan.json").write_text(text(site))
    before = site.tree()
    done = vddkctl("apply", "plan.json", cwd=site.root)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"Error: plan.json: {said}")
    assert site.tree() == before
    with pytest.raises(PlanFileError):  # as show does
        read_plan(str(site.root / "plan.json"))


def test_bytes_that_are_no_text_are_no_plan(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    done = vddkctl("apply", "eight.tar.gz", cwd=site.root)
    assert done.code == 1
    assert done.err.startswith("Error: eight.tar.gz: not a saved plan: ")


@pytest.mark.parametrize(
    ("name", "reason"), [("gone.json", "No such file or directory"), ("gitops", "Is a directory")]
)
def test_a_plan_that_cannot_be_read(vddkctl: Vddkctl, site: SiteOnDisk, name: str, reason: str) -> None:
    for command in ("show", "apply"):
        done = vddkctl(command, name, cwd=site.root)
        assert (done.code, done.err) == (1, f"Error: {name}: the plan cannot be read: {reason}\n")


def test_a_newer_minor_format_is_read_and_its_additions_are_ignored(
    vddkctl: Vddkctl, site: SiteOnDisk
) -> None:
    (site.root / "plan.json").write_text(plan_text(site, formatVersion="1.7", novelty={"a": 1}))
    assert vddkctl("apply", "plan.json", cwd=site.root).code == 0
    assert site.plan().changes == ()


def test_secrets_are_never_looked_at_nor_shown(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    created = """\
  new:
    create:
      url: https://vcenter.example.com/sdk
      credentials: {username: {env: VC_USER}, password: {file: ./password}}
"""
    site.spec.write_text(SPEC + created)
    (site.root / "password").write_text("hunter2-from-a-file")
    environment = {"VC_USER": "hunter2-from-the-environment"}
    for words in (
        ("plan", "-vv", "-o", "plan.json"),
        ("apply", "--auto-approve", "-vv"),
        ("validate", "--output", "json"),
        ("explain",),
    ):
        done = vddkctl(*words, cwd=site.root, env=environment)
        assert "hunter2" not in done.out + done.err
    assert not [name for name, data in site.tree().items() if b"hunter2" in data and name != "password"]
