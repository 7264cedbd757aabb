"""Reports of a run that heals: what was put back, what stays and why, and what kept it from being healed."""

from __future__ import annotations

import json
from typing import Any

from tests.cli.test_reports import ALL, promtool, suite_of
from tests.conftest import Vddkctl
from tests.support.hooks import hook
from tests.support.sites import PROD, TEST, SiteOnDisk

HEAL = ("drift", "--heal", "--quiet")
SITE = 'site="frankfurt",run="drift"'


def drifted(site: SiteOnDisk) -> None:
    site.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")


def metrics_of(site: SiteOnDisk) -> str:
    text = (site.root / "r.prom").read_text()
    promtool(text)
    return text


def data_of(site: SiteOnDisk) -> Any:
    return json.loads((site.root / "r.json").read_text())


def test_what_was_healed_is_done_and_all_is_well(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    drifted(applied)
    assert vddkctl(*HEAL, *ALL, cwd=applied.root).code == 0
    metrics = metrics_of(applied)
    for line in (f"last_run_success{{{SITE}}} 1", f"last_run_well{{{SITE}}} 1", f"drift_fields{{{SITE}}} 0"):
        assert f"vddkctl_{line}\n" in metrics
    assert f'vddkctl_addresses{{{SITE},state="drift"}} 0\n' in metrics
    assert f'vddkctl_addresses{{{SITE},state="done"}} 1\n' in metrics
    data = data_of(applied)
    (step,) = data["healing"]["results"]
    assert (step["address"], step["status"], data["healing"]["stays"]) == (PROD, "done", [])
    assert (data["summary"]["drift"], data["summary"]["healed"]) == (1, 1)
    for name in ("r.md", "r.html"):
        page = (applied.root / name).read_text()
        assert "Drift: 1 field of 1 address changed by someone else. Healed: 1 of 1 address." in page
        assert "put back" in page
    assert suite_of((applied.root / "r.xml").read_text()).get("failures") == "0"


def test_what_stays_is_told_with_why(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    drifted(applied)
    (applied.gitops / "test.yaml").unlink()
    assert vddkctl(*HEAL, *ALL, cwd=applied.root).code == 3
    metrics = metrics_of(applied)
    assert f"vddkctl_last_run_well{{{SITE}}} 0\n" in metrics
    assert f'vddkctl_addresses{{{SITE},state="done"}} 1\n' in metrics
    (stays,) = data_of(applied)["healing"]["stays"]
    assert stays["address"] == TEST
    assert stays["why"].startswith("it is gone, and is not made again unasked")
    assert "not healed: it is gone" in (applied.root / "r.md").read_text()
    suite = suite_of((applied.root / "r.xml").read_text())
    assert ["not healed: it is gone" in (each.text or "") for each in suite.iter("failure")] == [True]


def test_a_field_that_is_put_back_and_one_that_stays_are_told_apart(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    drifted(applied)
    applied.change("gitops/prod.yaml", 'useVddkAioOptimization: "true"', 'useVddkAioOptimization: "false"')
    applied.change("site.yaml", "buffers: small", "buffers: medium")
    assert vddkctl(*HEAL, *ALL, cwd=applied.root).code == 3
    lines = (applied.root / "r.md").read_text().splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| ") and PROD in line]
    told = {row[2].split()[0]: row[3] for row in rows if row[2] != "pending"}
    assert {"done", "drift"} <= set(told)
    assert "useVddkAioOptimization" in told["done"]
    assert "vddkConfig" not in told["done"]
    assert "not healed: the spec asks for another vddkConfig by now" in told["drift"]
    assert "useVddkAioOptimization" not in told["drift"]
    assert f"vddkctl_drift_fields{{{SITE}}} 1\n" in metrics_of(applied)


def test_more_than_the_limit_is_in_the_report(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    drifted(applied)
    applied.change("gitops/forklift.yaml", "vddk_image:", "vddk_image: quay.io/other/vddk:1 #")
    assert vddkctl(*HEAL, "--heal-limit", "1", *ALL, cwd=applied.root).code == 3
    data = data_of(applied)
    assert {each["why"] for each in data["healing"]["stays"]} == {"2 addresses are more than --heal-limit 1"}
    assert (len(data["healing"]["stays"]), data["summary"]["healed"]) == (2, 0)
    assert f'vddkctl_addresses{{{SITE},state="drift"}} 2\n' in metrics_of(applied)


def test_healing_that_cannot_begin_is_no_success(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    drifted(applied)
    with applied.folder.lock("frankfurt", "bob@there since 2026-11-20T09:00:00Z"), hook() as hooked:
        assert vddkctl(*HEAL, *ALL, "--notify", hooked.url, cwd=applied.root).code == 1
        (told,) = hooked.received
    assert told.data == data_of(applied)
    assert "bob@there" in json.dumps(told.data["healing"]["error"])
    metrics = metrics_of(applied)
    assert f"vddkctl_last_run_success{{{SITE}}} 0\n" in metrics
    assert f'vddkctl_addresses{{{SITE},state="drift"}} 1\n' in metrics
    suite = suite_of((applied.root / "r.xml").read_text())
    assert (suite.get("errors"), suite.get("failures")) == ("1", "1")
    assert "Healing failed." in (applied.root / "r.md").read_text()


def test_healing_is_always_news(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    with hook() as hooked:
        for _ in range(2):
            drifted(applied)
            assert vddkctl(*HEAL, "--notify", hooked.url, cwd=applied.root).code == 0
            assert vddkctl(*HEAL, "--notify", hooked.url, cwd=applied.root).code == 0
        assert [each.data["summary"]["healed"] for each in hooked.received] == [1, 1]
