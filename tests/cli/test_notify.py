"""``--notify``: once for each change of state, signed, patient, and discreet."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Completed, Vddkctl
from tests.support.held_up import held_up
from tests.support.hooks import DRIP, HANG, hook
from tests.support.sites import PROD, TEST, SiteOnDisk


def drifted(site: SiteOnDisk, count: int = 32) -> None:
    site.change("gitops/prod.yaml", "BufCount=4", f"BufCount={count}")


def mended(site: SiteOnDisk, count: int = 32) -> None:
    site.change("gitops/prod.yaml", f"BufCount={count}", "BufCount=4")


def test_a_change_of_state_is_told_once(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    def drift() -> Completed:
        return vddkctl("drift", "--output", "json", "--notify", hooked.url, cwd=applied.root)

    with hook() as hooked:
        assert (drift().code, drift().code, len(hooked.received)) == (0, 0, 0)  # all well is no news
        drifted(applied)
        found = drift()
        assert (found.code, found.err) == (3, "")
        (first,) = hooked.received
        assert first.data == json.loads(found.out)
        assert first.headers["content-type"] == "application/json"
        assert first.headers["x-vddkctl-command"] == "drift"
        assert "x-vddkctl-signature" not in first.headers
        assert drift().code == 3
        assert len(hooked.received) == 1
        mended(applied)
        drifted(applied, 64)
        assert drift().code == 3
        mended(applied, 64)
        assert (drift().code, drift().code) == (0, 0)
        assert [each.data["summary"]["drift"] for each in hooked.received] == [1, 1, 0]


def test_what_is_pending_is_no_news_to_a_drift_check(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    applied.change("site.yaml", "buffers: small", "buffers: medium")
    with hook() as hooked:
        assert vddkctl("drift", "--notify", hooked.url, cwd=applied.root).code == 0
        assert hooked.received == []
        assert vddkctl("plan", "--notify", hooked.url, cwd=applied.root).code == 0
        assert vddkctl("plan", "--notify", hooked.url, cwd=applied.root).code == 0
        assert [each.data["summary"]["update"] for each in hooked.received] == [1]


def test_an_apply_that_did_something_is_always_news(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    apply = ("apply", "--auto-approve", "--notify")
    with hook() as hooked:
        assert vddkctl(*apply, hooked.url, cwd=site.root).code == 0
        assert vddkctl(*apply, hooked.url, cwd=site.root).code == 0
        for _ in range(2):
            drifted(site)
            assert vddkctl(*apply, hooked.url, cwd=site.root).code == 0
        assert [each.data["summary"]["done"] for each in hooked.received] == [7, 1, 1]


def test_a_run_that_fails_is_news_and_never_no_drift(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    applied.gitops.rename(applied.root / "away")
    with hook() as hooked:
        for _ in range(2):
            done = vddkctl("drift", "--notify", hooked.url, cwd=applied.root)
            assert (done.code, done.out) == (1, "")
        (told,) = hooked.received
        assert told.data["site"] == "frankfurt"
        assert "there is no such folder" in told.data["error"]["message"]
        (applied.root / "away").rename(applied.gitops)
        assert vddkctl("drift", "--notify", hooked.url, cwd=applied.root).code == 0
        assert hooked.received[-1].data["summary"]["drift"] == 0


def test_a_run_that_a_signal_ends_is_told_in_one_short_attempt(applied: SiteOnDisk) -> None:
    with hook() as hooked:
        for answer, said in ((500, "it answers 500"), (200, "")):
            hooked.answers[:] = [answer]
            with held_up(applied.root, "--notify", hooked.url) as process:
                process.terminate()
                _, told = process.communicate(timeout=60)
            assert process.returncode == 130
            assert said in told
        assert [each.data["error"]["message"].partition(":")[0] for each in hooked.received] == [
            "the run was interrupted"
        ] * 2


def test_the_body_is_signed(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    drifted(applied)
    with hook() as hooked:
        secret = {"VDDKCTL_NOTIFY_SECRET": "cœur-de-lion"}
        assert vddkctl("drift", "--notify", hooked.url, cwd=applied.root, env=secret).err == ""
        (told,) = hooked.received
        right = hmac.new("cœur-de-lion".encode(), told.body, hashlib.sha256).hexdigest()
        assert told.headers["x-vddkctl-signature"] == f"sha256={right}"


def test_a_text_for_slack(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    drifted(applied)
    with hook() as hooked:
        words = ("drift", "--notify", hooked.url, "--notify-format", "slack")
        assert vddkctl(*words, cwd=applied.root).code == 3
        assert hooked.received[0].data == {
            "text": ":rotating_light: *vddkctl drift frankfurt*: Drift: 1 field of 1 address changed by someone else.\n"
            f"• drift `{PROD}`\n    `vddkConfig` `BufCount=4 → BufCount=32` (at prod.yaml:10)"
        }


@pytest.mark.parametrize("answers", [(500, 200), (503, 429, 204), (408, 201)])
def test_what_a_moment_can_mend_is_tried_again(
    vddkctl: Vddkctl, applied: SiteOnDisk, answers: tuple[int, ...]
) -> None:
    drifted(applied)
    with hook(answers, Retry_After="0") as hooked:
        done = vddkctl("drift", "--notify", hooked.url, cwd=applied.root)
        assert (done.code, done.err, len(hooked.received)) == (3, "", len(answers))
        assert len({each.body for each in hooked.received}) == 1


@pytest.mark.parametrize(
    ("answers", "attempts", "why"),
    [
        ((500,), 4, "it answers 500 Internal Server Error"),
        ((404,), 1, "it answers 404 Not Found"),
        ((302,), 1, "it answers 302 Found"),
        ((HANG,), 3, "(in time|it stays silent)"),  # whichever of two clocks is first
        ((DRIP,), 3, "in time"),
    ],
)
def test_a_webhook_that_is_down_is_told_and_changes_nothing(
    vddkctl: Vddkctl, applied: SiteOnDisk, answers: tuple[int, ...], attempts: int, why: str
) -> None:
    drifted(applied)
    with hook(answers, Retry_After="0", Location="/elsewhere") as hooked:
        url = hooked.url.replace("http://", "http://ann:pass%2Fword@") + "/T0/secret-path?token=hidden"
        words = ("drift", "--notify", url)
        done = vddkctl(*words, cwd=applied.root, env={"VDDKCTL_NOTIFY_TIMEOUT": "1"})
        assert (done.code, len(hooked.received)) == (3, attempts)
        assert PROD in done.out
        place = hooked.url.removesuffix("/hook")
        assert done.err.startswith(f"Error: {place}/…: the notification was not delivered: ")
        assert re.search(why, done.err)
        assert "Traceback" not in done.err
        assert not [each for each in ("ann", "word", "secret-path", "hidden", "abcdefgh") if each in done.err]
        hooked.answers[:] = [200]  # what was not delivered is tried again by the next run
        assert vddkctl(*words, cwd=applied.root).err == ""
        assert hooked.received[-1].headers["authorization"] == "Basic YW5uOnBhc3Mvd29yZA=="
        assert hooked.received[-1].path == "/hook/T0/secret-path?token=hidden"


def test_nobody_there_changes_nothing(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    drifted(applied)
    done = vddkctl("drift", "--quiet", "--notify", f"http://127.0.0.1:{port}/x", cwd=applied.root)
    assert done.code == 3
    assert "the connection is refused" in done.err


def test_nothing_of_the_address_is_on_the_disk(vddkctl: Vddkctl, applied: SiteOnDisk, home: Path) -> None:
    drifted(applied)
    with hook() as hooked:
        url = f"{hooked.url}/secret-path?token=hidden"
        assert vddkctl("drift", cwd=applied.root, env={"VDDKCTL_NOTIFY_URL": url}).code == 3
        assert len(hooked.received) == 1
    folder = home / ".local" / "state" / "vddkctl" / "notified"
    (kept,) = folder.iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for word in ("secret-path", "hidden", "127.0.0.1"):
        assert word not in kept.name + kept.read_text()


def test_other_parts_of_a_site_and_other_commands_have_states_of_their_own(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    drifted(applied)
    with hook() as hooked:
        for _ in range(2):
            assert vddkctl("drift", "--notify", hooked.url, cwd=applied.root).code == 3
            assert vddkctl("drift", "--target", TEST, "--notify", hooked.url, cwd=applied.root).code == 0
        assert len(hooked.received) == 1


def test_a_spec_that_is_mended_is_news(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    kept = applied.spec.read_text()
    with hook() as hooked:

        def drift(text: str | None, *words: str) -> None:
            applied.spec.unlink(missing_ok=True)
            if text is not None:
                applied.spec.write_text(text)
            vddkctl("drift", "--notify", hooked.url, *words, cwd=applied.root)

        for text in (kept.replace("kind: Site", "kind: Sight"), "metadata: {", None):
            told = len(hooked.received)
            for _ in range(2):
                drift(text)
            assert "error" in hooked.received[-1].data
            for _ in range(2):
                drift(kept)
            assert len(hooked.received) == told + 2
            assert hooked.received[-1].data["summary"]["drift"] == 0


def test_two_places_of_one_name_are_told_apart(vddkctl: Vddkctl, applied: SiteOnDisk) -> None:
    shutil.copytree(applied.root, applied.root / "other")
    shutil.copytree(applied.gitops, applied.root / "more")
    with hook() as hooked:

        def drift(spec: str) -> int:
            return vddkctl("drift", "-f", spec, "--notify", hooked.url, cwd=applied.root).code

        drifted(applied)
        assert [drift("site.yaml"), drift("other/site.yaml"), drift("site.yaml")] == [3, 0, 3]
        assert len(hooked.received) == 1
        applied.change("site.yaml", "./gitops", "./more")
        assert drift("site.yaml") == 0
        applied.change("site.yaml", "./more", "./gitops")
        assert drift("site.yaml") == 3
        assert len(hooked.received) == 1


def test_a_memory_that_cannot_be_kept_is_told(vddkctl: Vddkctl, applied: SiteOnDisk, home: Path) -> None:
    (home / ".local").write_text("in the way")
    drifted(applied)
    with hook() as hooked:
        done = vddkctl("drift", "--notify", hooked.url, cwd=applied.root)
        assert (done.code, len(hooked.received)) == (3, 1)
        assert "cannot be remembered (Not a directory)" in done.err
        assert "Set XDG_STATE_HOME" in done.err


@pytest.mark.parametrize(
    "url", ["hooks", "ftp://h/secret-x", "https://", "http://h:99999/secret-x", "https://a b/"]
)
def test_what_is_no_webhook_is_told_before_anything_is_done(
    vddkctl: Vddkctl, site: SiteOnDisk, url: str
) -> None:
    done = vddkctl("apply", "--auto-approve", "--notify", url, cwd=site.root)
    assert (done.code, done.out) == (64, "")
    assert "--notify needs the URL of a webhook" in done.err
    assert "secret-x" not in done.err
    assert not (site.root / "images").exists()


def test_it_is_told_too_when_the_reader_of_the_output_has_left(applied: SiteOnDisk) -> None:
    drifted(applied)
    with hook() as hooked:
        words = f"'{sys.executable}' -m vddkctl drift --notify {hooked.url} | true"
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(["sh", "-c", words], cwd=applied.root, env=environment, timeout=60, check=False)
        assert len(hooked.received) == 1
