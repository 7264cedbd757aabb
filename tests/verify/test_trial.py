"""Images that are started for real, good ones and broken ones."""

from __future__ import annotations

import fcntl
import gzip
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.verify.made import (
    ROOT,
    Change,
    Layout,
    as_it_is,
    copied,
    ended,
    failures,
    file,
    only,
    said,
    tar,
    vendor_archive,
    warnings,
    zipped,
)
from tests.verify.trial_images import MACHINE, PLATFORM, base, left_in, podman_settings, script, tried
from vddkctl.demo.elf_writer import shared_object
from vddkctl.errors import TrialError
from vddkctl.progress import Silent
from vddkctl.verify import Status, Trial
from vddkctl.verify.interpreter import interpreter

TREE = f"/{ROOT}"
LIB = f"{ROOT}/lib64"
ENTRY = f"{LIB}/libvixDiskLib.so"
TOOL = f"{ROOT}/bin64/vmware-vdiskmanager"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files; its name is one that no image could have."""
    folder = tmp_path / "Temporary files_"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


@pytest.fixture(params=["buildah", "podman"])
def runtime(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each engine that can start containers here."""
    name: str = request.param
    if name == "podman":
        settings = podman_settings(tmp_path)
        if settings is None:
            pytest.skip("podman cannot start containers here")
        monkeypatch.setenv("CONTAINERS_CONF", str(settings))
    return name


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The sample for this machine, so that its tool can be run."""
    return vendor_archive(tmp_path, machine=MACHINE)


def put(layout: Layout, archive: Path, change: Change | None = None, **runtime: Any) -> None:
    layer = copied(archive, change) if change else as_it_is(archive)
    layout.put(base(), layer, platform=PLATFORM, **{"Env": ["PATH=/bin"], **runtime})


def instead(name: str, **changes: object) -> Change:
    return lambda items: [replace(each, **changes) if each.name == name else each for each in items]


def test_what_works(layout: Layout, runtime: str, archive: Path, temporary: Path) -> None:
    put(layout, archive)
    verification = tried(layout, runtime, archive=archive)
    assert (failures(verification), warnings(verification)) == ([], [])
    assert verification.holds
    (started,) = said(verification, "run")
    assert started.startswith(f"its command works as UID 107 without capabilities, started by {runtime} ")
    assert started.endswith(" with chroot") is (runtime == "buildah")
    assert said(verification, "arrived") == [
        f"/opt/{ROOT}: 25 files and folders as in the image, open to UID 107; VDDK 8.0.1 for {MACHINE}"
    ]
    assert said(verification, "tool") == [
        "vmware-vdiskmanager -h runs: A sample of vmware-vdiskmanager: it does nothing."
    ]
    assert left_in(temporary) == []


def test_the_engine_that_can_is_found(layout: Layout, archive: Path, temporary: Path) -> None:
    """podman where it can start containers, else buildah, and then it is said why."""
    put(layout, archive)
    alone = tried(layout, "podman")
    both = tried(layout, "auto")
    assert failures(both) == []
    (started,) = said(both, "run")
    if failures(alone):
        why = only(alone, "run").message
        assert why.startswith("podman ")
        assert " cannot start it: " in why
        assert started.endswith(f" with chroot; {why}")
    else:
        assert "started by podman " in started
        assert "buildah" not in started
    assert left_in(temporary) == []


def test_what_the_container_is_like(layout: Layout, runtime: str, archive: Path) -> None:
    """Each word is checked from the inside."""
    status = "grep -Eq '^CapEff:.0+$' /proc/self/status && grep -Eq '^NoNewPrivs:.1$' /proc/self/status"
    empty = '[ "$(echo /opt/*)" = "/opt/*" ]'
    alone = "! grep -q : /proc/net/route && [ $(grep -c : /proc/net/dev) = 1 ]"
    checks = f"[ $(id -u) = 107 ] && {status} && {empty} && {alone} && touch /tmp/x"
    put(layout, archive, Entrypoint=script(f"{checks} && exec cp -r {TREE} /opt"))
    assert failures(tried(layout, runtime)) == []


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (["/bin/nothing"], " cannot start it: "),
        (
            script("echo 'one\ntwo' >&2; exit 3"),
            "its command ended with 3: one; two (started by ",
        ),
        (
            script("sh -c 'kill -SEGV $$'; code=$?; sleep 1; exit $code"),  # buildah drops what comes last
            "its command was ended by a signal (segmentation fault): Segmentation fault (started by",
        ),
        (script("echo PASSWORD=s3cr3t9x; exit 1"), "ended with 1: (a line that is not shown) (started"),
    ],
    ids=["missing", "fails", "crashes", "tells a secret"],
)
def test_an_entrypoint_that_fails(
    layout: Layout, runtime: str, archive: Path, command: list[str], what: str
) -> None:
    put(layout, archive, Entrypoint=command)
    verification = tried(layout, runtime)
    assert "run" in failures(verification)
    assert what in only(verification, "run").message
    assert "s3cr3t9x" not in only(verification, "run").message
    assert said(verification, "tool") == []


_LOSING = """\
#!/bin/sh
# What the first start of a kind writes is lost, but for buildah's own words.
case " $* " in
*{when}*)
    if mkdir "$0.lost" 2>/dev/null; then
        said=$({buildah} "$@" 2>&1)
        code=$?
        printf '%s\\n' "$said" | grep -E '^(subprocess exited|Error:)'
        exit $code
    fi ;;
