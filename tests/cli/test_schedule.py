"""Pieces that run the drift check."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.conftest import Vddkctl
from tests.support.sites import PROD, SiteOnDisk
from vddkctl.errors import UsageError
from vddkctl.schedule.task import cron_of

LIVE = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {name: frankfurt}
cluster: {context: prod, namespace: mtv}   # by kubeconfig
registries: {harbor.example.com: {caFile: ./ca.pem}}
images:
  vddk-8:
    archive: {path: ./a.tar.gz, sha256: "%s"}
    repository: harbor.example.com/vddk
    tag: 8.0.1
controller: {vddkImage: vddk-8}
""" % ("a" * 64)


@pytest.mark.parametrize("every", ["1m", "15m", "30m", "1h", "6h", "1d"])
def test_sites_do_not_all_run_at_once(every: str) -> None:
    fields = {cron_of(every, f"site-{number}") for number in range(50)}
    assert all(len(each.split()) == 5 for each in fields)
    assert len(fields) > 1 or every == "1m"


@pytest.mark.parametrize("every", ["7m", "0m", "5h", "2d", "1w", "", "90m"])
def test_times_that_cron_cannot_say(every: str) -> None:
    with pytest.raises(UsageError):
        cron_of(every, "s")


def test_the_crontab_line_is_silent_until_somebody_changes_something(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    done = vddkctl("schedule", "crontab", "--every", "15m", "--report", "r.prom", cwd=applied.root)
    assert done.code == 0, done.err
    line = done.out.splitlines()[-1]
    fields, command = line.split(None, 5)[:5], line.split(None, 5)[5]
    assert re.fullmatch(r"\d+-59/15 \* \* \* \*", " ".join(fields))
    words = shlex.split(command)
    assert words[:2] == ["flock", "-n"]
    command = command.replace(words[3], f"{sys.executable} -m vddkctl", 1)

    def run() -> tuple[int, str]:
        ran = subprocess.run(["/bin/sh", "-c", command], cwd="/", capture_output=True, text=True, check=False)
        return ran.returncode, ran.stdout + ran.stderr

    assert run() == (0, "")
    assert (applied.root / "r.prom").exists()
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    code, text = run()
    assert code == 3
    assert PROD in text


def test_systemd_units_are_two_files(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    text = vddkctl("schedule", "systemd", "--every", "6h", cwd=site.root).out
    assert "# /etc/systemd/system/vddkctl-drift-frankfurt.service\n[Unit]\n" in text
    assert f" drift --quiet -f {site.root}/site.yaml\n" in text
    assert "NoNewPrivileges=yes\n" in text
    assert "OnUnitActiveSec=6h\n" in text


@pytest.mark.parametrize("where", ["github", "gitlab"])
def test_pipelines_are_yaml(vddkctl: Vddkctl, site: SiteOnDisk, where: str) -> None:
    text = vddkctl("schedule", where, "--image", "h.example/vddkctl:1", cwd=site.root).out
    found = YAML(typ="safe").load(text)
    assert found
    assert "vddkctl drift --quiet -f site.yaml" in text
    assert "h.example/vddkctl:1" in text


def test_a_cron_job_has_the_spec_and_its_authority(vddkctl: Vddkctl, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(LIVE)
    (tmp_path / "ca.pem").write_text("a certificate\n")
    done = vddkctl("schedule", "kubernetes", cwd=tmp_path)
    assert done.code == 0, done.err
    objects = {each["kind"]: each for each in YAML(typ="safe").load_all(done.out)}
    data = objects["ConfigMap"]["data"]
    assert data["ca.pem"] == "a certificate\n"
    assert "context" not in data["site.yaml"]
    assert "namespace: mtv" in data["site.yaml"]
    pod = objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["containers"][0]["command"][:3] == ["vddkctl", "drift", "--quiet"]
    assert objects["CronJob"]["metadata"]["namespace"] == "mtv"


def test_what_is_not_in_the_cluster_is_told_with_its_place(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    done = vddkctl("schedule", "kubernetes", cwd=site.root)
    assert done.code == 1
    assert "site.yaml:4:11: a folder of manifests is not in the cluster" in done.out + done.err
    assert "declare its sha256 under images.vddk-8.archive" in done.out + done.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("crontab", "--every", "7m"), "cron cannot say every 7m"),
        (("crontab", "--cron", "* *"), "has not five fields"),
        (("systemd", "--cron", "* * * * *"), "systemd has no fields of cron"),
        (("nowhere",), "nowhere"),
        (("crontab", "--report", "x.doc"), "the ending says the form"),
    ],
)
def test_bad_words(vddkctl: Vddkctl, site: SiteOnDisk, words: tuple[str, ...], says: str) -> None:
    done = vddkctl("schedule", *words, cwd=site.root)
    assert done.code == 64
    assert says in done.err
