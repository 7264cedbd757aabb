"""Which VDDK image a provider uses: provider > controller > the default at creation.

An empty setting counts as unset (Forklift, ``GetVDDKImage``). ``MTV_VDDK_INIT_IMAGE`` is read by the client that
creates a provider; for a provider that exists it never acts.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

LevelName = Literal["provider", "controller", "environment"]

FIELDS: dict[LevelName, str] = {
    "provider": "vddkInitImage",
    "controller": "vddk_image",
    "environment": "MTV_VDDK_INIT_IMAGE",
}


class Level(Struct, frozen=True):
    """One level of the chain. ``where`` says where the value stands, for people."""

    name: LevelName
    value: str | None
    where: str = ""
    wins: bool = False

    @property
    def field(self) -> str:
        """What the setting is called at this level."""
        return FIELDS[self.name]


def chain(
    provider: tuple[str | None, str], controller: tuple[str | None, str], default: str | None
) -> tuple[Level, Level, Level]:
    """The chain of a provider that exists. ``provider`` and ``controller`` are (value, where)."""
    own, shared = provider[0] or None, controller[0] or None
    return (
        Level("provider", own, provider[1], wins=own is not None),
        Level("controller", shared, controller[1], wins=own is None and shared is not None),
        Level("environment", default or None),
    )


def creation_chain(
    provider: tuple[str | None, str], controller: tuple[str | None, str], default: str | None, *, acts: bool
) -> tuple[Level, Level, Level]:
    """The chain of a provider that is to be created. ``acts``: the default is taken, since nothing else is said."""
    own, shared, environment = chain(provider, controller, default)
    return own, shared, Level("environment", environment.value, wins=acts)


def effective(levels: tuple[Level, ...]) -> str | None:
    """The value of the level that wins; None when the provider has no image at all."""
    return next((level.value for level in levels if level.wins), None)
