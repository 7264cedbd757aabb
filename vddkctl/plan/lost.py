"""A record that is gone or cannot be used: told apart from a site that is new, where that can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vddkctl.errors import VddkctlError
from vddkctl.plan import fields
from vddkctl.plan.desired import Desired
from vddkctl.plan.model import Change, PlanWarning
from vddkctl.plan.observed import ClusterState, LiveObject, Observed
from vddkctl.plan.record import known_parts
from vddkctl.site.source import LoadedSite
from vddkctl.visible import some

DAMAGED, GONE, UNRECORDED = "record-damaged", "record-gone", "not-recorded"
CODES = frozenset({DAMAGED, GONE})
_FROM_LIVE = (
    "this plan is made from what there is now, and cannot tell drift from what the spec asks for anew"
)
_LEFT = "what the spec does not declare stays as it is; "


def traces(loaded: LoadedSite, state: ClusterState) -> str:
    """What shows that this site was applied before, where there is no record; empty where nothing does.

    In a cluster that are fields which vddkctl has set and that are no other site's, in a folder the digests of this
    site's images.
    """
    objects = (*state.controllers, *state.providers)
    if state.live:
        ours = [live.key.address for live in objects if live.owned & fields.SET and state.others_known]
        return f"vddkctl has set fields of {some(sorted(ours))}" if ours else ""
    named = [where for live in objects for where in _named(loaded, live)]
    return f"images of this site are named by digest at {some(named)}" if named else ""


def lost_record(loaded: LoadedSite, observed: Observed) -> VddkctlError | None:
    """Why there is no record though there should be one; None where there is one, or nothing was applied yet."""
    if observed.record_fault:
        return observed.record_fault
    found = "" if observed.record else traces(loaded, observed.cluster)
    return gone(loaded, observed.cluster_name, observed.cluster, found) if found else None


def without_record(loaded: LoadedSite, observed: Observed) -> VddkctlError | None:
    """Why there is nothing to tell drift by, whether a record is lost or there never was one; None where there is."""
    if observed.record:
        return None
    name = loaded.site.metadata.name
    what = f"nothing was applied yet, or the record of {name} is gone"
    hint = f"begin one with vddkctl apply; if there was one, bring it back from {_backups(loaded)}"
    return lost_record(loaded, observed) or VddkctlError(what, where=observed.cluster_name, hint=hint)


def gone(loaded: LoadedSite, cluster: str, state: ClusterState, found: str) -> VddkctlError:
    """The error for a record that is gone. ``found`` is what shows that there was one.

    In a live cluster it may as well be another site's that is gone, unless this one is known to be alone.
    """
    of_whom = f"the record of {loaded.site.metadata.name} is gone"
    either = f"{of_whom}, or that of another site" if _may_be_others(state) else of_whom
    what = f"{either}: {found}, and nothing says what was applied"
    return VddkctlError(what, where=cluster, hint=_back(loaded))


def _may_be_others(state: ClusterState) -> bool:
    return state.live and not state.alone


def record_warnings(loaded: LoadedSite, observed: Observed) -> Iterator[PlanWarning]:
    """That the plan stands on no record, though it should."""
    lost = lost_record(loaded, observed)
    if lost:
        kept = "; it is kept aside then" if observed.record_fault else ""
        code = DAMAGED if observed.record_fault else GONE
        address = f"record of {loaded.site.metadata.name}"
        left = _LEFT if not observed.record_fault and _may_be_others(observed.cluster) else ""
        yield PlanWarning(code, address, f"{lost.what}; {left}{_FROM_LIVE}: {_back(loaded)}{kept}")


def unrecorded_warnings(
    observed: Observed, wanted: Desired, changes: Iterable[Change]
) -> Iterator[PlanWarning]:
    """Fields that vddkctl has set, and that neither the spec nor any record names: an older one was brought back."""
    record, state = observed.record, observed.cluster
    if record is None or not state.others_known:
        return
    changing = {change.address: {field.path for field in change.fields} for change in changes}
    for live in (*state.controllers, *state.providers):
        target = wanted.targets.get(live.key)
        known = {wish.path for wish in target.wishes} if target else set()
        known = known.union(changing.get(live.key.address, ()), *known_parts(record, live.key.address))
        names = [path.rpartition(".")[2] for path in sorted((live.owned & fields.SET) - known)]
        if names:
            text = (
                f"{', '.join(names)}: set by vddkctl, and no record says so; if an older record was brought back, "
                "declare it for one apply and take it out again, or remove it by hand"
            )
            yield PlanWarning(UNRECORDED, live.key.address, text)


def _back(loaded: LoadedSite) -> str:
    return f"bring the record back from {_backups(loaded)}, or apply to begin a new one"


def _backups(loaded: LoadedSite) -> str:
    """Where an older record may be."""
    return "a backup" if loaded.site.cluster.manifests is None else "Git or a backup"


def _named(loaded: LoadedSite, live: LiveObject) -> Iterator[str]:
    images = loaded.site.images.values()
    prefixes = tuple(f"{image.cluster_repository or image.repository}@sha256:" for image in images)
    for path in sorted(fields.IMAGE_FIELDS):
        value = fields.raw_value(live.spec, path)
        if prefixes and isinstance(value, str) and value.startswith(prefixes):
            owner = live.owners.get(path)
            yield (owner.where if owner else None) or live.where or live.key.address
