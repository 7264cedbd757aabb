"""What a site gives up, and what stays all the same, since another site's record has it: also one that is no more."""

from __future__ import annotations

from collections.abc import Iterator

from vddkctl.plan.accounts import accounts_elsewhere
from vddkctl.plan.claims import declaring
from vddkctl.plan.desired import Desired
from vddkctl.plan.model import PlanWarning
from vddkctl.plan.observed import Observed
from vddkctl.plan.settings import still_ours
from vddkctl.plan.storage import maps_elsewhere
from vddkctl.site.source import LoadedSite

CODE = "declared-elsewhere"


def elsewhere_warnings(loaded: LoadedSite, observed: Observed, wanted: Desired) -> Iterator[PlanWarning]:
    """One warning for each object and each who declares its fields."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for live in (*observed.cluster.controllers, *observed.cluster.providers):
        target = wanted.targets.get(live.key)
        declared = {wish.path for wish in target.wishes} if target else set()
        for path in still_ours(live, declared, observed.record):
            if sites := declaring(live, path):
                found.setdefault((live.key.address, sites), []).append(path.rpartition(".")[2])
    # Which site has an entry of a list is not known here.
    for key, path in (*accounts_elsewhere(loaded, observed), *maps_elsewhere(loaded, observed)):
        found.setdefault((key.address, ()), []).append(path.removeprefix("spec."))
    for (address, sites), names in sorted(found.items()):
        yield PlanWarning(CODE, address, _told(sorted(names), sites, observed.cluster.namespace))


def _told(names: list[str], sites: tuple[str, ...], namespace: str) -> str:
    stays = "stays" if len(names) == 1 else "stay"
    it = "it" if len(names) == 1 else "them"
    home, _, name = sites[0].rpartition("/") if len(sites) == 1 else ("", "", "SITE")
    if not sites:
        who, gone = "another site declares", "that site"
    else:
        who = f"site {sites[0]} declares" if len(sites) == 1 else f"sites {', '.join(sites)} declare"
        gone = f"site {sites[0]}" if len(sites) == 1 else "one of them"
    return (
        f"{', '.join(names)} {stays}: {who} {it}; if {gone} is no more, first remove its record: "
        f"kubectl -n {home or namespace} delete configmap,lease vddkctl-{name}"
    )
