"""What of a drift need not be told."""

from __future__ import annotations

import pytest

from vddkctl.plan.drift import Drift
from vddkctl.plan.fields import SET, URL, XCOPY
from vddkctl.plan.ignores import told
from vddkctl.plan.images import DIGEST
from vddkctl.plan.model import Action, Change, FieldChange, Origin, Precondition
from vddkctl.plan.order import ROOMS
from vddkctl.site.checks import drift as check
from vddkctl.site.load import load

HEAD = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {name: s}
drift:
"""
AIO, CONFIG = "spec.settings.useVddkAioOptimization", "spec.settings.vddkConfig"
EDGE, PROD = "provider.openshift-mtv/edge-1", "provider.openshift-mtv/prod"


def change(address: str, *paths: str, owner: str | None = None) -> Change:
    fields = tuple(FieldChange(path, "a", "b", owner=owner, origin=Origin.DRIFT) for path in paths)
    return Change(address, Action.UPDATE, "differs", Origin.DRIFT, fields, Precondition())


def judged(
    body: str,
    *changes: Change,
    gone: tuple[str, ...] = (),
    today: str = "2026-06-15",
    part: tuple[str, ...] | None = None,
) -> Drift:
    return told(Drift("s", changes, (), gone), load(HEAD + body, "site.yaml"), today, part)


def left(drift: Drift) -> list[tuple[str, str]]:
    return [(each.address, field.path) for each in drift.changed for field in each.fields]


IGNORE = "  ignore:\n    - {address: 'provider.*/edge-*', fields: [vddkConfig], reason: a trial, until: 2026-06-15}\n"


def test_an_ignored_field_is_no_drift_and_others_of_the_address_are() -> None:
    drift = judged(IGNORE, change(EDGE, AIO, CONFIG), change(PROD, CONFIG))
    assert left(drift) == [(EDGE, AIO), (PROD, CONFIG)]
    assert [(each.address, each.path, each.why) for each in drift.ignored] == [
        (EDGE, CONFIG, "a trial (until 2026-06-15)")
    ]
    assert (drift.expired, drift.idle) == ((), ())
    assert not judged(IGNORE, change(EDGE, CONFIG)).found


def test_an_ignore_that_is_over_ignores_nothing_and_is_an_alarm() -> None:
    drift = judged(IGNORE, change(EDGE, CONFIG), today="2026-06-16")
    assert left(drift) == [(EDGE, CONFIG)]
    assert [each.where for each in drift.expired] == ["site.yaml:6:7"]
    assert judged(IGNORE, today="2026-06-16").found


def test_an_ignore_that_nothing_needs_is_idle_and_no_alarm() -> None:
    drift = judged(IGNORE)
    assert [each.address for each in drift.idle] == ["provider.*/edge-*"]
    assert not drift.found


@pytest.mark.parametrize(
    ("fields", "kept"),
    [("[]", []), ("[spec.settings.vddkConfig]", [AIO]), ("['vddk*']", [AIO]), ("['spec.*']", []), ("[url]", [AIO, CONFIG])],
)  # fmt: skip
def test_fields_are_names_paths_or_globs(fields: str, kept: list[str]) -> None:
    body = f"  ignore:\n    - {{address: '{EDGE}', fields: {fields}, reason: r, until: 2027-01-01}}\n"
    assert [path for _, path in left(judged(body, change(EDGE, AIO, CONFIG)))] == kept


def test_an_object_that_is_gone_is_ignored_only_as_a_whole() -> None:
    whole = f"  ignore:\n    - {{address: '{EDGE}', reason: r, until: 2027-01-01}}\n"
    assert judged(whole, gone=(EDGE, PROD)).gone == (PROD,)
    assert judged(IGNORE, gone=(EDGE,)).gone == (EDGE,)


def test_managers_that_may_write_are_no_drift() -> None:
    body = "  managedFieldsManagers: ['argocd-*']\n"
    drift = judged(body, change(EDGE, AIO, owner="argocd-controller"), change(PROD, AIO, owner="kubectl"))
    assert left(drift) == [(PROD, AIO)]
    assert drift.ignored[0].why == "argocd-controller may write it"


def test_a_part_is_not_judged_by_ignores_of_the_rest() -> None:
    assert judged(IGNORE, part=(PROD,)).idle == ()
    assert judged(IGNORE, part=(EDGE,)).idle == ()  # another edge may need it
    assert not judged(IGNORE, today="2026-06-16", part=(PROD,)).found
    assert judged(IGNORE, today="2026-06-16", part=(PROD, EDGE)).expired


def test_a_tag_is_ignored_by_the_name_that_people_are_shown() -> None:
    body = "  ignore:\n    - {address: 'image.*', fields: [tag], reason: r, until: 2027-01-01}\n"
    assert not judged(body, change("image.vddk-8", "digest")).found


def test_what_can_be_ignored_is_what_there_is() -> None:
    assert check.ROOMS == ROOMS
    paths = {*SET, URL, DIGEST, XCOPY}
    assert {path.rpartition(".")[2] for path in paths} | {"tag"} == set(check.FIELDS)
