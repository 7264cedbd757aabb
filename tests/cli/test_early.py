"""What is begun by a guess, before the command line is there: a run is quicker for it, and otherwise as it would be."""

import os
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from concurrent.futures import Future
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace

from tests.support.sites import SPEC, make_site
from vddkctl.cli.early import begin
from vddkctl.cluster.live.early import EarlyLook, Seen
from vddkctl.threads import Once

VDDKCTL = (sys.executable, "-m", "vddkctl")


def run(
    folder: Path, *words: str, env: dict[str, str] | None = None, command: str = "plan"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*VDDKCTL, command, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
    )


def test_who_reads_the_output_waits_for_nobody_else(tmp_path: Path) -> None:
    site = make_site(tmp_path, SPEC.replace("kind: Site", "kind: Sight"))
    done = run(site.root, env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert done.returncode == 1
    assert "Site" in done.stderr
    deadline = time.monotonic() + 20
    while mine := processes_in(site.root):
        assert time.monotonic() < deadline, f"left behind: {mine}"
        time.sleep(0.05)


def test_a_cache_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    (tmp_path / "file").write_text("")
    with_cache = run(site.root, env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    without = run(site.root, env={"XDG_CACHE_HOME": str(tmp_path / "file")})
    assert (with_cache.returncode, with_cache.stderr) == (without.returncode, without.stderr) == (0, "")
    assert with_cache.stdout == without.stdout


def test_a_wrong_guess_is_no_matter(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    expected = run(site.root).stdout
    spec = site.root / "site.yaml"
    (site.root / "other.tar.gz").write_bytes(b"nonsense")
    spec.write_text("# path: other.tar.gz\n" + spec.read_text())
    assert run(site.root, env={"XDG_CACHE_HOME": str(tmp_path / "cache")}).stdout == expected


LIVE = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {name: demo}
cluster: {context: here, namespace: mtv}
"""


@pytest.fixture
def looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str | None, ...]]:
    """What is looked at: context, namespace, site."""
    asked: list[tuple[str | None, ...]] = []

    def look(*what: str | None) -> None:
        asked.append(what[:3])

    monkeypatch.setattr("vddkctl.cluster.live.early.look_early", look)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VDDKCTL_FILE", raising=False)
    (tmp_path / "site.yaml").write_text(LIVE)
    (tmp_path / "other.yaml").write_text(LIVE.replace("demo", "other"))
    return asked


@pytest.mark.parametrize(
    ("words", "site"),
    [
        ("plan", "demo"),
        ("drift --quiet --target x", "demo"),
        ("apply --auto-approve", "demo"),
        ("apply --auto-approve -f other.yaml", "other"),
        ("plan --file=other.yaml -v", "other"),
        ("plan --file other.yaml", "other"),
    ],
)
def test_the_cluster_of_the_spec_is_looked_at(looked: list[Any], words: str, site: str) -> None:
    begin(words.split())
    assert looked == [("here", "mtv", site)]


@pytest.mark.parametrize(
    "words",
    [
        "",
        "status",
        "plan --help",
        "apply saved.plan",
        "apply --auto-approve saved.plan",
        "plan -fother.yaml",
        "plan -vf other.yaml",
        "plan -f site.yaml -f other.yaml",
        "plan -f -",
        "plan -f none.yaml",
        "plan -f .",
        "plan -f",
    ],
)
def test_where_words_could_mean_another_nothing_is_looked_at(looked: list[Any], words: str) -> None:
    begin(words.split())
    assert looked == []


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_a_spec_that_comes_through_a_pipe_is_left_to_the_command(tmp_path: Path, command: str) -> None:
    site = make_site(tmp_path)
    text = (site.root / "site.yaml").read_text()
    expected = run(site.root, command=command)
    pipe = site.root / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(text,), daemon=True)
    writer.start()
    found = run(site.root, "-f", "pipe", command=command)
    assert (found.returncode, found.stdout) == (expected.returncode, expected.stdout)
    assert "empty" not in found.stderr


def test_a_kubeconfig_that_nobody_understands_is_told_by_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site.yaml").write_text(LIVE)
    (tmp_path / "kubeconfig").write_text(
        """\
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: me}}]
clusters: [{name: here, cluster: {server: 5}}]
users: [{name: me, user: {token: secret}}]
"""
    )
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    begun = begin(["plan"])
    assert begun is not None
    assert begun.cluster is None
    assert "Traceback" not in run(tmp_path).stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_stopped_at_its_start_leaves_no_key_behind(
    tmp_path: Path, number: signal.Signals
) -> None:
    """The kubernetes package writes keys of a kubeconfig into files, which it removes in the end."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    (tmp_path / "site.yaml").write_text(LIVE)
    data = b64encode(b"a key").decode()
    (tmp_path / "kubeconfig").write_text(
        f"""\
apiVersion: v1
kind: Config
contexts: [{{name: here, context: {{cluster: here, user: me}}}}]
clusters: [{{name: here, cluster: {{server: "https://127.0.0.1:1"}}}}]
users: [{{name: me, user: {{client-key-data: {data}, client-certificate-data: {data}}}}}]
"""
    )
    env = {**os.environ, "KUBECONFIG": str(tmp_path / "kubeconfig"), "TMPDIR": str(temporary)}
    with subprocess.Popen([*VDDKCTL, "plan"], cwd=tmp_path, env=env, stderr=subprocess.PIPE) as process:
        while process.poll() is None and not list(temporary.iterdir()):
            time.sleep(0.001)
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"Interrupted.\n")
    assert list(temporary.iterdir()) == []


def test_a_look_of_a_while_ago_is_none_of_now() -> None:
    """Who gives the spec by hand may take his time."""
    seen = Seen(Once(Future()), Once(Future()), Once(Future()))
    look = EarlyLook("here", "mtv", "demo", cast("Any", None), seen, time.monotonic())
    assert look.is_for("here", "mtv", "demo")
    assert not replace(look, at=look.at - 6).is_for("here", "mtv", "demo")
    assert seen.providers.take() is None


def test_what_was_seen_of_another_cluster_is_forgotten() -> None:
    seen = Seen(Once(Future()), Once(Future()), Once(Future()))
    look = EarlyLook("here", "mtv", "demo", cast("Any", None), seen, time.monotonic())
    assert not look.is_for(None, "mtv", "demo")
    assert [once.take() for once in (seen.home, seen.record, seen.providers)] == [None, None, None]


def processes_in(folder: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == folder and process.name != str(os.getpid()):
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found
