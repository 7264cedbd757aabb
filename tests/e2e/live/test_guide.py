"""docs/from-kubectl-mtv.md as it stands: its commands one after the other, and what has to come of each."""

from __future__ import annotations

import base64
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.engines import docker_service, podman_environment
from tests.support.live_sites import OTHER, Ended, LiveSite
from tests.support.running_registry import RunningRegistry
from tests.support.witnesses import Podman
from vddkctl.demo.base import find_busybox, make_base
from vddkctl.demo.sample import make_archive

PAGE = (ROOT / "docs" / "from-kubectl-mtv.md").read_text(encoding="utf-8")
DOCKERFILE = "FROM {base}\n\n# Copy VDDK libraries (will be handled)\nENV TOOLS=1\n"
DISKS = "provider,vm,size_gb\nvsphere-prod,db,300\nvsphere-prod,web,20\n"


@dataclass(frozen=True)
class Row:
    """A row of the page's tables: what the guide does, our way, what comes of it, and which test tries it."""

    guide: str
    ours: str
    comes: str
    test: str

    @property
    def commands(self) -> list[str]:
        return re.findall("`((?:vddkctl|podman) [^`]+)`", self.ours)

    @property
    def says(self) -> list[str]:
        """Texts of the outcome; those of options are none."""
        return [text for text in re.findall("`([^`]+)`", self.comes) if not text.startswith("--")]

    @property
    def code(self) -> int:
        found = re.search(r"exit code (\d+)", self.comes)
        return int(found[1]) if found else 0


def rows() -> list[Row]:
    lines = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("|---")]
    split = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [Row(*cells) for cells in split if cells[-1] != "test"]


@dataclass(frozen=True)
class World:
    """The page's names, and what stands for them on this machine."""

    site: LiveSite
    names: dict[str, str]
    base: str

    def here(self, text: str) -> str:
        for name, other in self.names.items():
            text = text.replace(name, other)
        return text

    def said(self, text: str, out: str) -> bool:
        """Whether a text of the page is in the output; ``…`` in it stands for anything."""
        return bool(re.search(".*".join(map(re.escape, self.here(text).split("…"))), out))

    def run(self, command: str) -> Ended:
        words = shlex.split(self.here(command))
        if "image build" in command and "--dockerfile" not in words:
            words += ["--base", self.base]
        if words[0] == "vddkctl":
            return self.site.run(*words[1:])
        env = dict(self.site.environment)
        done = subprocess.run(words, env=env, cwd=self.site.root, capture_output=True, text=True, check=False)
        return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def world(
    site: LiveSite,
    plain_registry: RunningRegistry,
    password_registry: RunningRegistry,
    tls_registry: RunningRegistry,
    repository: str,
    podman: Podman,
    tmp_path: Path,
) -> Iterator[World]:
    (site.root / "site.yaml").unlink()
    busybox = find_busybox()
    assert busybox, "install busybox-static"
    make_base(site.root / "base", "8.10", busybox)
    make_archive(site.root / "vddk.tar.gz", size=40_000)
    (site.root / "disks.csv").write_text(DISKS)
    harbor = f"{password_registry.host}/{repository}"
    base = f"{harbor}/base:8.10"
    (site.root / "custom-vddk.dockerfile").write_text(DOCKERFILE.format(base=base))
    login = f"{password_registry.username}:{password_registry.password}"
    auths = {password_registry.host: {"auth": base64.b64encode(login.encode()).decode()}}
    (tmp_path / "auth.json").write_text(json.dumps({"auths": auths}))
    site.provider("vsphere-prod")
    site.patch("forkliftcontrollers", "forklift-controller", {"spec": {"vddk_image": OTHER}})
    names = {
        "harbor.company.com/migration": harbor,
        "localhost:5000": f"localhost:{plain_registry.host.rpartition(':')[2]}/{repository}",
        "internal-registry.local:5000": f"{tls_registry.host}/{repository}",
        "openshift-mtv": site.namespace,
        "/tmp/vddk-build": str(tmp_path / "vddk-build"),
    }
    with docker_service(podman) as docker:
        own = {**podman_environment(podman), **docker, "REGISTRY_AUTH_FILE": str(tmp_path / "auth.json")}
        environment = {"PATH": podman.environment["PATH"], "HOME": podman.environment["HOME"], **own}
        made = World(replace(site, environment=environment), names, base)
        copied = made.site.run("image", "copy", "oci:./base:8.10", base)
        assert copied.code == 0, copied.err
        yield made


def test_the_page_as_it_is_written(world: World) -> None:
    """Every row is run, whatever became of the others; what is wrong is told together."""
    tried = [row for row in rows() if row.test == "page"]
    assert len(tried) >= 20
    wrong = []
    for row in tried:
        assert row.commands, row
        done = [world.run(command) for command in row.commands]
        out = "".join(each.out + each.err for each in done)
        missing = [text for text in row.says if not world.said(text, out)]
        if [each.code for each in done] != [0] * (len(done) - 1) + [row.code] or missing:
            wrong.append(f"{row.guide}: {[each.code for each in done]}, without {missing}:\n{out}")
    assert not wrong, "\n\n".join(wrong)
    assert not Path(world.names["/tmp/vddk-build"]).exists()


@pytest.mark.parametrize("row", [row for row in rows() if row.test != "page"], ids=lambda row: row.guide[:40])
def test_the_test_that_a_row_names_is_there(row: Row) -> None:
    file, _, name = row.test.strip("`").partition("::")
    assert f"\ndef {name}(" in (ROOT / "tests" / "e2e" / file).read_text(encoding="utf-8")


def test_the_registry_with_an_unknown_certificate_is_refused_without_the_flag(world: World) -> None:
    """So that the page's rows about it mean something."""
    [row, *_] = [row for row in rows() if row.guide == "`--push-insecure-skip-tls`"]
    done = world.run(row.commands[0].removesuffix(" --push-insecure-skip-tls"))
    assert done.code == 1
    assert "TLS" in done.err


def test_a_provider_whose_certificate_is_not_looked_at(site: LiveSite) -> None:
    login = "credentials: {username: {env: VC_USER}, password: {env: VC_PASSWORD}}"
    create = f"{{url: https://vcenter.test.com/sdk, insecureSkipVerify: true, {login}}}"
    site.write(f"providers:\n  vsphere-test: {{create: {create}}}\n")
    values = {"VC_USER": "admin", "VC_PASSWORD": "password123"}
    person = replace(site, environment=values)
    for words in (("plan",), ("plan", "--dry-run=server")):
        planned = person.run(*words)
        assert planned.code == 0, planned.err
        assert f"+ provider.{site.namespace}/vsphere-test" in planned.out
        assert "password123" not in planned.out + planned.err
    status, _ = site.server.request("GET", site.path("providers", "vsphere-test"))
    assert status == 404
    assert person.apply("--no-wait").code == 0
    secret = site.get("secrets", "vsphere-test-credentials", group="/api/v1")
    assert base64.b64decode(secret["data"]["insecureSkipVerify"]) == b"true"
