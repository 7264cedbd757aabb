"""``vddkctl schedule``."""

from __future__ import annotations

import os
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vddkctl.cli.options import DEFAULT_FILE, SpecFile, Verbose
from vddkctl.cli.output import data, note
from vddkctl.errors import UsageError

if TYPE_CHECKING:
    from vddkctl.schedule.task import Task
    from vddkctl.site.source import LoadedSite

NAME = "schedule"


class Where(StrEnum):
    """What runs it."""

    CRONTAB = "crontab"
    SYSTEMD = "systemd"
    KUBERNETES = "kubernetes"
    GITHUB = "github"
    GITLAB = "gitlab"


Place = Annotated[Where, typer.Argument(help="What is to run it.")]
Every = Annotated[str, typer.Option("--every", metavar="TIME", help="How often: 15m, 1h, 1d.")]
Cron = Annotated[str | None, typer.Option("--cron", metavar="FIELDS", help="Or five fields of cron.")]
Reports = Annotated[
    list[str] | None, typer.Option("--report", metavar="FILE", help="As for drift; repeatable.")
]
Image = Annotated[
    str, typer.Option("--image", metavar="IMAGE", help="vddkctl's own image: see the Containerfile.")
]
Namespace = Annotated[
    str | None, typer.Option("-n", "--namespace", metavar="NAME", help="Of the CronJob: Forklift's own.")
]
User = Annotated[str | None, typer.Option("--user", metavar="NAME", help="For a line in /etc/cron.d.")]


def run(
    where: Place,
    every: Every = "1h",
    cron: Cron = None,
    report: Reports = None,
    image: Image = "registry.example.com/tools/vddkctl:0.1.0",
    namespace: Namespace = None,
    user: User = None,
    file: SpecFile = DEFAULT_FILE,
    _verbose: Verbose = 0,
) -> int:
    """Print what runs the drift check regularly, ready to use.

    Silent when all is well; exit code 3 and a report of who changed what when it is not.
    """
    from vddkctl.cli.reports import checked
    from vddkctl.cli.session import read_spec
    from vddkctl.schedule.task import Task, checked_cron, cron_of
    from vddkctl.site.load import load

    checked(report)
    text, name, folder = read_spec(file)
    loaded = load(text, name)
    fields = checked_cron(cron) if cron else cron_of(every, loaded.site.metadata.name)
    if where is Where.SYSTEMD and cron:
        raise UsageError("systemd has no fields of cron", hint="take --every")
    local = where in (Where.CRONTAB, Where.SYSTEMD)
    reports = tuple(os.path.abspath(each) if local else each for each in report or ())  # noqa: PTH100
    task = Task(loaded.site.metadata.name, _spec(file, where), _command(), fields, reports)
    if where is Where.KUBERNETES:
        data(_kubernetes(task, loaded, text, folder, namespace, image))
        return 0
    from vddkctl.schedule.local import crontab, systemd
    from vddkctl.schedule.pipelines import github, gitlab

    pieces = {
        Where.CRONTAB: lambda: crontab(task, user),
        Where.SYSTEMD: lambda: systemd(task, every),
        Where.GITHUB: lambda: github(task, image),
        Where.GITLAB: lambda: gitlab(task, image),
    }
    data(pieces[where]())
    return 0


def _spec(file: str, where: Where) -> str:
    if file == "-":
        raise UsageError("a schedule needs a spec in a file", hint="name it with -f")
    if where is Where.KUBERNETES:
        return "/etc/vddkctl/site.yaml"
    return os.path.abspath(file) if where in (Where.CRONTAB, Where.SYSTEMD) else file  # noqa: PTH100


def _command() -> str:
    """Vddkctl's own command: cron and systemd have another PATH than whoever sets them up."""
    beside = Path(sys.executable).with_name("vddkctl")
    return str(beside) if beside.is_file() else shutil.which("vddkctl") or "vddkctl"


def _kubernetes(
    task: Task, loaded: LoadedSite, text: str, folder: Path, namespace: str | None, image: str
) -> str:
    from vddkctl.errors import VddkctlError
    from vddkctl.schedule.kubernetes import kubernetes

    home = namespace or loaded.site.cluster.namespace or "openshift-mtv"
    files: dict[str, str] = {}
    for host, said in loaded.site.registries.items():
        if said.client_key_file:
            raise VddkctlError("a client's key does not belong into a ConfigMap", where=f"registries.{host}")
        if said.ca_file:
            key = Path(said.ca_file).name
            if said.ca_file not in (key, f"./{key}"):
                note(
                    f"registries.{host}.caFile is {said.ca_file}; in the ConfigMap it is {key}, beside the spec."
                )
                text = text.replace(said.ca_file, f"./{key}")
            try:
                files[key] = (folder / said.ca_file).read_text()
            except (OSError, UnicodeDecodeError):
                raise VddkctlError("the authority's file cannot be read", where=said.ca_file) from None
    return kubernetes(task, loaded, text, files, home, image)
