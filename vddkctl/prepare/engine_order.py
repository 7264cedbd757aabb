"""What an engine is to do: ordered when a run is checked, carried out when its turn comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from vddkctl.errors import BuildError
from vddkctl.oci.image import Image, ImageIndex
from vddkctl.places import Places
from vddkctl.prepare.preparation import Preparation
from vddkctl.prepare.recipe import Recipe
from vddkctl.progress import Progress
from vddkctl.site.model import ImageSpec
from vddkctl.vddk.archive import ArchiveFacts

_COPIES = 3
"""How often the unpacked archive is there at the same time: as a tree, as the engine saves it, and packed."""

_COPIES_OF_ENGINE = 2
"""And in an engine's own storage: in the container that it is built in, and in the image."""


def room(unpacked_size: int, platforms: int) -> int:
    """Bytes that an engine's build takes on its disk, about."""
    return _COPIES * unpacked_size * platforms


class Order(Struct, frozen=True):
    """What is to be built: an image of the spec, called ``name``, by its recipe."""

    name: str
    spec: ImageSpec
    recipe: Recipe
    facts: ArchiveFacts

    @property
    def needed(self) -> int:
        """Bytes on the disk that it is built on, about."""
        return room(self.facts.unpacked_size, len(self.spec.platforms))

    @property
    def needed_by_engine(self) -> int:
        """Bytes where the engine keeps its images, about; platforms come one after the other."""
        return _COPIES_OF_ENGINE * self.facts.unpacked_size


class Assignment(Struct, frozen=True):
    """An order with the engine that carries it out; or no order, and the ``digest`` of an image that is there."""

    order: Order | None
    digest: str = ""
    builder: str = ""


def ordered(order: Order, builder: str, places: Places) -> Assignment:
    """See to it that the engine works and has room, before anything is begun. Raises BuildError."""
    import tempfile
    from pathlib import Path

    from vddkctl.build.engines.engine import chosen
    from vddkctl.build.engines.workspace import check_space

    engine = chosen(builder, places.environment)
    if engine is None:
        raise BuildError(f"the plan's builder {builder} is not on the path", where=f"build {order.name}")
    engine.ready()
    said = order.spec.build_dir
    folder = places.path(said) if said else Path(tempfile.gettempdir())
    while not folder.exists():
        folder = folder.parent
    what = f"build {order.name}"
    engine.check_folder(folder, what)
    check_space(folder, order.needed, what)
    storage = engine.storage()
    if storage:
        here = storage.stat().st_dev == folder.stat().st_dev
        needed = order.needed_by_engine + (order.needed if here else 0)
        check_space(storage, needed, f"{what}: images of {engine.name}", "give them another disk")
    return Assignment(order, builder=engine.name)


@contextmanager
def carried_out(
    assignment: Assignment, preparation: Preparation, progress: Progress
) -> Iterator[Image | ImageIndex]:
    """The image, which can be pushed as long as the block lasts. Nothing is left of its making.

    Raises BuildError, ArchiveError and RegistryError.
    """
    from vddkctl.build.engines.engine import chosen
    from vddkctl.prepare.engine_build import built

    engine = chosen(assignment.builder, preparation.places.environment)
    assert engine
    assert assignment.order
    with built(assignment.order, engine, preparation, progress) as image:
        yield image
