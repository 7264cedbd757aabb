"""Looks at the world: registries, archives and the cluster, at the same time. Only reads."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from vddkctl.errors import VddkctlError
from vddkctl.oci.reference import parse
from vddkctl.places import Places
from vddkctl.plan.codec import decode_record
from vddkctl.plan.observed import ClusterState, Observed, ObservedImage
from vddkctl.plan.record import Record
from vddkctl.prepare import Preparation
from vddkctl.progress import Progress, Stoppable
from vddkctl.site.model import ImageSpec
from vddkctl.site.source import LoadedSite

DEFAULT_IMAGE = "MTV_VDDK_INIT_IMAGE"
_WORKERS = 4


def observe(loaded: LoadedSite, places: Places, progress: Progress) -> Observed:
    """Everything the plan is computed from. Raises the error of the first place that fails."""
    site = loaded.site
    cluster = places.cluster(site.cluster.manifests)
    stoppable = Stoppable(progress)
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="observe") as pool:
        state: Future[ClusterState] = pool.submit(cluster.observe, site.cluster.namespace)
        record: Future[bytes | None] = pool.submit(cluster.read_record, site.metadata.name)
        images = pool.submit(_images, loaded, places, stoppable)
        try:
            content = record.result()
            return Observed(
                cluster=state.result(),
                images=images.result(),
                record=_record(content, f"{cluster.name}, record of {site.metadata.name}"),
                default_image=places.environment.get(DEFAULT_IMAGE) or None,
                cluster_name=cluster.name,
                folder=str(places.folder),
            )
        except BaseException:  # Ctrl-C, or a place that fails: nobody waits for a gigabyte to be read
            stoppable.stop()
            raise


def _images(loaded: LoadedSite, places: Places, progress: Progress) -> dict[str, ObservedImage]:
    # One after the other: two images of one archive must not read it twice, and each read uses all cores.
    preparation = Preparation(places, progress)
    images: dict[str, ObservedImage] = {}
    for name, spec in loaded.site.images.items():
        try:
            images[name] = _image(spec, preparation)
        except VddkctlError as error:
            place = f"{loaded.source.at('images', name)}: image {name}"
            error.where = f"{place}: {error.where}" if error.where else place
            raise
    return images


def _image(spec: ImageSpec, preparation: Preparation) -> ObservedImage:
    from vddkctl.registry.read import read_pushed

    built = preparation.image(spec).built
    reference = preparation.places.located(parse(f"{spec.repository}:{spec.tag}"))
    return ObservedImage(built, read_pushed(preparation.places.registry(reference), reference))


def _record(content: bytes | None, name: str) -> Record | None:
    return decode_record(content, name) if content is not None else None
