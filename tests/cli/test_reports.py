"""Reports of plan, apply and drift in files."""

from __future__ import annotations

import json
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as Tree

import pytest

from tests.conftest import Vddkctl
from tests.support.sites import PROD, SiteOnDisk
from vddkctl.plan.model import PlanWarning
from vddkctl.report.files.html import html
from vddkctl.report.files.junit import junit
from vddkctl.report.files.markdown import markdown
from vddkctl.report.files.outcome import ChainRow, FieldRow, Outcome, Row
from vddkctl.report.files.prometheus import prometheus

ALL = tuple(word for ending in ("json", "html", "md", "prom", "xml") for word in ("--report", f"r.{ending}"))
HOSTILE = 'a"b\\c\nd<script>alert(1)</script>|`*_[x](http://evil)\x1b\x00é'


def hostile() -> Outcome:
    row = Row(HOSTILE, "drift", "update", HOSTILE, (FieldRow(HOSTILE, (HOSTILE,), HOSTILE),), HOSTILE)
    chain = ChainRow(HOSTILE, (("provider", HOSTILE, True), ("controller", "", False)))
    warning = PlanWarning(HOSTILE, HOSTILE, HOSTILE)
    rows = (row, Row("image.x", "unchanged"), Row("image.y", "ignored", note=HOSTILE))
    return Outcome(
        "drift", HOSTILE, HOSTILE, "2026-01-02T03:04:05Z", 1767323045, "vddkctl 0", HOSTILE, rows, (warning,), (chain,), {}
    )  # fmt: skip


class Strict(HTMLParser):
    """Tags that are opened are closed, in order; nothing of somebody else's becomes a tag."""

    VOID = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert all(name not in ("src", "href") and not name.startswith("on") for name, _ in attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_drift_in_every_form(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    done = vddkctl("drift", *ALL, cwd=applied.root)
    assert done.code == 3
    assert json.loads((applied.root / "r.json").read_text())["summary"]["drift"] == 1
    page = (applied.root / "r.html").read_text()
    assert PROD in page
    assert "at prod.yaml:10" in page
    assert '<li class="wins"><small>controller vddk_image · wins</small>' in page
    assert "Drift: 1 field of 1 address changed by someone else." in (applied.root / "r.md").read_text()
    assert (
        'vddkctl_addresses{site="frankfurt",run="drift",state="drift"} 1\n'
        in (applied.root / "r.prom").read_text()
    )
    suite = Tree.parse(applied.root / "r.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("7", "1")
    failed = [case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None]
    assert failed == [PROD]


def test_the_json_is_what_output_json_prints(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    for words in (("plan",), ("drift",)):
        done = vddkctl(*words, "--output", "json", "--report", "r.json", cwd=applied.root)
        assert json.loads((applied.root / "r.json").read_text()) == json.loads(done.out)


def test_plan_and_apply_have_reports_too(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    assert vddkctl("plan", *ALL, cwd=site.root).code == 0
    assert 'state="pending"} 7\n' in (site.root / "r.prom").read_text()
    assert Tree.parse(site.root / "r.xml").getroot().get("failures") == "0"
    assert vddkctl("apply", "--auto-approve", *ALL, cwd=site.root).code == 0
    assert 'state="done"} 7\n' in (site.root / "r.prom").read_text()
    assert "Applied: 7 of 7 changes done." in (site.root / "r.md").read_text()
    assert vddkctl("apply", "--auto-approve", *ALL, cwd=site.root).code == 0
    assert 'state="unchanged"} 7\n' in (site.root / "r.prom").read_text()


def test_quiet_says_nothing_where_there_is_no_drift(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    done = vddkctl("drift", "--quiet", cwd=applied.root)
    assert (done.code, done.out, done.err) == (0, "", "")
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    loud = vddkctl("drift", "--quiet", cwd=applied.root)
    assert loud.code == 3
    assert PROD in loud.out
    applied.gitops.rename(applied.root / "elsewhere")
    broken = vddkctl("drift", "--quiet", cwd=applied.root)
    assert broken.code == 1
    assert "there is no such folder" in broken.err


def test_an_ending_that_means_nothing_is_told_before_anything_is_done(
    vddkctl: Vddkctl, site: SiteOnDisk
) -> None:
    done = vddkctl("apply", "--auto-approve", "--report", "r.doc", cwd=site.root)
    assert done.code == 64
    assert "there are: .json, .html, .md, .prom, .xml" in done.err
    assert not (site.root / "images").exists()


def test_a_report_that_cannot_be_written_leaves_the_result_as_it_is(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    done = vddkctl("drift", "--report", "no/such/folder/r.md", "--report", "r.md", cwd=applied.root)
    assert (done.code, done.out) == (0, "No drift.\n")
    assert "the report no/such/folder/r.md cannot be written: No such file or directory" in done.err
    assert (applied.root / "r.md").exists()


def test_hostile_names_stay_texts_in_html() -> None:
    page = html(hostile())
    parser = Strict()
    parser.feed(page)
    assert parser.open == []
    assert "script" not in parser.seen
    assert "http" not in page.replace("http://evil", "")


def test_hostile_names_stay_in_their_cells_in_markdown() -> None:
    text = markdown(hostile())
    (row,) = [line for line in text.splitlines() if line.startswith("| 🔴")]
    assert row.count("|") == 5
    assert "<script>" not in text
    assert "](" not in text


def test_hostile_names_are_xml() -> None:
    root = Tree.fromstring(junit(hostile()))
    assert [case.get("name") for case in root.iter("testcase")][1:] == ["image.x", "image.y"]
    assert root.get("failures") == "1"


def test_promtool_takes_it(tmp_path: Path) -> None:
    text = prometheus(hostile())
    assert "\nd<script>" not in text
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


@pytest.mark.parametrize("write", [html, junit, markdown, prometheus])
def test_the_same_gives_the_same(write: object) -> None:
    assert callable(write)
    assert write(hostile()) == write(hostile())