esac
exec {buildah} "$@"
"""


@pytest.fixture
def losing_buildah(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A buildah that drops what a program has written, as it does on a busy machine: the first whose words match.

    The path is there once it has.
    """

    def make(when: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        program = folder / "buildah"
        program.write_text(_LOSING.format(buildah=shutil.which("buildah"), when=when))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return program.with_name("buildah.lost")

    return make


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (["/bin/nothing"], " cannot start it: "),
        (script("echo why; exit 3"), "its command ended with 3: why (started by "),
        (script("exit 3"), "its command ended with 3 (started by "),
    ],
    ids=["missing", "says why", "says nothing"],
)
def test_words_that_buildah_has_lost(
    layout: Layout, archive: Path, losing_buildah: Callable[[str], Path], command: list[str], what: str
) -> None:
    lost = losing_buildah("' run '")
    put(layout, archive, Entrypoint=command)
    verification = tried(layout, "buildah")
    assert lost.exists()
    assert what in only(verification, "run").message


def test_words_of_the_tool_that_buildah_has_lost(
    layout: Layout, archive: Path, losing_buildah: Callable[[str], Path]
) -> None:
    lost = losing_buildah("'vdiskmanager -h '")
    put(layout, archive)
    told = said(tried(layout, "buildah"), "tool")
    assert lost.exists()
    assert told == ["vmware-vdiskmanager -h runs: A sample of vmware-vdiskmanager: it does nothing."]


def test_what_a_program_does_when_it_is_asked_again_does_not_count(
    layout: Layout, archive: Path, losing_buildah: Callable[[str], Path]
) -> None:
    """It has failed, whatever comes then; and what it brings then is not looked at."""
    lost = losing_buildah("' run '")
    again = f"[ -e /tmp/again ] && exec cp -r {TREE} /opt; touch /tmp/again; exit 3"
    put(layout, archive, Entrypoint=script(again))
    verification = tried(layout, "buildah")
    assert lost.exists()
    assert "its command ended with 3 (started by" in only(verification, "run").message
    assert only(verification, "arrived").message == f"/opt/{ROOT} is not there"


def test_an_entrypoint_that_hangs(layout: Layout, runtime: str, archive: Path, temporary: Path) -> None:
    """It is ended, and so is what it has started."""
    put(layout, archive, Entrypoint=script("echo waiting; sleep 86399 & sleep 86398"))
    verification = tried(layout, runtime, timeout=2)
    message = only(verification, "run").message
    assert message.startswith("it had not ended after 2 s: waiting (started by ")
    assert only(verification, "arrived").message == f"/opt/{ROOT} is not there"
    assert (
        "8639" not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    )
    assert left_in(temporary) == []


def test_an_entrypoint_that_writes_without_end(layout: Layout, runtime: str, archive: Path) -> None:
    put(layout, archive, Entrypoint=script("while :; do echo again; done"))
    assert "after 8 s: again; again" in only(tried(layout, runtime, timeout=8), "run").message


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (script("true"), f"/opt/{ROOT} is not there"),
        (script(f"cp -r {TREE} /opt; rm /opt/{LIB}/libssl.so.3"), "libssl.so.3 is missing"),
        (script(f"cp -r {TREE} /opt; echo x > /opt/{ROOT}/doc/more"), "doc/more is not in the image"),
        (
            script(f"cp -r {TREE} /opt; chmod u+w /opt/{LIB}/libssl.so.3; echo x >> /opt/{LIB}/libssl.so.3"),
            "lib64/libssl.so.3 has other contents",
        ),
        (
            script(f"cp -r {TREE} /opt; chmod 0 /opt/{LIB}/libssl.so.3"),
            "in /opt: 1 of 25 entries are closed to other users",
        ),
        (
            script(f"cp -r {TREE} /opt; rm /opt/{ENTRY}; ln -s {TREE}/lib64/libvixDiskLib.so.8 /opt/{ENTRY}"),
            f"in /opt: {ENTRY} is a link to {TREE}/lib64/libvixDiskLib.so.8",
        ),
    ],
    ids=["nothing", "missing", "more", "changed", "closed", "absolute link"],
)
def test_what_should_not_arrive(
    layout: Layout, runtime: str, archive: Path, command: list[str], what: str
) -> None:
    put(layout, archive, Entrypoint=command)
    verification = tried(layout, runtime)
    assert "arrived" in failures(verification)
    assert any(what in message for message in said(verification, "arrived", Status.FAIL))
    assert said(verification, "arrived", Status.PASS) == []


