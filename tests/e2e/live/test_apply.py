"""Server-side apply: only what is declared becomes ours, and everything else stays whose it is."""

from tests.support.live_sites import IMAGE, LiveSite, make_live_site


def managers(site: LiveSite, plural: str, name: str) -> dict[str, object]:
    entries = site.get(plural, name)["metadata"]["managedFields"]
    return {entry["manager"]: entry["fieldsV1"] for entry in entries}


def test_a_site_is_applied_and_then_there_is_nothing_to_do(site: LiveSite) -> None:
    assert site.changing() == [
        "controller.forklift-controller",
        "provider.edge-berlin",
        "provider.prod",
    ]
    ended = site.apply()
    assert (ended.code, ended.err) == (0, "")
    assert site.image == IMAGE
    assert site.settings("prod") == {
        "sdkEndpoint": "vcenter",
        "useVddkAioOptimization": "true",
        "vddkConfig": "VixDiskLib.nfcAio.Session.BufSizeIn64KB=64\nVixDiskLib.nfcAio.Session.BufCount=4\n",
    }
    assert site.changing() == []
    assert site.run("plan", "--detailed-exitcode").code == 0
    assert site.run("drift").code == 0


def test_only_declared_fields_are_owned(applied: LiveSite) -> None:
    ours = managers(applied, "providers", "prod")["vddkctl"]
    assert ours == {"f:spec": {"f:settings": {"f:useVddkAioOptimization": {}, "f:vddkConfig": {}}}}
    assert managers(applied, "forkliftcontrollers", "forklift-controller")["vddkctl"] == {
        "f:spec": {"f:vddk_image": {}}
    }
    assert "vddkctl" not in managers(applied, "providers", "plain")


def test_what_is_taken_out_of_the_spec_is_given_back(applied: LiveSite) -> None:
    applied.write('providers:\n  prod: {aio: true}\n  "edge-*": {aio: true}\n')
    assert applied.apply().code == 0
    assert applied.image is None
    assert applied.settings("prod") == {"sdkEndpoint": "vcenter", "useVddkAioOptimization": "true"}
    assert applied.changing() == []


def test_a_lost_record_is_made_good_by_managed_fields(applied: LiveSite) -> None:
    name = f"vddkctl-{applied.namespace}"
    applied.server.request("DELETE", applied.path("configmaps", name, group="/api/v1"))
    applied.write("providers:\n  prod: {aio: true, buffers: small}\n")
    plan = applied.plan()
    assert {c["address"].partition(".")[0]: c["reason"] for c in plan["changes"]} == {
        "controller": "no-longer-declared",
        "provider": "no-longer-declared",
    }
    assert applied.apply().code == 0
    assert applied.settings("edge-berlin") == {"sdkEndpoint": "vcenter"}


def test_fields_of_another_site_are_left_alone(applied: LiveSite) -> None:
    text = (applied.root / "site.yaml").read_text()
    (applied.root / "other.yaml").write_text(
        text.partition("controller:")[0].replace(
            f"name: {applied.namespace}}}\nc", f"name: other-{applied.namespace}}}\nc"
        )
        + "providers:\n  prod: {vddkImage: registry.example.com/own@sha256:"
        + "c" * 64
        + "}\n"
    )
    assert applied.run("apply", "--auto-approve", "-f", "other.yaml").code == 0
    assert applied.changing() == []
    assert applied.run("plan", "--detailed-exitcode", "-f", "other.yaml").code == 0
    assert set(applied.settings("prod")) == {
        "sdkEndpoint",
        "useVddkAioOptimization",
        "vddkConfig",
        "vddkInitImage",
    }


def test_what_the_server_adds_is_no_drift(applied: LiveSite) -> None:
    applied.patch(
        "providers",
        "prod",
        {"metadata": {"labels": {"a": "b"}}, "spec": {"settings": {"esxiCloneMethod": "vib"}}},
    )
    applied.status("providers", "prod", "Ready")
    assert applied.run("drift").code == 0
    assert applied.changing() == []


def test_a_saved_plan_outlives_changes_that_are_not_its_own(site: LiveSite) -> None:
    assert site.run("plan", "-o", "p.json").code == 0
    site.status("providers", "prod", "Ready")
    site.patch("providers", "prod", {"spec": {"settings": {"esxiCloneMethod": "vib"}}})
    ended = site.run("apply", "p.json")
    assert ended.code == 0, ended.err
    assert site.settings("prod")["esxiCloneMethod"] == "vib"
    assert site.changing() == []


def test_a_saved_plan_names_what_has_moved_and_writes_nothing(site: LiveSite) -> None:
    assert site.run("plan", "-o", "p.json").code == 0
    site.patch("providers", "prod", {"spec": {"settings": {"useVddkAioOptimization": "false"}}})
    ended = site.run("apply", "p.json")
    assert ended.code == 1
    assert "spec.settings.useVddkAioOptimization was not set, now 'false'" in ended.err
    assert site.image is None


def test_a_change_that_somebody_else_has_made_is_satisfied(site: LiveSite) -> None:
    assert site.run("plan", "-o", "p.json").code == 0
    site.patch("forkliftcontrollers", "forklift-controller", {"spec": {"vddk_image": IMAGE}})
    ended = site.run("apply", "p.json")
    assert ended.code == 0, ended.err
    assert "forklift-controller  was already so" in ended.out


def test_a_dry_run_proves_and_writes_nothing(site: LiveSite) -> None:
    ended = site.run("apply", "--dry-run=server")
    assert (ended.code, site.image) == (0, None)
    assert "nothing was written" in ended.err
    assert site.run("plan", "--dry-run=server").code == 0
    assert site.run("apply", "--dry-run=client").code == 64


def test_fields_of_a_site_of_another_forklift_are_not_given_back(applied: LiveSite) -> None:
    other = make_live_site(applied.server, applied.server.namespace(), applied.root)
    assert other.changing() == ["controller.forklift-controller", "provider.edge-berlin", "provider.prod"]
