"""``vddkctl schedule``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from vddkctl.cli.options import DEFAULT_FILE, SpecFile, Take, Verbose
from vddkctl.cli.output import data, note
from vddkctl.cli.reports import Form, Notify, NotifyForm, Reports, checked
from vddkctl.errors import UsageError

NAME = "schedule"


class Where(StrEnum):
    """What runs the job."""

    CRONTAB = "crontab"
    SYSTEMD = "systemd"
    KUBERNETES = "kubernetes"
    GITHUB = "github"
    GITLAB = "gitlab"


MACHINE = (Where.CRONTAB, Where.SYSTEMD)
_ONLY = {
    "--user": MACHINE,
    "--program": MACHINE,
    "--env-file": MACHINE,
    "--namespace": (Where.KUBERNETES,),
    "--claim": (Where.KUBERNETES,),
    "--image": (Where.KUBERNETES, Where.GITHUB, Where.GITLAB),
    "--heal": (*MACHINE, Where.KUBERNETES),
}
"""Options that act in some places alone. A pipeline that heals would have to commit what it did."""


def run(
    where: Annotated[
        Where, typer.Argument(metavar="WHERE", help="crontab, systemd, kubernetes, github or gitlab.")
    ],
    file: SpecFile = DEFAULT_FILE,
    every: Annotated[
        str | None,
        typer.Option("--every", metavar="TIME", help="1h (the default), 15m, 1d, …", show_default=False),
    ] = None,
    cron: Annotated[
        str | None, typer.Option("--cron", metavar="FIELDS", help="Other times: '*/20 6-22 * * 1-5'.")
    ] = None,
    report: Reports = None,
    notify: Notify = None,
    notify_format: NotifyForm = Form.JSON,
    heal: Annotated[
        bool,
        typer.Option("--heal", help="Let each run put back what it finds; in cron, systemd, kubernetes."),
    ] = False,
    take: Take = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The job's; vddkctl-drift-SITE otherwise.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="USER", help="Who runs it: for /etc/cron.d, for systemd.")
    ] = None,
    program: Annotated[
        str | None, typer.Option("--program", metavar="PATH", help="Where vddkctl lies on that machine.")
    ] = None,
    env_file: Annotated[
        str | None,
        typer.Option(
            "--env-file",
            metavar="PATH",
            help="Read at each run, for cron and systemd: variables with secrets.",
        ),
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option(
            "-n", "--namespace", metavar="NAME", help="Where the CronJob goes; beside Forklift otherwise."
        ),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option("--image", metavar="REF", help="An image of vddkctl, for kubernetes and pipelines."),
    ] = None,
    claim: Annotated[
        str | None,
        typer.Option(
            "--claim",
            metavar="NAME",
            help="A PersistentVolumeClaim for reports and what was told, in kubernetes.",
        ),
    ] = None,
    into: Annotated[
        str | None,
        typer.Option("-o", "--into", metavar="FOLDER", help="Write files there; none is replaced."),
    ] = None,
    _verbose: Verbose = 0,
) -> None:
    """Print what runs the drift check regularly, ready to use.

    A line for a crontab, a service and a timer, a CronJob with its rights, or a pipeline: silent as long as nobody else
    changes anything. The address of --notify is not printed, but kept in a file or Secret, which the piece names.
    """
    asked: dict[str, Any] = {
        "--user": user,
        "--program": program,
        "--env-file": env_file,
        "--namespace": namespace,
        "--claim": claim,
        "--image": image,
        "--heal": heal or None,
    }
    _check(where, asked, take, report)
    checked(report, inputs=[file])
    if notify:
        from vddkctl.notify.webhook import webhook_at

        webhook_at(notify)
    from vddkctl.cli.scheduled import Asked, pieces, write

    options = [*(["--heal"] if heal else []), *(word for each in take or () for word in ("--take", each))]
    if notify and notify_format is not Form.JSON:
        options += ["--notify-format", notify_format.value]
    made = pieces(
        Asked(
            where=where,
            file=file,
            every=every,
            cron=cron,
            name=name,
            user=user,
            program=program,
            env_file=env_file,
            namespace=namespace,
            image=image,
            claim=claim,
            reports=tuple(report or ()),
            options=tuple(options),
            heal=heal,
            notify=notify or None,
        )
    )
    if into is not None:
        write(made, into)
        return
    data("\n".join(piece.whole for piece in made if not piece.secret))
    if any(piece.secret for piece in made):
        note("The webhook's address is not shown: --into FOLDER writes it to a file of its own.")


def _check(where: Where, asked: dict[str, Any], take: list[str] | None, report: list[str] | None) -> None:
    for option, places in _ONLY.items():
        if asked[option] is not None and where not in places:
            raise UsageError(f"{option} has no meaning for {where}", hint=f"it is for {', '.join(places)}")
    if take and not asked["--heal"]:
        raise UsageError("--take is for --heal: a run that only looks takes nothing")
    if report and where is Where.KUBERNETES and asked["--claim"] is None:
        raise UsageError(
            "a file that a pod writes goes with it: --report wants --claim NAME for kubernetes",
            hint="a PersistentVolumeClaim; without one, --notify tells of changes",
        )