def test_what_only_its_user_can_use_is_right(layout: Layout, runtime: str, archive: Path) -> None:
    """The importer and virt-v2v run as the same user."""
    put(layout, archive, Entrypoint=script(f"umask 077; cp -r {TREE} /opt"))
    assert failures(tried(layout, runtime)) == []


def test_links_that_became_files_work_but_are_not_the_same(
    layout: Layout, runtime: str, archive: Path
) -> None:
    put(layout, archive, Entrypoint=["cp", "-rL", TREE, "/opt"])
    verification = tried(layout, runtime)
    assert failures(verification) == []
    assert any("6 links arrive as copies" in each for each in said(verification, "arrived", Status.WARN))


def test_more_in_opt_than_asked_for(layout: Layout, runtime: str, archive: Path) -> None:
    put(layout, archive, Entrypoint=script(f"cp -r {TREE} /opt; echo x > /opt/more"))
    verification = tried(layout, runtime)
    assert failures(verification) == []
    assert only(verification, "arrived", Status.WARN).message == f"there is more in /opt than {ROOT}"


def test_a_file_that_is_closed_in_the_image(layout: Layout, runtime: str, archive: Path) -> None:
    put(layout, archive, instead(f"{LIB}/libssl.so.3", mode=0o600))
    verification = tried(layout, runtime)
    assert failures(verification) == ["access", "run", "arrived"]
    assert "ermission denied" in only(verification, "run").message
    assert "lib64/libssl.so.3 is missing" in only(verification, "arrived").message


def test_a_link_that_is_absolute_in_the_image(layout: Layout, runtime: str, archive: Path) -> None:
    """It works in the image itself, and leads nowhere in another container."""
    put(layout, archive, instead(f"{ENTRY}.8", link=f"{TREE}/lib64/libvixDiskLib.so.8.0.1"))
    verification = tried(layout, runtime)
    assert failures(verification) == ["links", "arrived"]
    assert only(verification, "arrived").message.startswith(f"in /opt: {ENTRY}.8 is a link to {TREE}/lib64/")


def tool(*needed: str, data: bytes = b"") -> Change:
    program = data or shared_object(None, machine=MACHINE, total=4000, needed=needed)
    return lambda items: [*(each for each in items if each.name != TOOL), file(TOOL, program, 0o755)]


def test_a_tool_that_crashes(layout: Layout, runtime: str, archive: Path) -> None:
    """Its first instruction is none."""
    put(layout, archive, tool())
    verification = tried(layout, runtime)
    assert failures(verification) == ["tool"]
    assert only(verification, "tool").message == "vmware-vdiskmanager -h crashed: segmentation fault"


def test_a_tool_whose_loader_the_base_lacks(layout: Layout, runtime: str, archive: Path) -> None:
    """As the vendor's is, on a small base: that is no fault of the image."""
    real = shutil.which("true")
    assert real
    put(layout, archive, tool(data=Path(real).resolve().read_bytes()))
    verification = tried(layout, runtime)
    assert failures(verification) == []
    message = only(verification, "tool", Status.WARN).message
    assert message.startswith("vmware-vdiskmanager is not started: the image has no /lib")
    assert message.endswith(", which it needs")


def test_a_tool_that_misses_a_library(layout: Layout, runtime: str, archive: Path) -> None:
    """With this machine's own loader and C library, and what is missing told by the loader."""
    real = shutil.which("true")
    assert real
    program = Path(real).resolve().read_bytes()
    loader = interpreter(program[:4096])
    assert loader
    system = zipped(tar(file(loader.lstrip("/"), Path(loader).read_bytes(), 0o755)))
    layout.put(base(), system, copied(archive, tool(data=program)), platform=PLATFORM, Env=["PATH=/bin"])
    message = only(tried(layout, runtime), "tool", Status.WARN).message
    assert "cannot be loaded: " in message
    assert "error while loading shared libraries: libc.so.6" in message


def test_a_tool_that_is_another_processors(layout: Layout, runtime: str, archive: Path) -> None:
    other = "aarch64" if MACHINE == "x86_64" else "x86_64"
    put(layout, archive, tool(data=shared_object(None, machine=other, total=4000, says="x")))
    message = only(tried(layout, runtime), "tool", Status.WARN).message
    assert message == f"vmware-vdiskmanager is for {other}, this machine is {MACHINE}"


