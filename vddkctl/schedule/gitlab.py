"""Jobs of a GitLab pipeline."""

from __future__ import annotations

import json
from collections.abc import Mapping

from vddkctl.schedule.job import Job, Piece
from vddkctl.schedule.pipelines import filled, plan_of, reports_of, told, words_of
from vddkctl.schedule.webhook import URL

_JOBS = """\
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
_KEEP = """\
  # What was told last, so that only changes are.
  cache:
    key: <name>
    paths:
      - .vddkctl-state/
    when: always
"""


def gitlab(job: Job, needs: Mapping[str, str]) -> Piece:
    """Jobs for ``.gitlab-ci.yml``. ``needs``: what each variable with a login is."""
    reports = reports_of(job)
    variables = [f"variable {name} (type File): {what}" for name, what in needs.items()]
    variables += [f"variable {name} (masked, protected): {what}" for name, what in told(job)]
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
        "keep": filled(_KEEP, {"name": job.name}) if job.notify else "",
        "paths": "".join(f"      - {json.dumps(each)}\n" for each in reports),
        "junit": listed if junit else "",
        "plan": alone + plan_of(job, "plan.md", "plan.xml"),
    }
    return Piece(f"{job.name}.yml", how, filled(_JOBS, {**words_of(job, reports), **more}))
