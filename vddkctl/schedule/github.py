"""A workflow of GitHub."""

from __future__ import annotations

import json
from collections.abc import Mapping

from vddkctl.errors import UsageError
from vddkctl.schedule.job import Job, Piece
from vddkctl.schedule.pipelines import filled, plan_of, reports_of, told, words_of
from vddkctl.schedule.webhook import SECRET, URL

_SHORTEST = 5
"""Minutes between two runs that GitHub allows ("Events that trigger workflows", schedule)."""

_WORKFLOW = """\
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
_LOGIN = """\
      - name: Login of <variable>
        shell: sh
        env:
          CONTENT: ${{ secrets.<variable> }}
        run: |
          umask 077
          printf '%s' "$CONTENT" >"$RUNNER_TEMP/<variable>"
          echo "<variable>=$RUNNER_TEMP/<variable>" >>"$GITHUB_ENV"
"""
_NOTIFY = f"""\
        env:
          {URL}: ${{{{ secrets.{URL} }}}}
          {SECRET}: ${{{{ secrets.{SECRET} }}}}
"""
_RECALL = """\
      - uses: actions/cache/restore@v4
        with:
          path: .vddkctl-state
          key: <name>-${{ github.run_id }}-${{ github.run_attempt }}
          restore-keys: <name>-
"""
_KEEP = """\
      # What was told last, so that only changes are.
      - uses: actions/cache/save@v4
        if: ${{ !cancelled() }}
        with:
          path: .vddkctl-state
          key: <name>-${{ github.run_id }}-${{ github.run_attempt }}
"""


def github(job: Job, needs: Mapping[str, str]) -> Piece:
    """A workflow. ``needs``: what each secret variable with a login is. Raises UsageError for times too close."""
    if job.times.gap < _SHORTEST:
        raise UsageError(f"GitHub runs nothing more often than every {_SHORTEST} minutes", hint="--every 5m")
    reports = reports_of(job)
    logins = "".join(filled(_LOGIN, {"variable": name}) for name in needs)
    secrets = [f"secret {name}: {what}" for name, what in (*needs.items(), *told(job))]
    how = (
        f".github/workflows/{job.name}.yaml",
        f"Drift of {job.site} by the clock (UTC), and the plan of a pull request as its comment.",
        "It wants of the repository:",
        *(secrets or ["no secret"]),
    )
    more = {
        "logins": logins,
        "notify": _NOTIFY if job.notify else "",
        "recall": filled(_RECALL, {"name": job.name}) if job.notify else "",
        "keep": filled(_KEEP, {"name": job.name}) if job.notify else "",
        "cron": json.dumps(job.times.cron),
        "paths": "".join(f"            {each}\n" for each in reports),
        "plan": plan_of(job, "plan.md"),
    }
    return Piece(f"{job.name}.yaml", how, filled(_WORKFLOW, {**words_of(job, reports), **more}))