def test_an_image_for_another_processor_is_not_run(layout: Layout, runtime: str, archive: Path) -> None:
    other = "linux/arm64" if MACHINE == "x86_64" else "linux/amd64"
    layout.put(base(), as_it_is(archive), platform=other)
    message = only(tried(layout, runtime), "run", Status.WARN).message
    assert message == f"not run: it is for {other}, and this machine is {MACHINE}"


def test_an_image_without_a_command(layout: Layout, runtime: str, archive: Path) -> None:
    put(layout, archive, Entrypoint=None)
    assert only(tried(layout, runtime), "run").message == "it cannot be started: it has no command"


def test_an_image_with_damage_is_not_run(layout: Layout, runtime: str, archive: Path) -> None:
    broken = as_it_is(archive)
    put(layout, archive)
    layout.blob(broken.descriptor.digest).write_bytes(gzip.compress(b"another"))
    verification = tried(layout, runtime)
    assert "run" in failures(verification)
    assert only(verification, "run").message == "not run: not all of its layers are what they should be"


def test_engines_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for runtime, what in (
        ("auto", "neither podman nor buildah is installed"),
        ("podman", "podman is not installed"),
        ("buildah", "buildah is not installed"),
    ):
        with pytest.raises(TrialError) as caught:
            Trial(runtime, 1, {"PATH": str(tmp_path)}, Silent())
        assert caught.value.what == what
    buildah = shutil.which("buildah")
    assert buildah
    (tmp_path / "buildah").symlink_to(buildah)
    with pytest.raises(TrialError) as caught:
        Trial("auto", 1, {"PATH": str(tmp_path)}, Silent())
    assert caught.value.what == "buildah cannot run the image without unshare and setpriv"


def test_an_engine_that_does_not_work(layout: Layout, archive: Path, temporary: Path) -> None:
    """Its settings are broken: it says so itself."""
    put(layout, archive)
    home = temporary.parent / "home-of-nobody"
    (home / ".config" / "containers").mkdir(parents=True)
    (home / ".config" / "containers" / "policy.json").write_text('{"default": [{"type": "reject"}]}')
    environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    trial = Trial("buildah", 20, environment, Silent())
    verification = layout.verify(trial=trial)
    assert ended(verification, Status.FAIL) == ["run"]
    assert "cannot load the image: " in only(verification, "run").message
    assert "rejected by policy" in only(verification, "run").message
    assert left_in(temporary) == []


@pytest.mark.parametrize("volume", ["/opt", "/opt/"])
def test_a_volume_of_the_image_gives_way_to_the_clusters_folder(
    layout: Layout, runtime: str, archive: Path, volume: str
) -> None:
    put(layout, archive, Volumes={volume: {}})
    verification = tried(layout, runtime)
    assert failures(verification) == []
    assert len(said(verification, "arrived")) == 1


def test_podman_keeps_nothing_where_its_settings_say_that_it_remembers(
    layout: Layout, archive: Path, temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Podman takes the place of images from what it remembers, rather than from its settings."""
    mine = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": os.environ["PATH"]}
    words = ("podman", "--root", str(tmp_path / "mine"), "--runroot", str(tmp_path / "run"))
    settings = tmp_path / "remembering.conf"
    settings.write_text(f'[engine]\nstatic_dir = "{tmp_path}/remembered"\n')
    monkeypatch.setenv("CONTAINERS_CONF", str(settings))
    storage = tmp_path / "storage.conf"
    storage.write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/mine"\nrunroot = "{tmp_path}/run"\n'
    )
    own = {**mine, "CONTAINERS_CONF": str(settings), "CONTAINERS_STORAGE_CONF": str(storage)}
    subprocess.run(["podman", "images"], env=own, check=True, capture_output=True)
    assert (tmp_path / "remembered").is_dir()
    put(layout, archive)
    tried(layout, "podman")
    listed = subprocess.run(
        [*words[:1], "images", "--all", "--quiet"], env=own, check=True, capture_output=True
    )
    assert listed.stdout == b""
    assert left_in(temporary) == []


def test_what_a_killed_trial_has_left_goes_with_the_next(
    layout: Layout, archive: Path, temporary: Path
) -> None:
    put(layout, archive)
    killed = temporary / "vddkctl-run-killed"
    (killed / "storage").mkdir(parents=True)
    (killed / "lock").write_text(str(killed / "run"))
    somebodys = temporary / "vddkctl-run-mine"
    somebodys.mkdir()
    running = temporary / "vddkctl-run-running"
    running.mkdir()
    with (running / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tried(layout, "buildah")
    assert left_in(temporary) == ["vddkctl-run-mine", "vddkctl-run-running"]
