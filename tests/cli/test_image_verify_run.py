"""``vddkctl image verify --run`` as a person meets it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.test_image_copy import ALLOWED, logged_in
from tests.conftest import ROOT as PROJECT
from tests.conftest import Golden, Vddkctl
from tests.support.running_registry import RunningRegistry
from tests.verify.made import Layout, as_it_is, vendor_archive
from tests.verify.trial_images import MACHINE, PLATFORM, base, left_in, podman_settings, script


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return vendor_archive(tmp_path, machine=MACHINE)


@pytest.fixture
def layout(tmp_path: Path, archive: Path) -> Layout:
    made = Layout(tmp_path)
    made.put(base(), as_it_is(archive), platform=PLATFORM, Env=["PATH=/bin"])
    return made


def settled(text: str) -> str:
    """Without what depends on the machine."""
    text = re.sub("[0-9a-f]{8}…|[0-9a-f]{64}", "<digest>", text)
    text = re.sub(r"buildah \d\S*", "buildah <version>", re.sub(r"\d+ bytes", "<size> bytes", text))
    return text.replace(PLATFORM, "<platform>").replace(MACHINE, "<machine>")


def test_an_image_that_works(
    vddkctl: Vddkctl, layout: Layout, archive: Path, temporary: Path, golden: Golden
) -> None:
    words = ("oci:images:1", "--archive", archive, "--run", "--runtime", "buildah")
    done = vddkctl("image", "verify", *words, env={"TMPDIR": str(temporary)})
    assert (done.code, done.err) == (0, "")
    golden("image-verify-run.txt", settled(done.out))
    assert left_in(temporary) == []


def test_an_image_that_does_not(vddkctl: Vddkctl, layout: Layout, archive: Path, temporary: Path) -> None:
    layout.put(base(), as_it_is(archive), platform=PLATFORM, Entrypoint=["/bin/cp", "-r", "/nothing", "/opt"])
    words = ("oci:images:1", "--archive", archive, "--run", "--output", "json")
    done = vddkctl("image", "verify", *words, env={"TMPDIR": str(temporary)})
    assert (done.code, done.err) == (1, "")
    data = json.loads(done.out)
    told = {check["check"]: check for check in data["checks"]}
    assert data["verified"] is False
    assert (told["run"]["status"], told["arrived"]["status"]) == ("fail", "fail")
    assert "its command ended with 1: cp: can't stat '/nothing'" in told["run"]["message"]
    assert "tool" not in told
    assert left_in(temporary) == []


def test_a_registry_with_a_login(
    vddkctl: Vddkctl,
    layout: Layout,
    archive: Path,
    password_registry: RunningRegistry,
    repository: str,
    tmp_path: Path,
) -> None:
    """Our own client fetches it; the engine needs no login, and gets none."""
    login = logged_in(tmp_path, password_registry)
    name = f"{password_registry.host}/{repository}:1"
    assert vddkctl("image", "copy", "oci:images:1", name, *ALLOWED, env=login).code == 0
    done = vddkctl("image", "verify", name, "--archive", archive, "--run", env=login)
    assert (done.code, done.err) == (0, "")
    assert "✓ run " in done.out
    assert str(password_registry.password) not in done.out


def test_a_registry_with_an_authority_of_its_own(
    vddkctl: Vddkctl, layout: Layout, archive: Path, tls_registry: RunningRegistry, repository: str
) -> None:
    name, trust = f"{tls_registry.host}/{repository}:1", ("--ca-file", str(tls_registry.ca))
    assert vddkctl("image", "copy", "oci:images:1", name, *ALLOWED, *trust).code == 0
    done = vddkctl("image", "verify", name, "--archive", archive, "--run", *trust)
    assert (done.code, done.err) == (0, "")
    assert "✓ arrived " in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--runtime", "buildah"], "--runtime is for --run"),
        (["--timeout", "3"], "--timeout is for --run"),
        (["--run", "--timeout", "0"], "--timeout takes 1 to 86400 seconds"),
        (["--run", "--timeout", "nan"], "--timeout takes 1 to 86400 seconds"),
        (["--run", "--timeout", "long"], "'--timeout': Input should be a valid number"),
        (["--run", "--runtime", "docker"], "'docker' is not one of 'auto', 'podman', 'buildah'"),
    ],
    ids=str,
)
def test_a_command_line_that_is_wrong(vddkctl: Vddkctl, layout: Layout, words: list[str], said: str) -> None:
    done = vddkctl("image", "verify", "oci:images:1", *words)
    assert (done.code, done.out) == (64, "")
    assert said in done.err


def test_without_an_engine(vddkctl: Vddkctl, layout: Layout, tmp_path: Path) -> None:
    done = vddkctl("image", "verify", "oci:images:1", "--run", env={"PATH": str(tmp_path)})
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "Error: neither podman nor buildah is installed\n  install podman or buildah, or leave out --run\n"
    )


def test_without_room_for_temporary_files(vddkctl: Vddkctl, layout: Layout, temporary: Path) -> None:
    odd = temporary / "a:b"
    odd.mkdir()
    done = vddkctl("image", "verify", "oci:images:1", "--run", env={"TMPDIR": str(odd)})
    assert done.code == 1
    assert "engines take no folder with a colon in its path" in done.out
    assert left_in(odd) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("runtime", ["buildah", "podman"])
def test_a_run_that_is_stopped_leaves_nothing(
    layout: Layout, archive: Path, temporary: Path, tmp_path: Path, runtime: str, number: signal.Signals
) -> None:
    settings = podman_settings(tmp_path) if runtime == "podman" else None
    if runtime == "podman" and settings is None:
        pytest.skip("podman cannot start containers here")
    seconds = str(80_000 + os.getpid() % 1000 * 10 + number)
    layout.put(base(), as_it_is(archive), platform=PLATFORM, Entrypoint=script(f"/bin/sleep {seconds}; true"))
    with subprocess.Popen(
        [sys.executable, "-m", "vddkctl", "image", "verify", "oci:images:1", "--run", "--runtime", runtime],
        cwd=layout.root,
        env={
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            "TMPDIR": str(temporary),
            **({"CONTAINERS_CONF": str(settings)} if settings else {}),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as command:
        while f"sleep {seconds}" not in _processes():
            assert command.poll() is None
            time.sleep(0.02)
        while True:  # Python can miss a signal that comes just before a wait that never ends
            command.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                out, err = command.communicate(timeout=1)
                break
    assert out.decode() == ""
    assert (command.returncode, err) == (130, b"Interrupted.\n")
    assert left_in(temporary) == []
    assert f"sleep {seconds}" not in _processes()
    assert str(temporary) not in Path("/proc/self/mountinfo").read_text()


def test_what_a_killed_run_leaves_is_ended_and_removed_by_the_next(
    vddkctl: Vddkctl, layout: Layout, archive: Path, temporary: Path
) -> None:
    seconds = str(70_000 + os.getpid() % 1000 * 10)
    layout.put(base(), as_it_is(archive), platform=PLATFORM, Entrypoint=script(f"/bin/sleep {seconds}; true"))
    words = ("image", "verify", "oci:images:1", "--run", "--runtime", "buildah")
    with subprocess.Popen(
        [sys.executable, "-m", "vddkctl", *words],
        cwd=layout.root,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as command:
        while f"sleep {seconds}" not in _processes():
            assert command.poll() is None
            time.sleep(0.02)
        command.kill()
    assert left_in(temporary) != []
    layout.put(base(), as_it_is(archive), platform=PLATFORM, Env=["PATH=/bin"])
    done = vddkctl(*words, env={"TMPDIR": str(temporary)})
    assert "its command works" in done.out
    assert left_in(temporary) == []
    assert f"sleep {seconds}" not in _processes()
    assert str(temporary) not in Path("/proc/self/mountinfo").read_text()


def _processes() -> list[str]:
    """What runs, in words; not the shell that was told to run it."""
    told = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line.strip().removeprefix("/bin/") for line in told.splitlines()]
