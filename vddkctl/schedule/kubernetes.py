"""A CronJob, and all that it needs in its cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from vddkctl.errors import UsageError
from vddkctl.schedule.carried import SPEC, Carried, yaml_text
from vddkctl.schedule.job import LONGEST, Job, Piece
from vddkctl.schedule.rights import roles
from vddkctl.schedule.webhook import SECRET, URL
from vddkctl.site.source import LoadedSite

SPEC_FOLDER, LOGIN_FOLDER, CACHE_FOLDER = "/etc/vddkctl", "/etc/vddkctl-login", "/var/cache/vddkctl"
KEPT_FOLDER = "/var/lib/vddkctl"
"""Of the claim, if there is one: reports, and what the webhook was told last."""


def kubernetes(loaded: LoadedSite, job: Job, carried: Carried, namespace: str, forklift: str) -> Piece:
    """One file of YAML. ``namespace`` is the job's, ``forklift`` Forklift's. Raises UsageError."""
    for report in job.reports:
        if PurePosixPath(report).name != report:
            raise UsageError(f"--report {report} leads elsewhere", hint="a name within the claim: drift.html")
    if len(job.name) > LONGEST:
        raise UsageError(f"a CronJob's name has at most {LONGEST} letters: {job.name}", hint="--name NAME")
    here = {"name": job.name, "namespace": namespace, "labels": _labels(job)}
    objects = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": here},
        *roles(loaded, job.name, namespace, forklift, heal=job.heal),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": here, "data": carried.files},
        {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": here, "spec": _cron_job(loaded, job)},
    ]
    return Piece(f"{job.name}.yaml", tuple(_how(loaded, job, namespace)), yaml_text(*objects))


def _how(loaded: LoadedSite, job: Job, namespace: str) -> list[str]:
    lines = [
        f"kubectl apply -f {job.name}.yaml",
        f"Drift of {job.site}: {_deeds(loaded, job)}. A job that failed is drift (exit code 3) or an error (1):",
        f"kubectl -n {namespace} logs -l app.kubernetes.io/instance={job.name} --tail=-1",
    ]
    secret = f"kubectl -n {namespace} create secret generic {job.name}"
    if loaded.site.images:
        lines += [
            'It wants a login at the registries; for those without logins, an AUTH_FILE with {"auths": {}}:',
            f"{secret}-login --from-file=auth.json=AUTH_FILE",
        ]
    if job.notify:
        lines += [
            f"Where changes are told: a file with the line {URL}=…, and {SECRET}=… where messages are signed:",
            f"{secret}-notify --from-env-file={job.name}.env",
        ]
    if job.notify and not job.claim:
        lines.append("Without --claim nothing remembers what was told: drift is told at each run.")
    if job.claim:
        lines += [
            f"In the PersistentVolumeClaim {job.claim} of {namespace} are reports, and what was told last.",
            "The pod's user must be able to write there (fsGroup; OpenShift sees to that).",
        ]
    return lines


def _deeds(loaded: LoadedSite, job: Job) -> str:
    if not job.heal:
        return "reads, and changes nothing"
    images = "; tags stay, since the archives are not in there" if loaded.site.images else ""
    return f"puts back what someone else changed{images}"


def _labels(job: Job) -> dict[str, str]:
    return {"app.kubernetes.io/name": "vddkctl", "app.kubernetes.io/instance": job.name}


def _cron_job(loaded: LoadedSite, job: Job) -> dict[str, Any]:
    template = {"metadata": {"labels": _labels(job)}, "spec": _pod(loaded, job)}
    return {
        "schedule": job.times.cron,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": job.times.limit,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {
            "spec": {"backoffLimit": 0, "activeDeadlineSeconds": job.times.limit, "template": template}
        },
    }


def _pod(loaded: LoadedSite, job: Job) -> dict[str, Any]:
    volumes: list[dict[str, Any]] = [
        {"name": "spec", "configMap": {"name": job.name}},
        {"name": "cache", "emptyDir": {"sizeLimit": "256Mi"}},
        {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
    ]
    if loaded.site.images:
        # Optional, so that a login that is missing is told by the job, and no pod waits for it without a word.
        login = {"secretName": f"{job.name}-login", "optional": True}
        volumes.append({"name": "login", "secret": login})
    if job.claim:
        volumes.append({"name": "kept", "persistentVolumeClaim": {"claimName": job.claim}})
    return {
        "serviceAccountName": job.name,
        "restartPolicy": "Never",
        "enableServiceLinks": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [_container(loaded, job)],
        "volumes": volumes,
    }


def _container(loaded: LoadedSite, job: Job) -> dict[str, Any]:
    mounts: list[dict[str, Any]] = [
        {"name": "spec", "mountPath": SPEC_FOLDER, "readOnly": True},
        {"name": "cache", "mountPath": CACHE_FOLDER},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a folder of the pod's own
    ]
    if loaded.site.images:
        mounts.append({"name": "login", "mountPath": LOGIN_FOLDER, "readOnly": True})
    if job.claim:
        mounts.append({"name": "kept", "mountPath": KEPT_FOLDER})
    reports = tuple(f"{KEPT_FOLDER}/{each}" for each in job.reports)
    return {
        "name": "drift",
        "image": job.image,
        "command": ["vddkctl", *job.words(f"{SPEC_FOLDER}/{SPEC}", reports)],
        "env": list(_environment(loaded, job)),
        "volumeMounts": mounts,
        "resources": {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _environment(loaded: LoadedSite, job: Job) -> Iterator[dict[str, Any]]:
    yield {"name": "HOME", "value": "/tmp"}  # noqa: S108
    yield {"name": "XDG_CACHE_HOME", "value": CACHE_FOLDER}
    if loaded.site.images:
        yield {"name": "REGISTRY_AUTH_FILE", "value": f"{LOGIN_FOLDER}/auth.json"}
    if job.claim:
        yield {"name": "XDG_STATE_HOME", "value": KEPT_FOLDER}
    if job.notify:
        for name, optional in ((URL, {}), (SECRET, {"optional": True})):
            key = {"name": f"{job.name}-notify", "key": name, **optional}
            yield {"name": name, "valueFrom": {"secretKeyRef": key}}
