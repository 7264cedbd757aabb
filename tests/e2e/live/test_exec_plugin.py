"""Exec plugins: a token in its last minutes is not asked for at each request."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.support.live_sites import LiveSite


def test_a_plugin_runs_once_for_a_token_that_soon_expires(site: LiveSite) -> None:
    until = (datetime.now(UTC) + timedelta(seconds=200)).strftime("%Y-%m-%dT%H:%M:%SZ")
    status = {"token": site.server.tokens["admin"], "expirationTimestamp": until}
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    plugin, calls = site.root / "plugin.sh", site.root / "calls"
    plugin.write_text(f"#!/bin/sh\necho x >> {calls}\ncat <<'END'\n{json.dumps(answer)}\nEND\n")
    plugin.chmod(0o755)
    config = json.loads(site.server.kubeconfig("admin").read_text())
    run = {"apiVersion": answer["apiVersion"], "command": str(plugin), "interactiveMode": "Never"}
    config["users"][0]["user"] = {"exec": run}
    path = site.root / "kubeconfig"
    path.write_text(json.dumps(config))
    ended = replace(site, environment={"KUBECONFIG": str(path)}).apply("--no-wait")
    assert ended.code == 0, ended.err
    assert "ERROR:" not in ended.err
    assert len(calls.read_text().split()) <= 2
