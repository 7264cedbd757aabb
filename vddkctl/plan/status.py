"""How each provider stands: the image in effect, where it comes from, and what it runs with."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from vddkctl.plan import fields
from vddkctl.plan.observed import ClusterState, LiveObject
from vddkctl.vddk import config_text
from vddkctl.vddk.boolean import parse_bool
from vddkctl.vddk.buffers import Buffers
from vddkctl.vddk.precedence import LevelName, chain


class ProviderState(Struct, frozen=True):
    """One vSphere provider. ``image`` is None where no level names one; ``level`` is the one that wins."""

    address: str
    image: str | None
    level: LevelName | None
    aio: bool
    buffers: Buffers
    broken_key: bool = False


def provider_states(state: ClusterState) -> Iterator[ProviderState]:
    """Every vSphere provider, by address."""
    for live in sorted(state.providers, key=lambda provider: provider.key):
        if live.spec.get("type") == "vsphere":
            controller = state.controller_for(live.key.namespace)
            shared = fields.raw_value(controller.spec, fields.CONTROLLER_IMAGE) if controller else None
            yield _state(live, shared if isinstance(shared, str) else None)


def _state(live: LiveObject, shared: str | None) -> ProviderState:
    own = fields.raw_value(live.spec, fields.PROVIDER_IMAGE)
    levels = chain((own if isinstance(own, str) else None, ""), (shared, ""), None)
    wins = next((level for level in levels if level.wins), None)
    aio, text = fields.raw_value(live.spec, fields.AIO), fields.raw_value(live.spec, fields.CONFIG)
    reading = config_text.read(text if isinstance(text, str) else None)
    return ProviderState(
        live.key.address,
        wins.value if wins else None,
        wins.name if wins else None,
        isinstance(aio, str) and parse_bool(aio) is True,
        reading.buffers,
        reading.broken_key,
    )
