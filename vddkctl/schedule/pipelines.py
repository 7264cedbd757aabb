"""Pipelines of GitHub and GitLab: the plan where a change is proposed, drift by the clock."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import join, quote

from vddkctl.errors import UsageError
from vddkctl.schedule.job import Job, Piece
from vddkctl.schedule.webhook import SECRET, URL

_SHORTEST = 5
"""Minutes between two runs that GitHub allows ("Events that trigger workflows", schedule)."""
_REPORTS = ("drift.html", "drift.xml")
"""Where no others are asked for."""

_GITHUB = """\
name: <name>
on:
  schedule:
    - cron: <cron>
  pull_request:
  workflow_dispatch:
permissions:
  contents: read
concurrency:
  group: <name>-${{ github.event_name }}-${{ github.ref }}
jobs:
  drift:
    if: github.event_name != 'pull_request'
    runs-on: ubuntu-latest
    timeout-minutes: <limit>
    container: <image>
    steps:
      - uses: actions/checkout@v4
<logins><recall>      - name: Look for drift
        shell: sh
<notify>        run: |
          code=0
          <drift> || code=$?
          case $code in
            0) echo 'No drift.' ;;
            3) echo '::error title=Drift::Someone else changed something: see above.' ;;
            *) echo "::error title=Failed::Drift could not be looked for (exit code $code)." ;;
          esac
          exit "$code"
<keep>      - uses: actions/upload-artifact@v4
        if: failure()
        with:
          name: drift
          if-no-files-found: ignore
          path: |
<paths>  plan:
    # Not for forks: they get no logins.
    if: github.event.pull_request.head.repo.full_name == github.repository
    runs-on: ubuntu-latest
    timeout-minutes: <limit>
    container: <image>
    outputs:
      pending: ${{ steps.plan.outputs.pending }}
    steps:
      - uses: actions/checkout@v4
<logins>      - name: Plan
        id: plan
        shell: sh
        run: |
          code=0
          <plan> || code=$?
          case $code in
            0) echo 'pending=false' >>"$GITHUB_OUTPUT" ;;
            2) echo 'pending=true' >>"$GITHUB_OUTPUT" ;;
            *) exit "$code" ;;
          esac
      - uses: actions/upload-artifact@v4
        if: ${{ !cancelled() }}
        with:
          name: plan
          path: plan.md
  comment:
    needs: plan
    # A plan that failed is told, too.
    if: ${{ !cancelled() && needs.plan.result != 'skipped' }}
    runs-on: ubuntu-latest
    permissions:
      pull-requests: write
    steps:
      - uses: actions/download-artifact@v4
        with:
          name: plan
      - name: Comment
        env:
          GH_TOKEN: ${{ github.token }}
          GH_REPO: ${{ github.repository }}
          NUMBER: ${{ github.event.pull_request.number }}
        run: gh pr comment "$NUMBER" --body-file plan.md --edit-last --create-if-none
"""
_GITHUB_LOGIN = """\
      - name: Login of <variable>
        shell: sh
        env:
          CONTENT: ${{ secrets.<variable> }}
        run: |
          umask 077
          printf '%s' "$CONTENT" >"$RUNNER_TEMP/<variable>"
          echo "<variable>=$RUNNER_TEMP/<variable>" >>"$GITHUB_ENV"
"""
_GITHUB_NOTIFY = f"""\
        env:
          {URL}: ${{{{ secrets.{URL} }}}}
          {SECRET}: ${{{{ secrets.{SECRET} }}}}
"""
_GITHUB_RECALL = """\
      - uses: actions/cache/restore@v4
        with:
          path: .vddkctl-state
          key: <name>-${{ github.run_id }}-${{ github.run_attempt }}
          restore-keys: <name>-
"""
_GITHUB_KEEP = """\
      # What was told last, so that only changes are.
      - uses: actions/cache/save@v4
        if: ${{ !cancelled() }}
        with:
          path: .vddkctl-state
          key: <name>-${{ github.run_id }}-${{ github.run_attempt }}
"""

_GITLAB = """\
.<name>:
  image:
    name: <image>
    entrypoint: [""]
  timeout: <limit> minutes
  interruptible: true
<name>:
  extends: .<name>
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
<keep>  script:
    - |
      code=0
      <drift> || code=$?
      case $code in
        0) echo 'No drift.' ;;
        3) echo 'Someone else changed something: see above.' ;;
        *) echo "Drift could not be looked for (exit code $code)." ;;
      esac
      exit "$code"
  artifacts:
    when: always
    expire_in: 1 week
    paths:
<paths><junit><name>-plan:
  extends: .<name>
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  script:
    - |
      code=0
      <plan> || code=$?
      case $code in
        0) echo 'Nothing would change.' ;;
        2) echo 'Changes are pending.' ;;
        *) exit "$code" ;;
      esac
  artifacts:
    when: always
    expose_as: vddkctl plan
    paths:
      - plan.md
    reports:
      junit: plan.xml
