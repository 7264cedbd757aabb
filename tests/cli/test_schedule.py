"""``schedule``: what it prints does what it says, as far as a shell and systemd's own tools can tell."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.conftest import ROOT, Vddkctl
from tests.support.certificates import make_authority
from tests.support.hooks import hook
from tests.support.sites import PROD, SiteOnDisk

IMAGE = "registry.example.com/tools/vddkctl:0.1.0"
LIVE = f"""\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {{name: frankfurt}}
cluster: {{context: prod, namespace: mtv}}   # by kubeconfig
registries: {{harbor.example.com: {{caFile: ./company/ca.crt.pem}}}}
images:
  vddk-8:
    archive: {{path: ./a.tar.gz, sha256: "{"a" * 64}"}}
    repository: harbor.example.com/vddk
    tag: 8.0.1
controller: {{vddkImage: vddk-8}}
"""


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


def command_of(crontab: str) -> str:
    """What cron hands to a shell."""
    return crontab.splitlines()[-1].split(maxsplit=5)[5].replace("\\%", "%")


def drifted(site: SiteOnDisk) -> None:
    site.change("gitops/prod.yaml", "BufCount=4", "BufCount=32")


def test_the_exit_code_of_a_crontabs_line_is_not_lost(
    vddkctl: Vddkctl, applied: SiteOnDisk, program: Path
) -> None:
    words = ("--program", program, "--report", "100%.prom")
    done = vddkctl("schedule", "crontab", *words, cwd=applied.root)
    assert "100\\%.prom" in done.out
    command = command_of(done.out)
    ended = shell(command, Path("/"))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert "vddkctl_drift" in (applied.root / "100%.prom").read_text()
    drifted(applied)
    ended = shell(command, Path("/"))
    assert ended.returncode == 3
    assert PROD in ended.stdout
    with (applied.root / "site.yaml").open() as spec:
        subprocess.run(["flock", "--nonblock", str(spec.fileno())], pass_fds=[spec.fileno()], check=True)
        assert shell(command, Path("/")).returncode == 75
    (applied.root / "site.yaml").unlink()
    ended = shell(command, Path("/"))
    assert ended.returncode not in (0, 3, 75)
    assert ended.stderr
    assert not (applied.root / "site.yaml").exists()


def test_a_line_that_heals(vddkctl: Vddkctl, applied: SiteOnDisk, program: Path) -> None:
    done = vddkctl("schedule", "crontab", "--heal", "--program", program, cwd=applied.root)
    drifted(applied)
    ended = shell(command_of(done.out), Path("/"))
    assert (ended.returncode, PROD in ended.stdout) == (0, True)
    assert shell(command_of(done.out), Path("/")).stdout == ""


@pytest.mark.parametrize("given", ["option", "variable"])
def test_a_webhooks_address_is_in_a_file_of_its_own_and_in_no_line(
    vddkctl: Vddkctl, applied: SiteOnDisk, program: Path, tmp_path: Path, given: str
) -> None:
    env_file = tmp_path / "of mine" / "webhook.env"
    words: tuple[str | Path, ...] = ("schedule", "crontab", "--program", program, "--env-file", env_file)
    with hook() as hooked:
        address = f"{hooked.url}/t0ken?a='&b=$c"
        said = {"VDDKCTL_NOTIFY_URL": address}
        words = (*words, "--notify", address) if given == "option" else words
        env = said if given == "variable" else {}
        shown = vddkctl(*words, cwd=applied.root, env=env)
        assert "t0ken" not in shown.out + shown.err
        assert str(env_file) in shown.out
        assert "--into FOLDER" in shown.err
        command = command_of(shown.out)
        drifted(applied)
        missing = shell(command, Path("/"))
        assert missing.returncode not in (0, 3)
        assert str(env_file) in missing.stderr
        assert vddkctl(*words, "--into", tmp_path / "pieces", cwd=applied.root, env=env).code == 0
        line, secret = sorted((tmp_path / "pieces").iterdir())
        assert "t0ken" not in line.read_text()
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        env_file.parent.mkdir()
        secret.rename(env_file)
        assert [shell(command, tmp_path).returncode for _ in range(2)] == [3, 3]
        (told,) = hooked.received
        assert told.path == "/hook/t0ken?a=%27&b=$c"
        assert told.data["site"] == "frankfurt"


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--report", "a.prom"),
        ("--notify", "https://hooks.example.com/t0ken", "--notify-format", "slack"),
        ("--heal", "--user", "daemon", "--cron", "*/20 6-22 * * 1-5"),
    ],
)
def test_systemd_takes_the_units_and_finds_them_little_exposed(
    vddkctl: Vddkctl, applied: SiteOnDisk, program: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    every: tuple[str | Path, ...] = ("--program", program, "--into", tmp_path / "units", *words)
    done = vddkctl("schedule", "systemd", *every, cwd=applied.root, env={"KUBECONFIG": "/etc/kubeconfig"})
    assert done.code == 0, done.err
    units = sorted(each for each in (tmp_path / "units").iterdir() if each.suffix != ".env")
    assert [each.suffix for each in units] == [".service", ".timer"]
    checked = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    security = ("systemd-analyze", "security", "--offline=yes", "--threshold=20", units[0])
    found = subprocess.run(security, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout
    service = units[0].read_text()
    assert "t0ken" not in service
    assert ("EnvironmentFile=/etc/vddkctl/vddkctl-drift-frankfurt.env" in service) == ("--notify" in words)
    assert ("DynamicUser=yes" in service) == (not {"--report", "--heal"} & set(words))
    assert (f"ReadWritePaths={applied.gitops}" in service) == ("--heal" in words)
    again = vddkctl("schedule", "systemd", *every, cwd=applied.root)
    assert (again.code, "is there already" in again.err) == (1, True)


@pytest.mark.parametrize("where", ["github", "gitlab"])
def test_a_pipelines_scripts_hand_on_what_came_of_it(
    vddkctl: Vddkctl, applied: SiteOnDisk, program: Path, where: str
) -> None:
    words = ("--image", IMAGE, "--notify", "https://hooks.example.com/t0ken", "--report", "d.xml")
    done = vddkctl("schedule", where, *words, cwd=applied.root)
    assert (done.code, done.err) == (0, "")
    assert "t0ken" not in done.out
    content = YAML(typ="safe").load(done.out)
    assert {"d.xml", "drift.html"} & set(artifacts(where, content)) == {"d.xml"}
    drift, plan = scripts(where, content)
    outputs = applied.root / "outputs"
    path = {"PATH": f"{program.parent}:/usr/bin:/bin", "GITHUB_OUTPUT": str(outputs)}
    with hook() as hooked:
        environment = {**path, "VDDKCTL_NOTIFY_URL": hooked.url}
        assert shell(drift, applied.root, **environment).returncode == 0
        assert shell(plan, applied.root, **path).returncode == 0
        assert (applied.root / "plan.md").is_file()
        assert (applied.root / "d.xml").is_file()
        drifted(applied)
        assert [shell(drift, applied.root, **environment).returncode for _ in range(2)] == [3, 3]
        assert (applied.root / ".vddkctl-state").is_dir()  # what the pipeline keeps for its next run
        proposed = environment if where == "gitlab" else path  # GitLab gives a variable to every job
        assert shell(plan, applied.root, **proposed).returncode == 0  # pending is what a reviewer looks at
        if where == "github":
            assert outputs.read_text() == "pending=false\npending=true\n"
        (applied.root / "site.yaml").write_text("")
        assert shell(drift, applied.root, **environment).returncode == 1
        assert shell(plan, applied.root, **proposed).returncode == 1
        kinds = [each.headers["x-vddkctl-command"] for each in hooked.received]
        assert kinds == ["drift", "drift"]  # once the drift, once the failure


def test_a_pipeline_without_a_webhook_keeps_nothing_and_has_reports(
    vddkctl: Vddkctl, applied: SiteOnDisk
) -> None:
    for where in ("github", "gitlab"):
        done = vddkctl("schedule", where, "--image", IMAGE, cwd=applied.root)
        assert "NOTIFY" not in done.out
        assert "cache" not in done.out
        assert set(artifacts(where, YAML(typ="safe").load(done.out))) == {"drift.html", "drift.xml"}


def test_a_logins_script_puts_it_where_the_next_step_looks(vddkctl: Vddkctl, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(LIVE)
    done = vddkctl("schedule", "github", "--image", IMAGE, cwd=tmp_path)
    assert "secret KUBECONFIG: a kubeconfig of an account that may look" in done.out
    steps = YAML(typ="safe").load(done.out)["jobs"]["drift"]["steps"]
    logins = [step for step in steps if step.get("name", "").startswith("Login of ")]
    assert [step["env"]["CONTENT"] for step in logins] == [
        "${{ secrets.KUBECONFIG }}",
        "${{ secrets.REGISTRY_AUTH_FILE }}",
    ]
    places = {"RUNNER_TEMP": str(tmp_path), "GITHUB_ENV": str(tmp_path / "env")}
    for step in logins:
        ended = shell(step["run"], tmp_path, CONTENT="a %s \\n login\n", **places)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    for line in (tmp_path / "env").read_text().splitlines():
        path = Path(line.partition("=")[2])
        assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("a %s \\n login\n", 0o600)


def test_awkward_paths_are_one_word_everywhere(vddkctl: Vddkctl, applied: SiteOnDisk, program: Path) -> None:
    spec = applied.root / "a 100% $HOME 'site'.yaml"
    (applied.root / "site.yaml").rename(spec)
    words = ("-f", spec, "--program", program)
    crontab = vddkctl("schedule", "crontab", *words, cwd=applied.root)
    ended = shell(command_of(crontab.out), Path("/"))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    units = vddkctl("schedule", "systemd", *words, "--into", "units", cwd=applied.root)
    assert units.code == 0, units.err
    service = next((applied.root / "units").glob("*.service")).read_text()
    assert f"\"{applied.root}/a 100%% $$HOME 'site'.yaml\"" in service
    for where in ("github", "gitlab"):
        done = vddkctl("schedule", where, "-f", spec, "--image", IMAGE, cwd=applied.root)
        drift, _ = scripts(where, YAML(typ="safe").load(done.out))
        assert shell(drift, applied.root, PATH=f"{program.parent}:/usr/bin:/bin").returncode == 0
    broken = vddkctl("schedule", "github", "-f", "a\nb", cwd=applied.root)
    assert (broken.code, "line break" in broken.err) == (64, True)


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


def artifacts(where: str, content: Any) -> list[str]:
    if where == "gitlab":
        found: list[str] = content["vddkctl-drift-frankfurt"]["artifacts"]["paths"]
        return found
    return str(content["jobs"]["drift"]["steps"][-1]["with"]["path"]).split()


def test_a_cron_job_has_the_spec_and_its_authority(vddkctl: Vddkctl, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(LIVE)
    (tmp_path / "company").mkdir()
    authority = make_authority(tmp_path / "authority").certificate.read_text()
    (tmp_path / "company" / "ca.crt.pem").write_text(authority)
    done = vddkctl("schedule", "kubernetes", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "until --image says what yours is" in done.err
    objects = {each["kind"]: each for each in YAML(typ="safe").load_all(done.out)}
    data = objects["ConfigMap"]["data"]
    assert data["ca.crt.pem"] == authority
    assert "context" not in data["site.yaml"]
    assert "namespace: mtv" in data["site.yaml"]
    pod = objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["containers"][0]["command"][:2] == ["vddkctl", "drift"]
    assert objects["CronJob"]["metadata"]["namespace"] == "mtv"
    elsewhere = vddkctl("schedule", "kubernetes", "-n", "watchers", "--image", IMAGE, cwd=tmp_path)
    assert elsewhere.err == ""
    spaces = {
        each["kind"]: each["metadata"].get("namespace") for each in YAML(typ="safe").load_all(elsewhere.out)
    }
    assert (spaces["CronJob"], spaces["Role"]) == ("watchers", "mtv")
    (tmp_path / "company" / "ca.crt.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    refused = vddkctl("schedule", "kubernetes", cwd=tmp_path)
    assert (refused.code, "does not hold certificates alone" in refused.err) == (1, True)


def test_a_cron_jobs_reports_and_memory_are_in_a_claim(vddkctl: Vddkctl, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(LIVE.replace("registries:", "#"))
    words = (
        "--image",
        IMAGE,
        "--claim",
        "kept",
        "--report",
        "drift.html",
        "--notify",
        "https://h.example/t0ken",
    )
    done = vddkctl("schedule", "kubernetes", *words, "--into", "pieces", cwd=tmp_path)
    assert done.code == 0, done.err
    secret, objects = (tmp_path / "pieces" / f"vddkctl-drift-frankfurt.{end}" for end in ("env", "yaml"))
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert secret.read_text().splitlines()[-1] == "VDDKCTL_NOTIFY_URL=https://h.example/t0ken"
    text = objects.read_text()
    assert "t0ken" not in text
    *_, cron_job = YAML(typ="safe").load_all(text)
    pod = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert {"name": "kept", "persistentVolumeClaim": {"claimName": "kept"}} in pod["volumes"]
    [container] = pod["containers"]
    assert container["command"][-2:] == ["--report", "/var/lib/vddkctl/drift.html"]
    assert "t0ken" not in json.dumps(cron_job)


def test_what_is_not_in_the_cluster_is_told_with_its_place(vddkctl: Vddkctl, site: SiteOnDisk) -> None:
    done = vddkctl("schedule", "kubernetes", "--namespace", "mtv", cwd=site.root)
    assert (done.code, done.out) == (1, "")
    assert "site.yaml:4:11: the settings are a folder of manifests" in done.err
    assert "image vddk-8 has no archive.sha256" in done.err
    assert "image vddk-8 is kept in a folder" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "nowhere"),
        (("crontab", "--image", IMAGE), "--image has no meaning for crontab"),
        (("github", "--heal"), "--heal has no meaning for github"),
        (("crontab", "--take", "*"), "--take is for --heal"),
        (("github", "--image", IMAGE, "--every", "1m"), "every 5 minutes"),
        (("gitlab", "--report", "/tmp/a.json"), "leads out of the checkout"),
        (("kubernetes", "--report", "a.json"), "wants --claim NAME"),
        (("kubernetes", "--namespace", "A B"), "--namespace 'A B' is no name"),
        (("crontab", "--every", "7m"), "--every 7m does not go evenly"),
        (("crontab", "--cron", "* *"), "has 2 fields"),
        (("crontab", "--every", "1h", "--cron", "* * * * *"), "keep one"),
        (("crontab", "--user", "a b"), "no user"),
        (("crontab", "--env-file", "here"), "not an absolute path"),
        (("crontab", "--report", "a.doc"), "the ending says the form"),
        (("crontab", "--report", f"{'a' * 990}.prom"), "longer than cron takes"),
        (("crontab", "--notify", "t0ken"), "--notify needs the URL of a webhook"),
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
    assert "t0ken" not in done.err
