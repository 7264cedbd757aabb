"""Going back to the state after a run: exactly that, or a word on what cannot be had back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.imaged_sites import ONE, TWO, ImagedSite
from tests.support.killing import killed
from tests.support.live_sites import Ended

AIO, CONFIG = "useVddkAioOptimization", "vddkConfig"


def back(site: ImagedSite, number: int, *words: str) -> Ended:
    return site.live.run("rollback", str(number), "--auto-approve", *words)


def went_back(site: ImagedSite, number: int, *words: str) -> Ended:
    ended = back(site, number, *words)
    assert ended.code == 0, ended.out + ended.err
    return ended


def state(site: ImagedSite) -> tuple[dict[str, Any], dict[str, str], Any]:
    """The objects, the tags, and what the record says is managed."""
    return site.specs(), site.tags, site.record().applied


def test_all_of_it_is_as_it_was_and_managed_as_it_was(imaged: ImagedSite) -> None:
    first = state(imaged)
    imaged.write(TWO, archive="seven")
    imaged.apply("--take", "*")
    second = state(imaged)
    ended = went_back(imaged, 1)
    assert "back to the state after run 1\n" in ended.out
    assert "Went back: 4 of 4 changes done." in ended.out
    assert "the next apply undoes this" in ended.err
    assert state(imaged) == first
    assert imaged.live.run("drift").code == 0
    imaged.write(ONE)
    assert imaged.live.changing() == []
    assert "all of it is as it was after run 1" in went_back(imaged, 1).out
    went_back(imaged, 2)  # and forth
    assert state(imaged) == second
    kinds = [(run.number, run.kind, run.back_to, run.result) for run in imaged.record().runs]
    assert kinds == [
        (1, "apply", 0, "done"),
        (2, "apply", 0, "done"),
        (3, "rollback", 1, "done"),
        (4, "rollback", 2, "done"),
    ]


def test_what_somebody_had_set_before_outlives_the_next_apply(twice: ImagedSite) -> None:
    went_back(twice, 1)
    twice.write(ONE.replace("small", "large"))
    twice.apply()
    assert twice.live.settings("prod")["vddkInitImage"] == "quay.io/old/vddk:prod"
    assert twice.live.image == "quay.io/old/vddk:1"
    twice.write(TWO, archive="seven")
    twice.apply()  # nobody else's by now: nothing has to be taken
    assert twice.live.image != "quay.io/old/vddk:1"


def test_what_was_taken_over_and_given_up_since_is_as_it_was_before(twice: ImagedSite) -> None:
    twice.write(ONE)
    twice.apply()  # gives the images back: unset
    assert (twice.live.image, "vddkInitImage" in twice.live.settings("prod")) == (None, False)
    went_back(twice, 1)
    assert twice.live.image == "quay.io/old/vddk:1"
    assert twice.live.settings("prod")["vddkInitImage"] == "quay.io/old/vddk:prod"
    assert twice.record().intended == {}
    assert twice.live.changing() == []
    assert twice.live.run("drift").code == 0


def test_what_somebody_has_changed_since_is_theirs(twice: ImagedSite) -> None:
    twice.live.patch("providers", "edge-berlin", {"spec": {"settings": {AIO: "false"}}})
    ended = went_back(twice, 1)
    assert f"{AIO} was changed by somebody else since, and stays as it is [stays-as-it-is]" in ended.out
    assert twice.live.settings("edge-berlin")[AIO] == "false"


def test_drift_of_what_was_managed_then_is_put_right_once_it_is_to_be_taken(imaged: ImagedSite) -> None:
    first = state(imaged)
    imaged.live.patch("providers", "prod", {"spec": {"settings": {AIO: "false"}}})
    refused = back(imaged, 1)
    assert refused.code == 1
    assert f"spec.settings.{AIO} is somebody's since" in refused.err
    assert len(imaged.record().runs) == 1
    went_back(imaged, 1, "--take", "provider.*")
    assert state(imaged) == first


def test_a_tag_that_was_not_there_stays_and_is_told(imaged: ImagedSite) -> None:
    digest = imaged.tags["8.0.1"]
    imaged.write(ONE + "controller: {vddkImage: vddk-8}\n", archive="seven", tag="7.0.3")
    imaged.apply("--take", "*")
    ended = went_back(imaged, 1)
    assert f"{imaged.repository}:7.0.3 was put by run 2 and stays: a registry takes no tag away" in ended.out
    assert imaged.tags["8.0.1"] == digest
    assert set(imaged.tags) == {"7.0.3", "8.0.1"}
    assert imaged.record().applied["image.vddk-8"]["reference"].endswith(":8.0.1")


def test_a_tag_that_somebody_moved_since_goes_back_as_well(imaged: ImagedSite) -> None:
    first = dict(imaged.tags)
    imaged.write(ONE, archive="seven", tag="8.0.2")
    imaged.apply()
    imaged.write(ONE, archive="seven")  # by another site, say
    plain = imaged.live.run("image", "copy", f"{imaged.registry.host}/{imaged.repository}:8.0.2",
                            f"{imaged.registry.host}/{imaged.repository}:8.0.1")  # fmt: skip
    assert plain.code == 0, plain.err
    assert imaged.tags["8.0.1"] != first["8.0.1"]
    went_back(imaged, 1)
    assert imaged.tags["8.0.1"] == first["8.0.1"]


def test_a_digest_that_is_gone_is_told_before_anything_is_written(imaged: ImagedSite) -> None:
    imaged.write(ONE + "controller: {vddkImage: vddk-8}\n")
    imaged.apply("--take", "*")
    digest = imaged.tags["8.0.1"]
    imaged.write(ONE.replace("small", "large"), archive="seven")
    imaged.apply()
    before = state(imaged)
    imaged.forget(digest)
    for words in ((), ("-o", "back.json")):
        ended = back(imaged, 2, *words)
        assert ended.code == 1
        gone = f"digest {digest} is gone from {imaged.registry.host}/{imaged.repository}; push it there again"
        assert f"  image.vddk-8: {gone}\n" in ended.err
        assert f"would name an image that is gone: {gone}" in ended.err
        assert "or leave that out: --exclude image.vddk-8 --exclude controller." in ended.err
    assert state(imaged) == before
    assert not (imaged.live.root / "back.json").exists()
    went_back(imaged, 2, "--exclude", "image.*", "--exclude", "controller.*")
    assert "BufSizeIn64KB=64\n" in imaged.live.settings("prod")[CONFIG]
    assert imaged.specs()["controller"] == before[0]["controller"]


def test_a_part_alone_goes_back(twice: ImagedSite) -> None:
    before = twice.specs()
    ended = went_back(twice, 1, "--target", "provider.*/edge-*")
    assert "Went back: 1 of 1 change done." in ended.out
    assert AIO not in twice.live.settings("edge-berlin")
    assert {**twice.specs(), "edge-berlin": 0} == {**before, "edge-berlin": 0}
    assert back(twice, 1, "--target", "nothing.*").code == 64
    assert twice.live.run("drift").code == 0


def test_a_provider_that_is_gone_is_told_and_not_made_again(twice: ImagedSite) -> None:
    twice.live.server.request("DELETE", twice.live.path("providers", "prod"))
    ended = went_back(twice, 1)
    assert "prod: was there then, and is not any more: it is not made again [stays-as-it-is]" in ended.out
    assert AIO not in twice.live.settings("edge-berlin")


def test_what_is_adopted_as_it_stands_is_a_run_and_is_given_back(imaged: ImagedSite) -> None:
    imaged.live.patch("providers", "plain", {"spec": {"settings": {AIO: "true"}}})
    first = state(imaged)
    imaged.write(ONE + "  plain: {aio: true}\n")
    imaged.apply()
    assert "0 changes; 1 address newly recorded" in imaged.live.run("history").out
    assert any("plain" in address for address in imaged.record().applied)
    went_back(imaged, 1)
    assert state(imaged) == first


def test_an_apply_that_was_killed_can_be_gone_back_on(imaged: ImagedSite) -> None:
    first = state(imaged)
    imaged.write(TWO, archive="seven")
    assert killed(imaged.live, 5, "after", "apply", "--auto-approve", "--take", "*")
    assert state(imaged) != first
    assert "did not end: it was killed" in imaged.live.run("history").out
    went_back(imaged, 1)
    assert state(imaged)[:2] == first[:2]
    assert imaged.live.run("drift").code == 0


@pytest.mark.parametrize(("number", "when"), [(n, w) for n in range(1, 8) for w in ("before", "after")])
def test_a_rollback_that_is_killed_is_finished_by_the_next(twice: ImagedSite, number: int, when: str) -> None:
    then = twice.record()
    assert killed(twice.live, number, when, "rollback", "1", "--auto-approve")
    assert twice.live.run("drift").code == 0, "a run that was killed is nobody else"
    went_back(twice, 1)
    assert twice.live.image == "quay.io/old/vddk:1"
    assert twice.live.settings("prod")["vddkInitImage"] == "quay.io/old/vddk:prod"
    assert "BufSizeIn64KB=64\n" in twice.live.settings("prod")[CONFIG]
    assert AIO not in twice.live.settings("edge-berlin")
    assert set(twice.record().applied) == {"image.vddk-8", f"provider.{twice.live.namespace}/prod"}
    assert twice.record().runs[: len(then.runs)] == then.runs
    twice.write(ONE)
    assert twice.live.changing() == []


def test_of_two_at_once_one_goes_back_and_no_harm_is_done(twice: ImagedSite) -> None:
    runs = [twice.live.start("rollback", "1", "--auto-approve") for _ in range(3)]
    ended = [(run.communicate(timeout=90), run.returncode) for run in runs]
    assert 0 in [code for _, code in ended]
    for (_, error), code in ended:
        assert code == 0 or "another run is at work" in error or "the plan is stale" in error, error
    assert twice.live.image == "quay.io/old/vddk:1"
    twice.write(ONE)
    assert twice.live.changing() == []
    assert twice.live.run("drift").code == 0
