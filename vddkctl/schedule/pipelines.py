"""What the pipelines of Git hosts share: the plan where a change is proposed, drift by the clock."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import join, quote

from vddkctl.errors import UsageError
from vddkctl.schedule.job import Job
from vddkctl.schedule.webhook import SECRET, URL

_REPORTS = ("drift.html", "drift.xml")
"""Where no others are asked for."""

_STATE = 'XDG_STATE_HOME="$PWD/.vddkctl-state"'


def in_repository(spec: Path) -> str:
    """A spec's path from the root of its Git repository: where pipelines run. Without a repository, its name."""
    for folder in spec.parents:
        if (folder / ".git").exists():
            return str(spec.relative_to(folder))
    return spec.name


def reports_of(job: Job) -> tuple[str, ...]:
    """Within the repository's checkout. Raises UsageError for a path that leads out of it."""
    for each in job.reports:
        if Path(each).is_absolute() or ".." in Path(each).parts or not each.isprintable():
            raise UsageError(f"--report {each} leads out of the checkout", hint="a name such as drift.html")
    return job.reports or _REPORTS


def words_of(job: Job, reports: tuple[str, ...]) -> dict[str, str]:
    """What every template asks for."""
    drift = join(["vddkctl", *job.words(in_repository(job.spec), reports)])
    return {
        "name": job.name,
        "image": json.dumps(job.image),
        "limit": str(-(-job.times.limit // 60)),
        "drift": f"{_STATE} {drift}" if job.notify else drift,
    }


def plan_of(job: Job, *reports: str) -> str:
    """The command line that says what a change would do."""
    files = "".join(f" --report {each}" for each in reports)
    return f"vddkctl plan -f {quote(in_repository(job.spec))} --detailed-exitcode{files}"


def told(job: Job) -> Iterator[tuple[str, str]]:
    """Variables of the webhook, and what each is."""
    if job.notify:
        yield URL, "where changes are told"
        yield SECRET, "what messages are signed with, or nothing"


def filled(template: str, words: Mapping[str, str]) -> str:
    """A template with its ``<words>`` put in."""
    for name, word in words.items():
        template = template.replace(f"<{name}>", word)
    return template
