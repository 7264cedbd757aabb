"""``schedule``: what it prints does what it says, as far as a shell and systemd's own tools can tell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.conftest import ROOT, Vddkctl
from tests.support.sites import SiteOnDisk

IMAGE = "registry.example.com/tools/vddkctl:0.1.0"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "bin" / "vddkctl"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m vddkctl "$@"\n')
    path.chmod(0o755)
    return path


def shell(line: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), **environment}
    return subprocess.run(
        ["/bin/sh", "-ec", line], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )


def test_the_exit_code_of_a_crontabs_line_is_not_lost(
    vddkctl: Vddkctl, applied: SiteOnDisk, program: Path
) -> None:
    done = vddkctl("schedule", "crontab", "--program", program, cwd=applied.root)
    command = done.out.splitlines()[-1].split(maxsplit=5)[5].replace("\\%", "%")
    ended = shell(command, Path("/"))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    ended = shell(command, Path("/"))
    assert ended.returncode == 3
    assert "provider.openshift-mtv/prod" in ended.stdout
    with (applied.root / "site.yaml").open() as spec:
        subprocess.run(["flock", "--nonblock", str(spec.fileno())], pass_fds=[spec.fileno()], check=True)
        assert shell(command, Path("/")).returncode == 75
    (applied.root / "site.yaml").unlink()
    ended = shell(command, Path("/"))
    assert ended.returncode not in (0, 3, 75)
    assert ended.stderr
    assert not (applied.root / "site.yaml").exists()


def test_systemd_takes_the_units_and_finds_them_little_exposed(
    vddkctl: Vddkctl, applied: SiteOnDisk, program: Path, tmp_path: Path
) -> None:
    words = ("--program", program, "--into", tmp_path / "units", "--report", "a.prom")
    done = vddkctl(
        "schedule", "systemd", *words, cwd=applied.root, env={"KUBECONFIG": "/etc/vddkctl/kubeconfig"}
    )
    assert done.code == 0, done.err
    units = sorted((tmp_path / "units").iterdir())
    checked = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    security = ("systemd-analyze", "security", "--offline=yes", "--threshold=20", units[0])
    assert subprocess.run(security, capture_output=True, check=False).returncode == 0
    again = vddkctl("schedule", "systemd", *words, cwd=applied.root)
    assert (again.code, "is there already" in again.err) == (1, True)


@pytest.mark.parametrize("where", ["github", "gitlab"])
def test_a_pipelines_scripts_hand_on_what_came_of_it(
    vddkctl: Vddkctl, applied: SiteOnDisk, program: Path, where: str
) -> None:
    done = vddkctl(
        "schedule", where, "--image", IMAGE, "--notify", "https://hooks.example.com/t0ken", cwd=applied.root
    )
    assert done.code == 0, done.err
    assert "t0ken" not in done.out
    drift, plan = scripts(where, YAML(typ="safe").load(done.out))
    drift = drift.replace(' --notify "$NOTIFY_URL"', "")
    outputs = applied.root / "outputs"
    environment = {"PATH": f"{program.parent}:/usr/bin:/bin", "GITHUB_OUTPUT": str(outputs)}
    assert shell(drift, applied.root, **environment).returncode == 0
    assert shell(plan, applied.root, **environment).returncode == 0
    assert (applied.root / "plan.md").is_file()
    applied.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")
    assert shell(drift, applied.root, **environment).returncode == 3
    assert shell(plan, applied.root, **environment).returncode == 0  # pending is what a reviewer looks at
    if where == "github":
        assert outputs.read_text() == "pending=false\npending=true\n"
    (applied.root / "site.yaml").write_text("")
    assert shell(drift, applied.root, **environment).returncode == 1
    assert shell(plan, applied.root, **environment).returncode == 1


def scripts(where: str, content: Any) -> tuple[str, str]:
    if where == "gitlab":
        return content["vddkctl-drift-frankfurt"]["script"][0], content["vddkctl-drift-frankfurt-plan"][
            "script"
        ][0]
    drift, plan = (
        [step["run"] for step in content["jobs"][job]["steps"] if "vddkctl" in step.get("run", "")]
        for job in ("drift", "plan")
    )
    return drift[0], plan[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("crontab", "--image", IMAGE), "--image has no meaning for crontab"),
        (("kubernetes",), "kubernetes wants --image REF"),
        (("github", "--image", IMAGE, "--every", "1m"), "every 5 minutes"),
        (("kubernetes", "--image", IMAGE, "--report", "a.json"), "--report has no meaning for kubernetes"),
        (("crontab", "--every", "1h", "--cron", "* * * * *"), "keep one"),
        (("crontab", "--user", "a b"), "no user"),
        (("crontab", "--report", "a.doc"), "the ending says the form"),
        (("crontab", "-f", "-"), "reads the spec from a file"),
    ],
)
def test_what_makes_no_sense_is_a_wrong_command_line(
    vddkctl: Vddkctl, applied: SiteOnDisk, words: tuple[str, ...], said: str
) -> None:
    spec = (applied.root / "site.yaml").read_text()
    done = vddkctl("schedule", *words, cwd=applied.root, input=spec)
    assert (done.code, done.out) == (64, "")
    assert said in done.err
