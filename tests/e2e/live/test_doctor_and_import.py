"""What the doctor says of a live cluster, and a spec written from one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.e2e.live.test_rights import grant
from tests.support.apiservers import serve
from tests.support.live_sites import IMAGE, SPEC, LiveSite


def statuses(site: LiveSite, *words: str) -> dict[str, tuple[str, str]]:
    ended = site.run("doctor", "--output", "json", *words)
    found = {f"{c['group']} {c['name']}": (c["status"], c["detail"]) for c in ended.data["checks"]}
    assert ended.code == (1 if any(status == "fail" for status, _ in found.values()) else 0), ended.out
    return found


def test_a_cluster_that_is_well(site: LiveSite) -> None:
    found = statuses(site)
    assert found["cluster API server"][0] == "pass"
    assert "Kubernetes v1." in found["cluster API server"][1]
    assert found["cluster ForkliftController"][0] == "pass"
    assert found["cluster controller"][0] == "pass"
    assert found["rights to look"][0] == "pass"
    assert found["rights to apply"][0] == "pass"


def test_rights_that_are_missing_are_named_verb_by_verb(site: LiveSite) -> None:
    grant(site.server, "reader", site.namespace, "ClusterRole vddkctl-view", "Role vddkctl-view")
    found = site.run("doctor", "--output", "json").data
    assert found["summary"]["fail"] == 0
    reader = replace(site, user="reader").run("doctor")
    assert reader.code == 0
    assert "may not patch providers.forklift.konveyor.io in namespace" in reader.out
    assert "docs/rbac.md has the roles" in reader.out
    nobody = replace(site, user="bob").run("doctor")
    assert nobody.code == 1


def test_no_forklift(site: LiveSite, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with serve(tmp_path / "bare", tmp_path / "none") as server:
        bare = replace(site, server=server)
        found = statuses(bare)
    assert found["cluster ForkliftController"] == ("fail", "the cluster does not know forkliftcontrollers")
    assert found["cluster API server"][0] == "pass"


def test_nobody_answers(site: LiveSite) -> None:
    kubeconfig = site.root / "kubeconfig"
    text = Path(site.server.kubeconfig(site.user)).read_text()
    kubeconfig.write_text(text.replace(site.server.url, "https://127.0.0.1:1"))
    found = statuses(replace(site, environment={"KUBECONFIG": str(kubeconfig)}))
    assert found["cluster API server"][0] == "fail"
    assert "disk cache" in found


def test_a_cluster_is_imported_and_planning_it_shows_no_changes(applied: LiveSite) -> None:
    words = ("--namespace", applied.namespace, "--name", f"{applied.namespace}-2", "-o", "imported.yaml")
    ended = applied.run("import", *words)
    assert ended.code == 0, ended.err
    text = (applied.root / "imported.yaml").read_text()
    assert f'vddkImage: "{IMAGE}"' in text
    assert "buffers: small" in text
    planned = applied.run("plan", "-f", "imported.yaml", "--detailed-exitcode")
    assert planned.code == 0, planned.out


def test_values_of_secrets_are_never_looked_at(site: LiveSite) -> None:
    site.write(
        SPEC + "  new: {create: {url: 'https://v/sdk', insecureSkipVerify: true, "
        "credentials: {username: {env: VC_USER}, password: {file: ./password}}}}\n"
    )
    (site.root / "password").write_text("sesame")
    found = statuses(replace(site, environment={"VC_USER": "admin-of-all"}))
    assert found["secrets new password"] == ("pass", "./password can be read")
    assert found["secrets new username"] == ("pass", "$VC_USER is set")
    missing = site.run("doctor")
    assert missing.code == 1
    assert "$VC_USER is not set" in missing.out
    assert "sesame" not in missing.out + missing.err
