"""``validate --report``: mistakes where code scanning shows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.conftest import Vddkctl
from tests.support.sites import SiteOnDisk


def log(path: Path) -> Any:
    """The one run of a SARIF log."""
    data = json.loads(path.read_text())
    assert (data["version"], len(data["runs"])) == ("2.1.0", 1)
    assert data["$schema"].endswith("/sarif-schema-2.1.0.json")
    (run,) = data["runs"]
    assert run["tool"]["driver"]["name"] == "vddkctl"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    return run


def test_every_mistake_has_its_place(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    site.change("site.yaml", "vddkImage: vddk-8", "vddkImage: vddk-9")
    site.change("site.yaml", "    tag: 7.0.3", "    tga: 7.0.3")
    told = vddkctl("validate", "--report", "r.sarif", "--report", "r.json", cwd=site.root)
    assert told.code == 1
    run = log(site.root / "r.sarif")
    assert run["invocations"] == [{"executionSuccessful": True}]
    lines = []
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        at = place["region"]
        lines.append(
            f"{place['artifactLocation']['uri']}:{at['startLine']}:{at['startColumn']}: {result['message']['text']}"
        )
    assert lines == told.err.splitlines()[:-1]
    assert len(lines) > 1
    again = vddkctl("validate", "--output", "json", cwd=site.root)
    assert json.loads((site.root / "r.json").read_text()) == json.loads(again.out)


def test_no_mistake_is_a_log_without_results(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    assert vddkctl("validate", "--report", "r.sarif", cwd=site.root).code == 0
    assert log(site.root / "r.sarif")["results"] == []


def test_names_of_files_become_addresses(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    name = site.root / "a b#c%é.yaml"
    name.write_text("kind: [\n")
    for given in (name.name, name):
        assert vddkctl("validate", "-f", given, "--report", "r.sarif", cwd=site.root).code == 1
        (result,) = log(site.root / "r.sarif")["results"]
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.endswith("a%20b%23c%25%C3%A9.yaml")
        assert uri.startswith("file:///") == (given is name)


def test_a_spec_that_cannot_be_read_is_no_clean_log(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    done = vddkctl("validate", "-f", "gone.yaml", "--report", "r.sarif", "--report", "r.json", cwd=site.root)
    assert done.code == 1
    (invocation,) = log(site.root / "r.sarif")["invocations"]
    assert not invocation["executionSuccessful"]
    assert "no such file" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    assert not json.loads((site.root / "r.json").read_text())["valid"]


def test_other_forms_belong_to_other_commands(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    done = vddkctl("validate", "--report", "r.html", cwd=site.root)
    assert (done.code, done.out) == (64, "")
    assert "there are: .json, .sarif" in done.err
    done = vddkctl("plan", "--report", "r.sarif", cwd=site.root)
    assert (done.code, done.out) == (64, "")
