from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Golden, Vddkctl
from tests.support.sites import ALL, EIGHT, PROD, SiteOnDisk
from tests.support.terminal import CTRL_C, CTRL_D, at_terminal

PROMPT = "Only yes is taken for an answer: "
DONE = f"Applied: {len(ALL)} of {len(ALL)} changes done.\n"


@pytest.mark.parametrize("words", [(), ("--output", "json"), ("-f", "-")])
def test_without_anyone_to_ask_it_refuses(vddkctl: Vddkctl, site: SiteOnDisk, words: tuple[str, ...]) -> None:
    before = site.tree()
    done = vddkctl("apply", *words, cwd=site.root, input=site.spec.read_text())
    assert (done.code, done.out) == (64, "")
    assert done.err == (
        "Error: apply asks before it changes anything, and there is no one to ask\n"
        "  add --auto-approve, or give it a plan saved by: vddkctl plan -o FILE\n"
    )
    assert site.tree() == before


def test_with_yes_it_applies(site: SiteOnDisk) -> None:
    done = at_terminal("apply", cwd=site.root, prompt=PROMPT, answer="yes\n", env={"NO_COLOR": "1"})
    assert done.code == 0
    assert done.out.endswith(DONE)
    assert site.plan().changes == ()


@pytest.mark.parametrize(
    ("answer", "code", "last"),
    [
        ("y\n", 1, "Nothing was changed."),
        ("no\n", 1, "Nothing was changed."),
        ("\n", 1, "Nothing was changed."),
        (CTRL_D, 130, "Interrupted; nothing was changed."),
        (CTRL_C, 130, "Interrupted; nothing was changed."),
    ],
)
def test_any_other_answer_changes_nothing(site: SiteOnDisk, answer: str, code: int, last: str) -> None:
    before = site.tree()
    done = at_terminal("apply", cwd=site.root, prompt=PROMPT, answer=answer)
    assert done.code == code
    assert done.out.splitlines()[-1] == last
    assert site.tree() == before


def test_nothing_is_asked_when_there_is_nothing_to_do(applied: SiteOnDisk) -> None:
    done = at_terminal("apply", cwd=applied.root, env={"NO_COLOR": "1"})
    assert done.code == 0
    assert done.out.endswith("\n\nNo changes: 7 addresses are as declared.\n")
    assert PROMPT not in done.out


def test_it_shows_the_plan_and_each_step(vddkctl: Vddkctl, site: SiteOnDisk, golden: Golden) -> None:
    site.change("site.yaml", "oci:./base:small", f"oci:./base:small@{base_digest(site)}")
    done = vddkctl("apply", "--auto-approve", cwd=site.root)
    assert (done.code, done.err) == (0, "")
    golden("apply/all.txt", done.out)


def base_digest(site: SiteOnDisk) -> str:
    index = json.loads((site.root / "base" / "index.json").read_bytes())
    return str(index["manifests"][0]["digest"])


