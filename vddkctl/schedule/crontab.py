"""A line for cron."""

from __future__ import annotations

from shlex import join, quote

from vddkctl.errors import UsageError
from vddkctl.schedule.job import Job, Piece
from vddkctl.schedule.webhook import kept_in

_PATH = "/usr/local/bin:/usr/bin:/bin"
BUSY = 75
"""How a run ends that finds another one at work (``EX_TEMPFAIL`` of sysexits.h)."""
_LONGEST = 998
"""Letters of a command (crontab(5) of Debian: "the maximum permitted length for the command field")."""


def crontab(job: Job) -> Piece:
    """One line. Raises UsageError for a path that a line cannot hold."""
    user = f"{job.user} " if job.user else ""
    command = _escaped(_command(job))
    if len(command) > _LONGEST:
        raise UsageError(f"the line is longer than cron takes: {len(command)} letters", hint="fewer reports")
    if job.user:
        how = (f"/etc/cron.d/{job.name.replace('.', '-')}: cron passes by file names with a dot.",)
    else:
        how = ("A line for crontab -e.",)
    return Piece(
        job.name.replace(".", "-"),
        (
            *how,
            f"Drift of {job.site}: without any it says nothing, and cron sends no mail (MAILTO in crontab(5)).",
            f"Exit codes: 0 no drift, 1 failed, 3 drift, 124 took too long, {BUSY} another run was still at work.",
            *kept_in(job),
        ),
        f"{job.times.cron} {user}{command}\n",
    )


def _command(job: Job) -> str:
    """The lock is on the spec itself: nothing is created, and a spec that is gone is an error and not an empty file."""
    environment = " ".join(
        f"{name}={quote(value)}" for name, value in {"PATH": _PATH, **job.environment}.items()
    )
    secrets = f"set -a; . {quote(str(job.secrets))}; " if job.secrets else ""
    spec = str(job.spec)
    run = join(["timeout", f"{job.times.limit}s", *job.program, *job.words(spec)])
    return f"export {environment}; {secrets}exec 9<{quote(spec)} && flock -n -E {BUSY} 9 && exec {run}"


def _escaped(command: str) -> str:
    """A bare ``%`` is a line break to cron (crontab(5))."""
    if "\n" in command or "\\%" in command:
        raise UsageError("a crontab cannot hold a path with a line break, or with \\ before %")
    return command.replace("%", "\\%")
