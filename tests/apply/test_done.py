from __future__ import annotations

from tests.support.sites import ALL, CONTROLLER, EIGHT, NOW, PROD, SEVEN, TEST, SiteOnDisk
from vddkctl.apply.result import Status
from vddkctl.cli.session import open_session
from vddkctl.progress import Silent


def traces(site: SiteOnDisk) -> dict[str, tuple[int, int, int]]:
    """What changes when a file is written, even with the same bytes."""
    found = {}
    for name in site.tree():
        status = (site.root / name).stat()
        found[name] = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
    return found


def test_everything_is_done_in_the_order_of_the_plan(site: SiteOnDisk) -> None:
    told: list[str] = []
    result = site.executor(told=lambda step: told.append(step.address)).run(site.plan())
    assert [step.address for step in result.steps] == list(ALL)
    assert {step.status for step in result.steps} == {Status.DONE}
    assert told == list(ALL)
    assert result.exit_code == 0


def test_afterwards_there_is_nothing_to_change(applied: SiteOnDisk) -> None:
    plan = applied.plan()
    assert plan.changes == ()
    assert set(plan.unchanged) == set(ALL)
    assert applied.drift().changed == ()


def test_a_second_apply_touches_no_file(applied: SiteOnDisk) -> None:
    files, before = applied.tree(), traces(applied)
    result = applied.apply()
    assert (result.steps, result.exit_code) == ((), 0)
    assert applied.tree() == files
    assert traces(applied) == before


def test_the_record_says_what_was_set_and_by_whom(applied: SiteOnDisk) -> None:
    record = applied.record
    digests = {name: record["applied"][name]["digest"] for name in (SEVEN, EIGHT)}
    assert record["applied"][CONTROLLER] == {"spec.vddk_image": f"registry.example.com/vddk@{digests[EIGHT]}"}
    assert record["applied"][PROD]["spec.settings.useVddkAioOptimization"] == "true"
    assert record["intended"] == {}
    (run,) = record["runs"]
    assert (run["at"], run["by"]) == (NOW, "ann@here")
    assert run["changes"] == dict.fromkeys(ALL, "done")


def test_what_is_as_declared_already_is_recorded_as_a_run_without_changes(applied: SiteOnDisk) -> None:
    before = applied.record
    (applied.gitops / ".vddkctl" / "frankfurt.record").unlink()
    assert applied.apply().steps == ()
    assert {**applied.record, "runs": []} == {**before, "runs": []}
    (run,) = applied.record["runs"]
    assert (run["changes"], run["result"]) == ({}, "done")
    assert run["earlier"] == dict.fromkeys(applied.record["applied"])


def test_the_record_keeps_the_last_fifty_runs(applied: SiteOnDisk) -> None:
    record = applied.record
    older = [{**record["runs"][0], "by": f"run {number}"} for number in range(60)]
    applied.put_record({**record, "runs": older})
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    applied.apply()
    runs = applied.record["runs"]
    assert len(runs) == 50
    assert runs[0]["by"] == "run 11"
    assert runs[-1]["changes"] == {PROD: "done"}


def test_only_the_targets_are_done_and_the_rest_keeps_its_record(site: SiteOnDisk) -> None:
    first = site.executor().run(site.plan("provider.*/test"))
    assert [step.address for step in first.steps] == [SEVEN, TEST]
    recorded = site.record["applied"]
    assert set(recorded) == {SEVEN, TEST}
    drift = site.drift()
    assert drift.changed == ()
    assert [change.address for change in drift.pending] == [a for a in ALL if a not in (SEVEN, TEST)]
    site.executor().run(site.plan("provider.*/prod"))
    assert site.record["applied"].items() >= recorded.items()
    assert [step.address for step in site.apply().steps] == [a for a in ALL if a not in (SEVEN, TEST, PROD)]
    assert site.plan().changes == ()
    assert set(site.record["applied"]) == set(ALL)


def test_a_field_that_is_no_longer_declared_is_given_back(applied: SiteOnDisk) -> None:
    applied.change("site.yaml", "aio: true, buffers: small", "aio: true")
    before = (applied.gitops / "prod.yaml").read_text()
    assert [step.address for step in applied.apply().steps] == [PROD]
    after = (applied.gitops / "prod.yaml").read_text()
    assert "vddkConfig" in before
    assert "vddkConfig" not in after
    assert applied.record["applied"][PROD] == {"spec.settings.useVddkAioOptimization": "true"}


def test_a_field_with_someone_elses_value_is_not_given_back(applied: SiteOnDisk) -> None:
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    applied.change("site.yaml", "aio: true, buffers: small", "aio: true")
    before = (applied.gitops / "prod.yaml").read_bytes()
    assert applied.apply().steps == ()
    assert (applied.gitops / "prod.yaml").read_bytes() == before
    assert "spec.settings.vddkConfig" not in applied.record["applied"][PROD]


def test_a_provider_that_is_no_longer_declared_is_forgotten_once_it_is_released(applied: SiteOnDisk) -> None:
    applied.change("site.yaml", "  test: {vddkImage: vddk-7}\n", "")
    (step,) = applied.apply().steps
    assert (step.address, step.action.value) == (TEST, "release")
    assert TEST not in applied.record["applied"]
    assert "vddkInitImage" not in (applied.gitops / "test.yaml").read_text()


def test_two_sites_in_one_folder_keep_records_of_their_own(applied: SiteOnDisk) -> None:
    other = applied.root / "other.yaml"
    text = applied.spec.read_text().replace("frankfurt", "dresden").replace("aio: true", "aio: false")
    other.write_text(text)
    before = applied.record
    assert applied.executor().run(open_session(str(other), Silent()).plan()).exit_code == 0
    assert applied.record == before
    assert (applied.gitops / ".vddkctl" / "dresden.record").exists()
