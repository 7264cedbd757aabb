"""Looks at the world: registries, archives and the cluster, at the same time. Only reads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from vddkctl.cluster.base import Cluster
from vddkctl.errors import ClusterError, ImageError, RegistryError, VddkctlError
from vddkctl.oci.reference import parse
from vddkctl.places import Places
from vddkctl.plan.codec import decode_record
from vddkctl.plan.images import image_address, image_reference, stand_in
from vddkctl.plan.observed import ClusterState, Observed, ObservedImage, PushedImage
from vddkctl.plan.record import Record
from vddkctl.prepare import Preparation
from vddkctl.progress import Progress, Stoppable
from vddkctl.site.model import ImageSpec
from vddkctl.site.source import LoadedSite

DEFAULT_IMAGE = "MTV_VDDK_INIT_IMAGE"
_WORKERS = 4


def observe(
    loaded: LoadedSite,
    places: Places,
    progress: Progress,
    may_be_absent: Callable[[str], bool] = lambda address: False,
) -> Observed:
    """Everything the plan is computed from.

    An image whose address ``may_be_absent`` need not be made here: without its archive or base, what was last applied
    stands for it. Raises the error of the first place that fails.
    """
    site = loaded.site
    cluster = places.cluster(site.cluster.manifests)
    stoppable = Stoppable(progress)
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="observe") as pool:
        state: Future[ClusterState] = pool.submit(cluster.observe, site.cluster.namespace)
        remembered = pool.submit(read_record, cluster, site.metadata.name)
        images = pool.submit(_images, loaded, places, stoppable, remembered, may_be_absent)
        try:
            return Observed(
                cluster=state.result(),
                images=images.result(),
                record=remembered.result(),
                default_image=places.environment.get(DEFAULT_IMAGE) or None,
                cluster_name=cluster.name,
                folder=str(places.folder),
            )
        except BaseException:  # Ctrl-C, or a place that fails: nobody waits for a gigabyte to be read
            stoppable.stop()
            raise


def read_record(cluster: Cluster, site: str) -> Record | None:
    """The record of a site, or None when nothing was applied yet. Raises ClusterError for one that is damaged."""
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


def _images(
    loaded: LoadedSite,
    places: Places,
    progress: Progress,
    remembered: Future[Record | None],
    may_be_absent: Callable[[str], bool],
) -> dict[str, ObservedImage]:
    # One after the other: two images of one archive must not read it twice, and each read uses all cores.
    preparation = Preparation(places, progress)
    images: dict[str, ObservedImage] = {}
    for name, spec in loaded.site.images.items():
        pushed = _pushed(name, spec, loaded, places)
        try:
            built = preparation.image(spec).built
            images[name] = ObservedImage(built.digest, pushed, built)
        except VddkctlError as error:
            _place(
                error, loaded, name, "base" if isinstance(error, (ImageError, RegistryError)) else "archive"
            )
            last = stand_in(remembered.result(), name)
            if last is None or not may_be_absent(image_address(name)):
                raise
            images[name] = ObservedImage(last, pushed, None, error)
    return images


def _pushed(name: str, spec: ImageSpec, loaded: LoadedSite, places: Places) -> PushedImage | None:
    from vddkctl.registry.read import read_pushed

    try:
        reference = places.located(parse(image_reference(spec)))
        return read_pushed(places.registry(reference), reference)
    except VddkctlError as error:
        _place(error, loaded, name, "repository")
        raise


def _place(error: VddkctlError, loaded: LoadedSite, name: str, key: str) -> None:
    position = loaded.source.key("images", name, key)
    place = f"{loaded.source.name}:{position.line}:{position.column}: image {name}"
    error.where = f"{place}: {error.where}" if error.where else place
