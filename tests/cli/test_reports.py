"""Reports of plan, apply and drift in files."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
from html.parser import HTMLParser
from xml.etree import ElementTree as Tree

import msgspec
import pytest

from tests.conftest import Vddkctl
from tests.support.held_up import held_up
from tests.support.sites import PROD, SiteOnDisk
from vddkctl.apply.result import StepResult
from vddkctl.cli.apply import reported
from vddkctl.plan.model import PlanWarning
from vddkctl.report.files.html import html
from vddkctl.report.files.junit import junit
from vddkctl.report.files.markdown import markdown
from vddkctl.report.files.outcome import ChainRow, FieldRow, Outcome, Row
from vddkctl.report.files.prometheus import prometheus
from vddkctl.report.files.slack import slack

ALL = tuple(word for ending in ("json", "html", "md", "prom", "xml") for word in ("--report", f"r.{ending}"))
HOSTILE = 'a"b\\c\nd<script>alert(1)</script>|`*_[x](http://evil)\x1b\x00é'


def hostile() -> Outcome:
    row = Row(HOSTILE, "drift", "update", HOSTILE, (FieldRow(HOSTILE, (HOSTILE,), HOSTILE),), HOSTILE)
    levels = (("provider", HOSTILE, True), ("controller", "", False))
    chain = ChainRow(HOSTILE, levels, (("provider", "", False), (HOSTILE, HOSTILE, True)))
    warning = PlanWarning(HOSTILE, HOSTILE, HOSTILE)
    rows = (row, Row("image.x", "unchanged"), Row("image.y", "ignored", note=HOSTILE))
    return Outcome(
        "drift", HOSTILE, HOSTILE, "2026-01-02T03:04:05Z", 1767323045, "vddkctl 0", HOSTILE, rows, (warning,), (chain,), {}
    )  # fmt: skip


def suite_of(text: str) -> Tree.Element:
    """The one suite of a JUnit document, which is as the schema of Ant's reports has it."""
    (suite,) = Tree.fromstring(text)
    assert {"name", "package", "id", "tests", "failures", "errors", "timestamp", "hostname", "time"} <= set(
        suite.keys()
    )
    parts = [part.tag for part in suite]
    cases = parts.count("testcase")
    assert parts == ["properties", *["testcase"] * cases, "system-out", "system-err"]
    assert suite.get("tests") == str(cases)
    for case in suite.iter("testcase"):
        assert set(case.keys()) == {"name", "classname", "time"}
        assert [part.tag for part in case] in ([], ["failure"], ["error"], ["skipped"])
    names = [case.get("name") for case in suite.iter("testcase")]
    assert len(set(names)) == len(names)
    return suite


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
    assert '<li class="wins"><small>controller vddk_image <b>wins</b></small>' in page
    assert "Drift: 1 field of 1 address changed by someone else." in (applied.root / "r.md").read_text()
    assert (
        'vddkctl_addresses{site="frankfurt",run="drift",state="drift"} 1\n'
        in (applied.root / "r.prom").read_text()
    )
    suite = suite_of((applied.root / "r.xml").read_text())
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
    suite = suite_of((site.root / "r.xml").read_text())
    assert suite.get("failures") == "0"
    assert f"pending {PROD}: useVddkAioOptimization: (not set) → true" in (suite.findtext("system-out") or "")
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
    assert "://" not in page.replace("http://evil", "")


def test_hostile_names_stay_in_their_cells_in_markdown() -> None:
    text = markdown(hostile())
    (row,) = [line for line in text.splitlines() if line.startswith("| 🔴")]
    assert row.count("|") == 5
    assert "<script>" not in text
    assert "](" not in text


def test_hostile_names_are_xml() -> None:
    suite = suite_of(junit(hostile()))
    assert [case.get("name") for case in suite.iter("testcase")][1:] == ["image.x", "image.y"]
    assert (suite.get("failures"), suite.get("skipped")) == ("1", "1")


def test_hostile_names_call_nobody_in_a_chat() -> None:
    evil = "<!channel> `*x*` <http://evil|here>\n\x1b[2J\u202e" + "y" * 1000
    row = Row(evil, "drift", fields=(FieldRow(evil, (evil,), evil),), note=evil)
    text = slack(msgspec.structs.replace(hostile(), site=evil, headline=evil, rows=(row,) * 40))["text"]
    assert not set(text) & {"<", ">", "\x1b", "\u202e"}
    assert text.count("`") == 2 * 3 * 15
    assert text.endswith("\n… and 25 more")
    assert len(text) < 40_000


def promtool(text: str) -> None:
    words = ["promtool", "check", "metrics"]
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


def test_promtool_takes_it() -> None:
    text = prometheus(hostile())
    assert "\nd<script>" not in text
    promtool(text)


