"""Pipelines of GitHub and GitLab: the plan where a change is proposed, drift by the clock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from shlex import join, quote

from vddkctl.errors import UsageError
from vddkctl.schedule.job import Job, Piece

_SHORTEST = 5
"""Minutes between two runs that GitHub allows ("Events that trigger workflows", schedule)."""

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
<logins>      - name: Look for drift
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
  plan:
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
        with:
          name: plan
          path: plan.md
  comment:
    needs: plan
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
_GITHUB_NOTIFY = """\
        env:
          NOTIFY_URL: ${{ secrets.NOTIFY_URL }}
"""

_GITLAB = """\
.vddkctl:
  image:
    name: <image>
    entrypoint: [""]
  timeout: <limit> minutes
  interruptible: true
<name>:
  extends: .vddkctl
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
  script:
    - |
      code=0
      <drift> || code=$?
      case $code in
        0) echo 'No drift.' ;;
        3) echo 'Someone else changed something: see above.' ;;
        *) echo "Drift could not be looked for (exit code $code)." ;;
      esac
      exit "$code"
<name>-plan:
  extends: .vddkctl
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
"""


def github(job: Job, needs: Mapping[str, str]) -> Piece:
    """A workflow. ``needs``: what each secret variable with a login is. Raises UsageError for times too close."""
    if job.times.gap < _SHORTEST:
        raise UsageError(f"GitHub runs nothing more often than every {_SHORTEST} minutes", hint="--every 5m")
    logins = "".join(_filled(_GITHUB_LOGIN, {"variable": name}) for name in needs)
    secrets = [f"secret {name}: {what}" for name, what in _with_notify(job, needs).items()]
    how = (
        f".github/workflows/{job.name}.yaml",
        f"Drift of {job.site} by the clock (UTC), and the plan of a pull request as its comment.",
        "It wants of the repository:",
        *(secrets or ["no secret"]),
    )
    more = {
        "logins": logins,
        "notify": _GITHUB_NOTIFY if job.notify else "",
        "cron": json.dumps(job.times.cron),
    }
    return Piece(f"{job.name}.yaml", how, _filled(_GITHUB, {**_words(job), **more}))


def gitlab(job: Job, needs: Mapping[str, str]) -> Piece:
    """Jobs for ``.gitlab-ci.yml``. ``needs``: what each variable with a login is."""
    variables = [
        f"variable {name} ({'masked' if name == 'NOTIFY_URL' else 'type File'}): {what}"
        for name, what in _with_notify(job, needs).items()
    ]
    how = (
        f".gitlab/{job.name}.yml, for include: local in .gitlab-ci.yml",
        f"Drift of {job.site} by the clock: Build > Pipeline schedules > {job.times.cron}",
        "The plan of every merge request is shown beside it. It wants of the project:",
        *(variables or ["no variable"]),
    )
    return Piece(f"{job.name}.yml", how, _filled(_GITLAB, _words(job)))


def in_repository(spec: Path) -> str:
    """A spec's path from the root of its Git repository: where pipelines run. Without a repository, its name."""
    for folder in spec.parents:
        if (folder / ".git").exists():
            return str(spec.relative_to(folder))
    return spec.name


def _words(job: Job) -> dict[str, str]:
    spec = in_repository(job.spec)
    drift = join(["vddkctl", *job.words(spec, notify="NOTIFY_URL" if job.notify else None)])
    return {
        "name": job.name,
        "image": json.dumps(job.image),
        "limit": str(-(-job.times.limit // 60)),
        # A URL with a token in it does not belong into a repository.
        "drift": drift.replace("--notify NOTIFY_URL", '--notify "$NOTIFY_URL"'),
        "plan": f"vddkctl plan -f {quote(spec)} --detailed-exitcode --report plan.md",
    }


def _with_notify(job: Job, needs: Mapping[str, str]) -> dict[str, str]:
    return {**needs, **({"NOTIFY_URL": "where changes are told"} if job.notify else {})}


def _filled(template: str, words: Mapping[str, str]) -> str:
    for name, word in words.items():
        template = template.replace(f"<{name}>", word)
    return template
