"""``vddkctl schedule``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from vddkctl.cli.options import DEFAULT_FILE, SpecFile, Verbose
from vddkctl.cli.output import data, note
from vddkctl.cli.reports import Reports, checked
from vddkctl.errors import UsageError

if TYPE_CHECKING:
    from vddkctl.places import Places
    from vddkctl.schedule.job import Job, Piece
    from vddkctl.schedule.times import Times
    from vddkctl.site.source import LoadedSite

NAME = "schedule"
_HANDED_ON = ("KUBECONFIG", "REGISTRY_AUTH_FILE", "DOCKER_CONFIG")
"""Names of files that a login shell may set, and cron and systemd do not."""


class Where(StrEnum):
    """What runs the job."""

    CRONTAB = "crontab"
    SYSTEMD = "systemd"
    KUBERNETES = "kubernetes"
    GITHUB = "github"
    GITLAB = "gitlab"


_MACHINE = (Where.CRONTAB, Where.SYSTEMD)
_OPTIONS = {
    "--user": _MACHINE,
    "--program": _MACHINE,
    "--namespace": (Where.KUBERNETES,),
    "--image": (Where.KUBERNETES, Where.GITHUB, Where.GITLAB),
    "--report": (*_MACHINE, Where.GITHUB, Where.GITLAB),
}
"""Options that act in some places alone."""


def run(
    where: Annotated[
        Where, typer.Argument(metavar="WHERE", help="crontab, systemd, kubernetes, github or gitlab.")
    ],
    file: SpecFile = DEFAULT_FILE,
    every: Annotated[
        str | None,
        typer.Option("--every", metavar="TIME", help="15m (the default), 1h, 1d, …", show_default=False),
    ] = None,
    cron: Annotated[
        str | None, typer.Option("--cron", metavar="FIELDS", help="Other times: '*/20 6-22 * * 1-5'.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The job's; vddkctl-drift-SITE otherwise.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="USER", help="Who runs it: for /etc/cron.d, for systemd.")
    ] = None,
    program: Annotated[
        str | None, typer.Option("--program", metavar="PATH", help="Where vddkctl lies on that machine.")
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option(
            "--namespace", metavar="NAME", help="Where the CronJob goes; beside Forklift otherwise."
        ),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option("--image", metavar="REF", help="An image of vddkctl, for kubernetes and pipelines."),
    ] = None,
    report: Reports = None,
    notify: Annotated[
        str | None, typer.Option("--notify", metavar="URL", help="Handed on to vddkctl drift.")
    ] = None,
    into: Annotated[
        str | None,
        typer.Option("-o", "--into", metavar="FOLDER", help="Write files there; none is replaced."),
    ] = None,
    _verbose: Verbose = 0,
) -> None:
    """Print what looks for drift regularly, ready to use.

    A line for a crontab, a service and a timer, a CronJob with its rights, or a pipeline.
    """
    given = {
        "--user": user,
        "--program": program,
        "--namespace": namespace,
        "--image": image,
        "--report": ", ".join(report) if report else None,
    }
    _check(where, given)
    checked(report)
    from msgspec.structs import replace

    from vddkctl.cli.session import read_spec
    from vddkctl.places import Places
    from vddkctl.schedule.job import default_name
    from vddkctl.site.load import load

    text, source, folder = read_spec(file)
    loaded = load(text, source)
    site = loaded.site.metadata.name
    job = _job(where, file, site, _times(every, cron, site), name or default_name(site), given)
    job = replace(job, reports=_reports(where, report or []), notify=notify)
    pieces = _pieces(where, job, loaded, Places(folder), namespace)
    if into is not None:
        _write(pieces, into)
    else:
        data("\n".join(piece.whole for piece in pieces))


def _check(where: Where, given: dict[str, str | None]) -> None:
    for option, places in _OPTIONS.items():
        if given[option] is not None and where not in places:
            hint = (
                "a file that a pod writes goes with it; --notify tells of changes"
                if option == "--report"
                else ""
            )
            raise UsageError(
                f"{option} has no meaning for {where}", hint=hint or f"it is for {', '.join(places)}"
            )
    image = given["--image"]
    if where in _MACHINE:
        return
    if image is None:
        hint = "build one with the Containerfile of vddkctl, and push it to where these jobs can pull it"
        raise UsageError(f"{where} wants --image REF, an image of vddkctl", hint=hint)
    from vddkctl.oci.reference import parse

    parse(image)


def _times(every: str | None, cron: str | None, site: str) -> Times:
    from vddkctl.schedule import times

    if every is not None and cron is not None:
        raise UsageError("--every and --cron say the same thing; keep one")
    return times.at(cron) if cron is not None else times.every(every or "15m", site)


def _job(
    where: Where,
    file: str,
    site: str,
    times: Times,
    name: str,
    given: dict[str, str | None],
) -> Job:
    import os
    import re
    from pathlib import Path

    from vddkctl.schedule.job import Job

    if not re.fullmatch(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?", name):
        raise UsageError(f"--name {name} is no name", hint="lower-case letters, digits, - and ., at most 63")
    if given["--user"] and not re.fullmatch(r"[A-Za-z_][-A-Za-z0-9_.]*\$?", given["--user"]):
        raise UsageError(f"--user {given['--user']} is no user")
    if file == "-" and where is not Where.KUBERNETES:
        raise UsageError(f"{where} reads the spec from a file each time", hint="-f FILE")
    found = {name: _absolute(os.environ[name]) for name in _HANDED_ON if os.environ.get(name)}
    return Job(
        site=site,
        name=name,
        times=times,
        spec=Path(file).absolute(),
        program=_program(given["--program"]) if where in _MACHINE else ("vddkctl",),
        environment=found,
        user=given["--user"],
        image=given["--image"],
    )


def _absolute(paths: str) -> str:
    """Several kubeconfigs may stand behind each other, with colons between."""
    import os

    return os.pathsep.join(os.path.abspath(path) for path in paths.split(os.pathsep) if path)  # noqa: PTH100


def _reports(where: Where, reports: list[str]) -> tuple[str, ...]:
    return tuple(map(_absolute, reports) if where in _MACHINE else reports)


def _program(named: str | None) -> tuple[str, ...]:
    """How vddkctl was started just now, unless it is named."""
    import os
    import shutil
    import sys
    from pathlib import Path

    if named is not None:
        if not os.path.isabs(named):  # noqa: PTH117
            raise UsageError(f"--program {named} is not absolute")
        return (named,)
    started = Path(sys.argv[0])
    if started.name == "__main__.py":
        return (sys.executable, "-m", "vddkctl")
    found = shutil.which(sys.argv[0])
    return (str(Path(found or started).absolute()),)


def _pieces(
    where: Where, job: Job, loaded: LoadedSite, places: Places, namespace: str | None
) -> tuple[Piece, ...]:
    if where is Where.CRONTAB:
        from vddkctl.schedule.crontab import crontab

        return (crontab(job),)
    if where is Where.SYSTEMD:
        from vddkctl.schedule.systemd import systemd

        return systemd(job)
    if where is Where.KUBERNETES:
        return (_kubernetes(job, loaded, places, namespace),)
    from vddkctl.schedule import pipelines

    needs = (
        {} if loaded.site.cluster.manifests else {"KUBECONFIG": "a kubeconfig of an account that may look"}
    )
    if loaded.site.images:
        needs["REGISTRY_AUTH_FILE"] = "a login at the registries, as podman login --authfile writes it"
    return ((pipelines.github if where is Where.GITHUB else pipelines.gitlab)(job, needs),)


def _kubernetes(job: Job, loaded: LoadedSite, places: Places, namespace: str | None) -> Piece:
    from vddkctl.schedule.carried import carried
    from vddkctl.schedule.kubernetes import kubernetes

    forklift = loaded.site.cluster.namespace or namespace
    if forklift is None and loaded.site.cluster.manifests is None:
        raise UsageError(
            "the spec does not say where Forklift lives, and the job's rights are to be for that namespace",
            hint="say it in the spec (cluster.namespace), or with --namespace",
        )
    files = carried(loaded, places, forklift or "")
    return kubernetes(loaded, job, files, namespace or forklift or "", forklift or "")


def _write(pieces: tuple[Piece, ...], into: str) -> None:
    from pathlib import Path

    from vddkctl.atomic import replacing, write_all
    from vddkctl.errors import VddkctlError

    paths = [Path(into, piece.file) for piece in pieces]
    for path in paths:
        if path.exists():
            raise VddkctlError("is there already", where=str(path), hint="remove it, or name another folder")
    for path, piece in zip(paths, pieces, strict=True):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path, mode=0o644) as handle:
                write_all(handle, piece.whole.encode())
        except OSError as error:
            raise VddkctlError(f"cannot be written: {error.strerror}", where=str(path)) from None
        note(f"Wrote {path}.")