def test_the_result_as_data(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    (site.gitops / "prod.yaml").chmod(0o444)
    done = vddkctl("apply", "--auto-approve", "--output", "json", cwd=site.root)
    assert (done.code, done.err) == (4, "")
    result = json.loads(done.out)
    assert (result["formatVersion"], result["site"]) == ("1.0", "frankfurt")
    assert result["tool"].startswith("vddkctl ")
    assert result["summary"] == {"done": 6, "satisfied": 0, "failed": 1, "skipped": 0}
    assert (result["interrupted"], result["recordError"]) == (False, None)
    ends = {each["address"]: each for each in result["results"]}
    assert list(ends) == list(ALL)
    assert ends[PROD] == {
        "address": PROD,
        "action": "update",
        "status": "failed",
        "error": f"{site.gitops}/prod.yaml: this file is read-only\n  chmod u+w {site.gitops}/prod.yaml",
        "warning": None,
        "digest": None,
    }
    assert ends[EIGHT]["digest"].startswith("sha256:")


def test_half_done_is_told_change_by_change(vddkctl: Vddkctl, site: SiteOnDisk, golden: Golden) -> None:
    assert vddkctl("plan", "-o", "plan.json", cwd=site.root).code == 0
    (site.root / "eight.tar.gz").unlink()
    done = vddkctl("apply", "plan.json", cwd=site.root)
    assert (done.code, done.err) == (4, header(site))
    golden("apply/half.txt", done.out.replace(str(site.root), "SITE"))


def test_nothing_done_is_a_failure(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    (site.gitops / "prod.yaml").chmod(0o444)
    done = vddkctl("apply", "--auto-approve", "--target", "provider.*/prod", cwd=site.root)
    assert done.code == 1
    assert done.out.endswith(
        "Applied: 0 of 1 change done, 1 failed, 0 not tried.\nRun vddkctl apply again to finish.\n"
    )


def test_a_saved_plan_is_done_without_the_spec_and_without_asking(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    assert vddkctl("plan", "-o", "plan.json", cwd=site.root).code == 0
    site.spec.rename(site.root / "kept.yaml")
    done = vddkctl("apply", "plan.json", cwd=site.root)
    assert (done.code, done.err) == (0, header(site))
    lines = (f"  ✓ {address}  {'created' if 'image' in address else 'updated'}\n" for address in ALL)
    assert re.sub("  sha256:[0-9a-f]{64}", "", done.out) == "".join(lines) + DONE
    (site.root / "kept.yaml").rename(site.spec)
    assert vddkctl("plan", "--detailed-exitcode", cwd=site.root).code == 0


def test_a_saved_plan_is_done_from_anywhere_as_it_was_made(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    plan = site.root.parent / "plan.json"
    assert vddkctl("plan", "-f", site.spec, "-o", plan, cwd=site.root.parent).code == 0
    site.change("site.yaml", "prod: {aio: true", "prod: {aio: false")
    assert vddkctl("apply", plan, cwd=site.root.parent).code == 0
    assert 'useVddkAioOptimization: "true"' in (site.gitops / "prod.yaml").read_text()


def test_a_saved_plan_is_done_where_the_site_is_now(
    vddkctl: Vddkctl, site: SiteOnDisk, tmp_path: Path
) -> None:
    assert vddkctl("plan", "-o", "plan.json", cwd=site.root).code == 0
    moved = SiteOnDisk(site.root.rename(tmp_path / "moved"))
    done = vddkctl("apply", "plan.json", cwd=moved.root)
    assert (done.code, done.err) == (
        1,
        (
            f"Error: {site.root}: the folder that the plan was made in is gone\n"
            "  say where the site is now: vddkctl apply plan.json -f FOLDER/site.yaml\n"
        ),
    )
    assert vddkctl("apply", "plan.json", "-f", "gone.yaml", cwd=moved.root).code == 1
    done = vddkctl("apply", "moved/plan.json", "-f", "moved/site.yaml", cwd=tmp_path)
    assert (done.code, done.err) == (0, header(moved))
    assert vddkctl("plan", "--detailed-exitcode", cwd=moved.root).code == 0


def header(site: SiteOnDisk) -> str:
    return f"frankfurt: {site.gitops}, namespace openshift-mtv\n"


def test_a_saved_plan_without_changes_says_so(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    assert vddkctl("plan", "-o", "plan.json", cwd=applied.root).code == 0
    done = vddkctl("apply", "plan.json", cwd=applied.root)
    assert (done.code, done.out, done.err) == (0, "Nothing to do.\n", header(applied))


def test_a_stale_plan_is_refused_by_name(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    assert vddkctl("plan", "-o", "plan.json", cwd=site.root).code == 0
    site.change("gitops/test.yaml", "vddk:test", "vddk:other")
    (site.gitops / "prod.yaml").unlink()
    before = site.tree()
    done = vddkctl("apply", "plan.json", cwd=site.root)
    assert (done.code, done.out) == (1, "")
    assert done.err.removeprefix(header(site)) == (
        "Error: the plan is stale, nothing was written; since it was made:\n"
        "  provider.openshift-mtv/prod: it is gone\n"
        "  provider.openshift-mtv/test: spec.settings.vddkInitImage was 'quay.io/old/vddk:test', "
        "now 'quay.io/old/vddk:other' (test.yaml:9)\n"
        "  make a new one with: vddkctl plan\n"
    )
    after = site.tree()
    after.pop("gitops/.vddkctl/.gitignore")
    assert after == before


@pytest.mark.parametrize("option", ["--target", "--exclude"])
def test_a_saved_plan_takes_no_target(vddkctl: Vddkctl, site: SiteOnDisk, option: str) -> None:
    assert vddkctl("plan", "-o", "plan.json", cwd=site.root).code == 0
    done = vddkctl("apply", "plan.json", option, "image.*", cwd=site.root)
    assert done.code == 64
    assert "a saved plan is done as it is" in done.err


def test_while_another_apply_runs_it_fails_and_names_who(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    with site.folder.lock("frankfurt", "bob@there since 2026-11-20T09:00:00Z"):
        before = site.tree()
        done = vddkctl("apply", "--auto-approve", cwd=site.root)
        assert site.tree() == before
    assert done.code == 1
    assert done.err == (
        f"Error: {site.gitops}/.vddkctl/frankfurt.lock: the site frankfurt is locked by "
        f"bob@there since 2026-11-20T09:00:00Z (process {os.getpid()})\n"
        "  wait until that run has ended; its lock goes with it\n"
    )
    assert vddkctl("apply", "--auto-approve", cwd=site.root).code == 0


def test_of_several_applies_at_once_each_is_whole_or_did_nothing(site: SiteOnDisk) -> None:
    words = [sys.executable, "-m", "vddkctl", "apply", "--auto-approve"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen(
            words, cwd=site.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    ends = [(*process.communicate(timeout=60), process.returncode) for process in started]
    assert 0 in {code for *_, code in ends}
    for _, err, code in ends:
        assert code == 0 or (code == 1 and ("is locked by" in err or "the plan is stale" in err)), err
    assert site.plan().changes == ()
    assert site.record["intended"] == {}
    assert site.leftovers() == []


def test_a_spec_from_standard_input_is_applied(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    text = site.spec.read_text()
    site.spec.unlink()
    assert vddkctl("apply", "-f", "-", "--auto-approve", cwd=site.root, input=text).code == 0
    assert vddkctl("plan", "-f", "-", "--detailed-exitcode", cwd=site.root, input=text).code == 0


def test_a_reader_who_leaves_does_not_stop_it(site: SiteOnDisk) -> None:
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "vddkctl", "apply", "--auto-approve"],
        cwd=site.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=writer,
        stderr=subprocess.PIPE,
    )
    os.close(writer)
    os.close(reader)
    _, err = process.communicate(timeout=60)
    assert b"Traceback" not in err
    assert b"mistake" not in err
    if site.plan().changes:  # it left before the plan was shown, and nothing was begun
        assert process.returncode == 1
        assert not (site.root / "images").exists()


def test_what_was_done_is_recorded_though_its_telling_fails(site: SiteOnDisk) -> None:
    plan = site.root / "plan.json"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "vddkctl"]
    subprocess.run(
        [*command, "plan", "-o", plan], cwd=site.root, env=environment, check=True, capture_output=True
    )
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*command, "apply", plan],
            cwd=site.root,
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    said = done.stderr.decode().removeprefix(header(site))
    assert said == "Error: standard output cannot be written: No space left on device\n"
    assert set(site.record["applied"]) == set(ALL)
    assert site.plan().changes == ()
