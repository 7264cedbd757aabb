"""Looks at the world: registries, archives and the cluster, at the same time. Only reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from vddkctl.cluster.base import Cluster, Wanted
from vddkctl.errors import ClusterError, DamagedRecordError
from vddkctl.observe.images import Images
from vddkctl.observe.pulls import foreign_pulls
from vddkctl.observe.secrets import observed_secrets
from vddkctl.plan.accounts import DEFAULT, applied_accounts, wanted_accounts
from vddkctl.plan.codec import decode_record
from vddkctl.plan.observed import ObjectKey, Observed
from vddkctl.plan.record import Record, known_addresses
from vddkctl.plan.storage import applied_maps
from vddkctl.plan.unseen import named_elsewhere, providers_among
from vddkctl.prepare import Preparation
from vddkctl.progress import Stoppable
from vddkctl.site.source import LoadedSite
from vddkctl.threads import start

DEFAULT_IMAGE = "MTV_VDDK_INIT_IMAGE"
_SETTLED = timedelta(minutes=10)


def observe(
    loaded: LoadedSite,
    preparation: Preparation,
    progress: Stoppable,
    may_be_absent: Callable[[str], bool] = lambda address: False,
    meanwhile: Callable[[], None] = lambda: None,
) -> Observed:
    """Everything the plan is computed from. ``progress`` is the preparation's, and is stopped when a place fails.

    ``meanwhile`` runs while an API server is at work for us.

    An image whose address ``may_be_absent`` need not be made here: without its archive or base, what was last applied
    stands for it. A record that is damaged is none, and told. Raises the error of the first place that fails.
    """
    site, places = loaded.site, preparation.places
    cluster = places.settings(site)
    recalled = start(recall, cluster, site.metadata.name)

    def record() -> Record | None:
        return recalled.result().record

    state = start(lambda: cluster.observe(wanted_of(loaded, record())))
    images = start(lambda: Images(loaded, preparation, record, may_be_absent).all())
    try:
        if site.cluster.manifests is None:
            recalled.result()  # the way to the server is found, and the long lists are asked for
            meanwhile()
        there = state.result()
        secrets = observed_secrets(loaded, cluster, there, record(), places) if there.live else {}
        pulls = foreign_pulls(loaded, cluster, there) if there.live else {}
        return Observed(
            cluster=state.result(),
            images=images.result(),
            record=record(),
            record_fault=recalled.result().fault,
            default_image=places.environment.get(DEFAULT_IMAGE) or None,
            cluster_name=cluster.name,
            folder=str(places.folder),
            secrets=secrets,
            pulls=pulls,
            long_after=_long_after(record()),
        )
    except BaseException:  # Ctrl-C, or a place that fails: nobody waits for a gigabyte to be read
        progress.stop()
        raise


def _long_after(record: Record | None) -> bool:
    """Whether providers have had the time to settle since the last run; where that is not known, they have not."""
    at = record.runs[-1].at if record and record.runs else ""
    try:
        return datetime.now(UTC) - datetime.fromisoformat(at) > _SETTLED
    except (ValueError, TypeError):
        return False


def wanted_of(loaded: LoadedSite, record: Record | None) -> Wanted:
    """What to look at in a cluster for a site: also what was applied, and is not declared any more."""
    accounts = tuple(sorted({*wanted_accounts(loaded), *applied_accounts(record)}))
    if loaded.site.pull_secrets:
        accounts += (ObjectKey("ServiceAccount", loaded.site.cluster.namespace or DEFAULT, DEFAULT),)
    maps = bool(loaded.site.storage_maps or applied_maps(record))
    providers = (*named_elsewhere(loaded), *providers_among(known_addresses(record)))
    return Wanted(
        loaded.site.cluster.namespace, accounts, storage_maps=maps, effects=True, providers=providers
    )


class Recalled(Struct, frozen=True):
    """A record, or why the one that is there cannot be used, or neither."""

    record: Record | None = None
    fault: DamagedRecordError | None = None


def recall(cluster: Cluster, site: str) -> Recalled:
    """The record of a site, as far as it can be used. Raises ClusterError for another's or a newer one."""
    try:
        return Recalled(read_record(cluster, site))
    except DamagedRecordError as error:
        return Recalled(fault=error)


def read_record(cluster: Cluster, site: str) -> Record | None:
    """The record of a site, or None when nothing was applied yet.

    Raises DamagedRecordError for one that was cut off or edited, ClusterError for one that is another's.
    """
    content = cluster.read_record(site)
    if content is None:
        return None
    name = f"{cluster.name}, record of {site}"
    record = decode_record(content, name)
    if record.site != site:
        raise ClusterError(
            f"this is the record of another site, {record.site}",
            where=name,
            hint="bring the right one back from Git, or remove this one",
        )
    return record
