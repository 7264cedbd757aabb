"""A spec written from a live cluster that vddkctl has set."""

from __future__ import annotations

from tests.support.live_sites import IMAGE, LiveSite


def test_a_cluster_is_imported_and_planning_it_shows_no_changes(applied: LiveSite) -> None:
    words = ("--namespace", applied.namespace, "--name", f"{applied.namespace}-2", "-o", "imported.yaml")
    ended = applied.run("import", *words)
    assert ended.code == 0, ended.err
    text = (applied.root / "imported.yaml").read_text()
    assert f'vddkImage: "{IMAGE}"' in text
    assert "buffers: small" in text
    planned = applied.run("plan", "-f", "imported.yaml", "--detailed-exitcode")
    assert planned.code == 0, planned.out
