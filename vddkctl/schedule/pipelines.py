"""For a repository of manifests: a plan on each change, and drift by the clock."""

from __future__ import annotations

from vddkctl.schedule.task import Task


def github(task: Task, image: str) -> str:
    """A workflow for ``.github/workflows/vddkctl.yaml``."""
    return f"""\
# .github/workflows/vddkctl.yaml
name: vddkctl
on:
  pull_request:
  schedule:
    - cron: "{task.cron}"
  workflow_dispatch:
permissions:
  contents: read
  pull-requests: write
concurrency:
  group: vddkctl
jobs:
  plan:
    if: github.event_name == 'pull_request'
    runs-on: ubuntu-latest
    container: {image}
    steps:
      - uses: actions/checkout@v4
      - name: What would change
        run: vddkctl plan -f {task.spec} --report plan.md
      - name: Tell the pull request
        if: always()
        env:
          GH_TOKEN: ${{{{ github.token }}}}
        run: gh pr comment "${{{{ github.event.number }}}}" --body-file plan.md
  drift:
    if: github.event_name != 'pull_request'
    runs-on: ubuntu-latest
    container: {image}
    steps:
      - uses: actions/checkout@v4
      - name: What somebody else changed
        run: vddkctl drift --quiet -f {task.spec} --report drift.xml --report drift.html
      - uses: actions/upload-artifact@v4
        if: failure()
        with:
          name: drift
          path: drift.*
"""


def gitlab(task: Task, image: str) -> str:
    """Jobs for ``.gitlab-ci.yml``; the schedule itself is set in the project (Build, Pipeline schedules)."""
    return f"""\
# .gitlab-ci.yml; a pipeline schedule with the cron "{task.cron}" runs the second job
vddkctl-plan:
  image: {image}
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  script:
    - vddkctl plan -f {task.spec} --report plan.md --report plan.xml
  artifacts:
    when: always
    paths: [plan.md]
    reports:
      junit: plan.xml
vddkctl-drift:
  image: {image}
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
  script:
    - vddkctl drift --quiet -f {task.spec} --report drift.xml --report drift.html
  artifacts:
    when: always
    paths: [drift.html]
    reports:
      junit: drift.xml
"""