"""
_GITLAB_KEEP = """\
  # What was told last, so that only changes are.
  cache:
    key: <name>
    paths:
      - .vddkctl-state/
    when: always
"""
_STATE = 'XDG_STATE_HOME="$PWD/.vddkctl-state"'


def github(job: Job, needs: Mapping[str, str]) -> Piece:
    """A workflow. ``needs``: what each secret variable with a login is. Raises UsageError for times too close."""
    if job.times.gap < _SHORTEST:
        raise UsageError(f"GitHub runs nothing more often than every {_SHORTEST} minutes", hint="--every 5m")
    reports = _reports(job)
    logins = "".join(_filled(_GITHUB_LOGIN, {"variable": name}) for name in needs)
    secrets = [f"secret {name}: {what}" for name, what in (*needs.items(), *_told(job))]
    how = (
        f".github/workflows/{job.name}.yaml",
        f"Drift of {job.site} by the clock (UTC), and the plan of a pull request as its comment.",
        "It wants of the repository:",
        *(secrets or ["no secret"]),
    )
    more = {
        "logins": logins,
        "notify": _GITHUB_NOTIFY if job.notify else "",
        "recall": _filled(_GITHUB_RECALL, {"name": job.name}) if job.notify else "",
        "keep": _filled(_GITHUB_KEEP, {"name": job.name}) if job.notify else "",
        "cron": json.dumps(job.times.cron),
        "paths": "".join(f"            {each}\n" for each in reports),
        "plan": _plan(job, "plan.md"),
    }
    return Piece(f"{job.name}.yaml", how, _filled(_GITHUB, {**_words(job, reports), **more}))


def gitlab(job: Job, needs: Mapping[str, str]) -> Piece:
    """Jobs for ``.gitlab-ci.yml``. ``needs``: what each variable with a login is."""
    reports = _reports(job)
    variables = [f"variable {name} (type File): {what}" for name, what in needs.items()]
    variables += [f"variable {name} (masked, protected): {what}" for name, what in _told(job)]
    how = (
        f".gitlab/{job.name}.yml, for include: local in .gitlab-ci.yml",
        f"Drift of {job.site} by the clock: Build > Pipeline schedules > {job.times.cron}",
        "The plan of every merge request is shown beside it. It wants of the project:",
        *(variables or ["no variable"]),
    )
    junit = [each for each in reports if each.endswith(".xml")]
    listed = "    reports:\n      junit:\n" + "".join(f"        - {json.dumps(each)}\n" for each in junit)
    # A variable of the project is there for every job; of a proposal, only its page is to be told.
    alone = f"env -u {URL} " if job.notify else ""
    more = {
        "keep": _filled(_GITLAB_KEEP, {"name": job.name}) if job.notify else "",
        "paths": "".join(f"      - {json.dumps(each)}\n" for each in reports),
        "junit": listed if junit else "",
        "plan": alone + _plan(job, "plan.md", "plan.xml"),
    }
    return Piece(f"{job.name}.yml", how, _filled(_GITLAB, {**_words(job, reports), **more}))


def in_repository(spec: Path) -> str:
    """A spec's path from the root of its Git repository: where pipelines run. Without a repository, its name."""
    for folder in spec.parents:
        if (folder / ".git").exists():
            return str(spec.relative_to(folder))
    return spec.name


def _reports(job: Job) -> tuple[str, ...]:
    """Within the repository's checkout. Raises UsageError for a path that leads out of it."""
    for each in job.reports:
        if Path(each).is_absolute() or ".." in Path(each).parts or not each.isprintable():
            raise UsageError(f"--report {each} leads out of the checkout", hint="a name such as drift.html")
    return job.reports or _REPORTS


def _words(job: Job, reports: tuple[str, ...]) -> dict[str, str]:
    drift = join(["vddkctl", *job.words(in_repository(job.spec), reports)])
    return {
        "name": job.name,
        "image": json.dumps(job.image),
        "limit": str(-(-job.times.limit // 60)),
        "drift": f"{_STATE} {drift}" if job.notify else drift,
    }


def _plan(job: Job, *reports: str) -> str:
    files = "".join(f" --report {each}" for each in reports)
    return f"vddkctl plan -f {quote(in_repository(job.spec))} --detailed-exitcode{files}"


def _told(job: Job) -> Iterator[tuple[str, str]]:
    if job.notify:
        yield URL, "where changes are told"
        yield SECRET, "what messages are signed with, or nothing"


def _filled(template: str, words: Mapping[str, str]) -> str:
    for name, word in words.items():
        template = template.replace(f"<{name}>", word)
    return template