def test_a_run_that_fails_says_so_in_every_form_and_never_no_drift(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    assert vddkctl("drift", *ALL, cwd=applied.root).code == 0
    assert (
        'vddkctl_last_run_success{site="frankfurt",run="drift"} 1\n' in (applied.root / "r.prom").read_text()
    )
    applied.gitops.rename(applied.root / "elsewhere")
    done = vddkctl("drift", *ALL, cwd=applied.root)
    assert (done.code, done.out) == (1, "")
    said = "there is no such folder"
    assert said in json.loads((applied.root / "r.json").read_text())["error"]["message"]
    assert "The drift failed." in (applied.root / "r.html").read_text()
    assert said in (applied.root / "r.html").read_text()
    assert said in (applied.root / "r.md").read_text()
    metrics = (applied.root / "r.prom").read_text()
    assert 'vddkctl_last_run_success{site="frankfurt",run="drift"} 0\n' in metrics
    assert "vddkctl_drift_fields" not in metrics
    promtool(metrics)
    suite = suite_of((applied.root / "r.xml").read_text())
    assert (suite.get("tests"), suite.get("errors"), suite.get("failures")) == ("1", "1", "0")


def test_a_spec_with_mistakes_fails_in_the_report_too(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    site.change("site.yaml", "vddkImage: vddk-8", "vddkImage: vddk-9")
    assert vddkctl("plan", *ALL, cwd=site.root).code == 1
    error = next(suite_of((site.root / "r.xml").read_text()).iter("error"))
    assert (error.text or "").startswith("site.yaml:")
    assert 'vddkctl_last_run_success{site="frankfurt",run="plan"} 0\n' in (site.root / "r.prom").read_text()
    data = json.loads((site.root / "r.json").read_text())
    assert (data["site"], data["error"]["message"], data["error"]["where"]) == (
        "frankfurt",
        "1 mistake",
        "site.yaml",
    )
    checked = vddkctl("validate", "--output", "json", cwd=site.root)
    assert data["error"]["diagnostics"] == json.loads(checked.out)["diagnostics"]
    assert data["error"]["diagnostics"][0]["line"] > 1


@pytest.mark.parametrize("damage", ["metadata: {name: frankfurt}\nimages: [", "kind: [\xff", None])
def test_metrics_of_a_spec_that_cannot_be_read_are_those_of_its_site(
    vddkctl: Vddkctl, applied: SiteOnDisk, damage: str | None
) -> None:
    assert vddkctl("drift", "--report", "r.prom", cwd=applied.root).code == 0
    applied.spec.unlink()
    if damage:
        applied.spec.write_text(damage, encoding="latin-1")
    for _ in range(2):
        assert vddkctl("drift", "--report", "r.prom", cwd=applied.root).code == 1
        metrics = (applied.root / "r.prom").read_text()
        assert 'vddkctl_last_run_success{site="frankfurt",run="drift"} 0\n' in metrics


def test_what_failed_in_an_apply_is_in_its_report(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    (site.root / "images").write_text("in the way")
    done = vddkctl("apply", "--auto-approve", *ALL, cwd=site.root)
    assert done.code in (1, 4)
    metrics = (site.root / "r.prom").read_text()
    assert 'vddkctl_last_run_success{site="frankfurt",run="apply"} 0\n' in metrics
    suite = suite_of((site.root / "r.xml").read_text())
    assert int(suite.get("failures") or 0) + int(suite.get("errors") or 0) > 0


def test_an_apply_that_was_interrupted_is_no_success(site: SiteOnDisk) -> None:
    def interrupt(step: StepResult) -> None:
        raise KeyboardInterrupt

    plan = site.plan()
    result = site.executor(told=interrupt).run(plan)
    for each in (result, msgspec.structs.replace(result, steps=result.steps[:1])):  # or while it waited
        made = reported(each, plan)
        assert made.headline == "Interrupted; what was done is recorded."
        metrics = prometheus(made)
        assert 'success{site="frankfurt",run="apply"} 0\n' in metrics
        assert 'state="done"} 1\n' in metrics
        promtool(metrics)


def test_a_dry_run_reports_nothing(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    done = vddkctl("apply", "--dry-run=server", "--report", "r.md", cwd=site.root)
    assert done.code == 64
    assert "vddkctl plan --dry-run=server has" in done.err


def test_what_a_run_reads_is_no_place_for_its_report(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    assert vddkctl("plan", "-o", "p.json", cwd=site.root).code == 0
    (site.root / "q.json").symlink_to("p.json")
    for name in ("p.json", "q.json"):
        done = vddkctl("apply", "p.json", "--report", name, cwd=site.root)
        assert (done.code, done.out) == (64, "")
        assert "that file is read by this run" in done.err


def test_a_link_stays_a_link_and_readers_may_read(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    (applied.root / "textfile").mkdir()
    (applied.root / "r.prom").symlink_to("textfile/vddkctl.prom")
    (applied.root / "r.md").mkdir()
    done = vddkctl("drift", "--report", "r.prom", "--report", "r.md", cwd=applied.root)
    assert done.code == 0
    assert "the report r.md cannot be written: it is no file" in done.err
    assert (applied.root / "r.prom").is_symlink()
    written = applied.root / "textfile" / "vddkctl.prom"
    assert written.stat().st_mode & 0o444 == 0o444
    assert [path.name for path in written.parent.iterdir()] == ["vddkctl.prom"]


def test_metrics_are_for_everyone_and_a_file_that_is_there_keeps_its_mode(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    def modes() -> dict[str, int]:
        return {path.suffix: stat.S_IMODE(path.stat().st_mode) for path in applied.root.glob("r.*")}

    before = os.umask(0o077)
    try:
        assert vddkctl("drift", *ALL, cwd=applied.root).code == 0
        assert modes() == {".prom": 0o644, ".json": 0o600, ".html": 0o600, ".md": 0o600, ".xml": 0o600}
        for number, ending in enumerate(("json", "prom", "md", "xml")):
            (applied.root / f"r.{ending}").chmod((0o640, 0o600, 0o664, 0o604)[number])
        os.umask(0o022)
        assert vddkctl("drift", *ALL, cwd=applied.root).code == 0
        assert modes() == {".prom": 0o600, ".json": 0o640, ".html": 0o600, ".md": 0o664, ".xml": 0o604}
    finally:
        os.umask(before)


def test_one_case_for_an_address_that_drifted_and_is_pending(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    applied.change("site.yaml", "buffers: small", "buffers: medium")
    applied.change("gitops/prod.yaml", 'useVddkAioOptimization: "true"', 'useVddkAioOptimization: "false"')
    assert vddkctl("drift", *ALL, cwd=applied.root).code == 3
    suite = suite_of((applied.root / "r.xml").read_text())
    (failure,) = suite.iter("failure")
    assert "useVddkAioOptimization: true → false" in (failure.text or "")
    assert "vddkConfig" in (failure.text or "")
    page = (applied.root / "r.html").read_text()
    assert page.index("should be → is") < page.index("<summary>1 pending: changes of the spec</summary>")


def many(count: int) -> Outcome:
    field = FieldRow("useVddkAioOptimization", ("true → false",), "by x on 2026-11-26T09:14:02Z")
    rows = tuple(Row(f"provider.n/edge-{n}", "drift", "update", "differs", (field,)) for n in range(count))
    rows += tuple(Row(f"provider.n/fine-{n}", "unchanged") for n in range(count))
    warnings = tuple(PlanWarning("code", f"provider.n/edge-{n}", "no effect") for n in range(count))
    levels = (("provider vddkInitImage", "", False), ("controller vddk_image", "a/b:1", True))
    chains = tuple(ChainRow(f"provider.n/edge-{n}", levels) for n in range(count))
    return Outcome("drift", "s", "p", "2026-01-02T03:04:05Z", 1, "vddkctl 0", "h", rows, warnings, chains, {})


def test_a_large_site_fits_into_a_comment_and_says_what_is_left_out() -> None:
    text = markdown(many(2000))
    assert len(text) < 65_536
    shown = text.count("provider.n/edge-") - text.count("(<code>code</code>)")
    assert f"| | and {2000 - shown} more | | |" in text
    assert text.count("<details>") == text.count("</details>") == 2
    small = markdown(many(20))
    assert "more" not in small


def test_a_large_site_says_on_its_page_once_what_is_the_same() -> None:
    page = html(many(1000))
    assert page.count("true → false") == 1
    assert page.count("<small>") == 2
    assert page.count("<summary>and 999 more</summary>") == 3
    assert page.count("by x on 2026-11-26 09:14 UTC") == 1


def test_nobody_is_called_by_a_comment() -> None:
    text = markdown(msgspec.structs.replace(many(1), headline="@ann a/b@sha256:1"))
    assert "@&#8203;ann a/b@sha256:1" in text


@pytest.mark.parametrize("write", [html, junit, markdown, prometheus])
def test_the_same_gives_the_same(write: object) -> None:
    assert callable(write)
    assert write(hostile()) == write(hostile())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_run_that_a_signal_ends_is_no_success(applied: SiteOnDisk, number: signal.Signals) -> None:
    with held_up(applied.root, *ALL) as process:
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "Interrupted.\n")
    assert 'success{site="",run="drift"} 0\n' in (applied.root / "r.prom").read_text()
    assert "The drift was interrupted." in (applied.root / "r.md").read_text()
    error = json.loads((applied.root / "r.json").read_text())["error"]
    assert error["message"] == "the run was interrupted: it did not come to its end"
    assert suite_of((applied.root / "r.xml").read_text()).get("errors") == "1"


def test_a_run_that_takes_too_long_for_timeout_says_so_once(applied: SiteOnDisk) -> None:
    with held_up(applied.root, *ALL, before=("timeout", "600s")) as process:
        process.send_signal(
            signal.SIGTERM
        )  # handed on as when the time is over: to the run, and to its group
        _, said = process.communicate(timeout=60)
    assert said == "Interrupted.\n"
    assert 'success{site="",run="drift"} 0\n' in (applied.root / "r.prom").read_text()


def test_a_wrong_word_that_shows_late_is_no_success(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    assert vddkctl("drift", *ALL, cwd=applied.root).code == 0
    assert vddkctl("drift", "--quiet", "--target", "x*", *ALL, cwd=applied.root).code == 64
    assert 'success{site="frankfurt",run="drift"} 0\n' in (applied.root / "r.prom").read_text()
