"""Layers that are neither the base's nor the archive's: nobody has said what they are for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vddkctl.oci.config import Config
from vddkctl.verify.check import Check, failed, warned
from vddkctl.verify.copying import programs_of
from vddkctl.verify.layer import Layer
from vddkctl.verify.overlay import Overlay
from vddkctl.verify.running import command_of, program_of
from vddkctl.visible import some

_BUILD_AGAIN = "build the image again, of the base and the archive alone"


def extra_layers(layers: Sequence[Layer], base: int | None) -> list[Layer]:
    """Those above the base that change files of others than the vendor's.

    ``base`` is how many of the lowest are the base's. Where that is not known (None) it may be all of them up to the
    first one with VDDK: a base can have many layers, and some tools make one layer of everything.
    """
    if base is None:
        base = next((number for number, layer in enumerate(layers, 1) if layer.holds_vddk), len(layers))
    return [layer for layer in layers[base:] if layer.changes_others]


def extra_checks(
    layers: Sequence[Layer], base: int | None, overlay: Overlay, config: Config | None, subject: str
) -> Iterator[Check]:
    """Tell of such layers, and whether they change what the image starts. Raises ArchiveError."""
    found = extra_layers(layers, base)
    if not found:
        return
    told = some([layer.descriptor.short for layer in found])
    changed = _changed(layers, found, overlay, config, known=base is not None) if config else []
    if changed:
        what = f"{told}: neither of the base nor of the archive, and it changes {some(changed)}"
        yield failed("extra", subject, what, _BUILD_AGAIN)
    else:
        what = f"{told}: it has files that are neither of the base nor of the archive"
        yield warned("extra", subject, what, _BUILD_AGAIN)


def _changed(
    layers: Sequence[Layer], extra: Sequence[Layer], overlay: Overlay, config: Config, *, known: bool
) -> list[str]:
    """The programs of the command that are others without the extra layers.

    Where the base is not known, one that only they bring may be what the base lacked.
    """
    digests = {layer.descriptor.digest for layer in extra}
    without = Overlay(layer for layer in layers if layer.descriptor.digest not in digests)
    changed = []
    command = command_of(config)
    for name in programs_of(command) if command else ():
        now, before = program_of(name, config, overlay), program_of(name, config, without)
        if isinstance(now, str) or (isinstance(before, str) and not known):
            continue
        if isinstance(before, str) or (now[1].path, now[1].layer) != (before[1].path, before[1].layer):
            changed.append(now[0])
    return changed
