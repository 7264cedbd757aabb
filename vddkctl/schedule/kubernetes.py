"""For a cluster: a CronJob with an account of its own, which may look and no more (docs/rbac.md, "To look")."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from vddkctl.schedule.task import Task
from vddkctl.site.diagnostic import Diagnostic, SpecError
from vddkctl.site.source import LoadedSite

_NO_NAME = re.compile(r"[^a-z0-9-]+")
_SPEC = "/etc/vddkctl"
_SCRATCH = "/tmp"  # noqa: S108 - of the container, and of nobody else


def kubernetes(
    task: Task, loaded: LoadedSite, text: str, files: Mapping[str, str], namespace: str, image: str
) -> str:
    """All objects, as YAML documents. ``files`` are what the spec names besides itself, by their keys in the ConfigMap.

    Raises SpecError for images without a declared checksum: the archive is not in the cluster, and the checksum stands
    for it; and for a folder of manifests, which is not there either.
    """
    missing = tuple(_missing(loaded))
    if missing:
        raise SpecError(missing, "part that cannot be checked from inside a cluster")
    name = _NO_NAME.sub("-", f"{task.name}-{task.site}".lower()).strip("-")[:52].rstrip("-")
    meta = {"name": name, "namespace": namespace}
    role = {"apiVersion": "rbac.authorization.k8s.io/v1"}
    subject = [{"kind": "ServiceAccount", "name": name, "namespace": namespace}]
    objects: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
        {**role, "kind": "ClusterRole", "metadata": {"name": name}, "rules": _everywhere(loaded)},
        {
            **role,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            **_bound("ClusterRole", name, subject),
        },
        {**role, "kind": "Role", "metadata": meta, "rules": _at_home()},
        {**role, "kind": "RoleBinding", "metadata": meta, **_bound("Role", name, subject)},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": meta,
            "data": {"site.yaml": _inside(text, loaded), **files},
        },
        _cron_job(task, name, meta, image),
    ]
    note = (
        f"# Registries that want a login: a Secret {name}-registries in {namespace} with the key auth.json,\n"
        f"#   kubectl -n {namespace} create secret generic {name}-registries "
        "--from-file=auth.json=$REGISTRY_AUTH_FILE\n"
    )
    return note + "---\n".join(f"{json.dumps(each, indent=2, ensure_ascii=False)}\n" for each in objects)


def _missing(loaded: LoadedSite) -> Iterator[Diagnostic]:
    source = loaded.source
    if loaded.site.cluster.manifests is not None:
        path: tuple[str, ...] = ("cluster", "manifests")
        text = "a folder of manifests is not in the cluster; schedule crontab or a pipeline suits it"
        yield Diagnostic(source.name, source.key(*path), path, text)
    for name, image in loaded.site.images.items():
        path = ("images", name, "archive")
        if image.archive.sha256 is None:
            text = f"the archive is not in the cluster: declare its sha256 under images.{name}.archive"
            yield Diagnostic(source.name, source.key(*path), path, text)
        if image.repository.startswith("oci:") or image.base.startswith("oci:"):
            yield Diagnostic(
                source.name, source.key(*path), path, f"the layout of image {name} is not in the cluster"
            )
        if image.dockerfile is not None:
            path = ("images", name, "dockerfile")
            yield Diagnostic(
                source.name, source.key(*path), path, f"the Dockerfile of image {name} is not in the cluster"
            )


def _inside(text: str, loaded: LoadedSite) -> str:
    """The spec without the context: inside a cluster there is no kubeconfig, and the pod's account acts."""
    from vddkctl.cluster.yaml_edit.edit import edit_document
    from vddkctl.cluster.yaml_edit.field import Edit
    from vddkctl.cluster.yaml_edit.source import Source

    if loaded.site.cluster.context is None:
        return text
    return edit_document(Source(text, loaded.source.name), [[Edit(None, ("cluster", "context"), None)]]).text


def _everywhere(loaded: LoadedSite) -> list[dict[str, Any]]:
    kinds = ["forkliftcontrollers", "providers", "plans", "migrations", "storagemaps"]
    rules = [{"apiGroups": ["forklift.konveyor.io"], "resources": kinds, "verbs": ["get", "list"]}]
    if loaded.site.pull_secrets:
        rules.append({"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["get", "list"]})
    return rules


def _at_home() -> list[dict[str, Any]]:
    return [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]


def _bound(kind: str, name: str, subjects: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
        "subjects": subjects,
    }


def _cron_job(task: Task, name: str, meta: dict[str, str], image: str) -> dict[str, Any]:
    container = {
        "name": "drift",
        "image": image,
        "command": ["vddkctl", *task.words[1:]],
        "env": [
            {"name": "XDG_CACHE_HOME", "value": f"{_SCRATCH}/cache"},
            {"name": "REGISTRY_AUTH_FILE", "value": "/etc/registries/auth.json"},
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "spec", "mountPath": _SPEC, "readOnly": True},
            {"name": "registries", "mountPath": "/etc/registries", "readOnly": True},
            {"name": "tmp", "mountPath": _SCRATCH},
        ],
    }
    pod = {
        "serviceAccountName": name,
        "restartPolicy": "Never",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "spec", "configMap": {"name": name}},
            {"name": "registries", "secret": {"secretName": f"{name}-registries", "optional": True}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": meta,
        "spec": {
            "schedule": task.cron,
            "concurrencyPolicy": "Forbid",
            "successfulJobsHistoryLimit": 1,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {"spec": {"backoffLimit": 0, "template": {"spec": pod}}},
        },
    }
