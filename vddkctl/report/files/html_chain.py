"""The precedence chains as a picture: three boxes from strong to weak, and the one that wins stands out."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from vddkctl.report.files.outcome import ChainRow, Levels


def alike(chains: Iterable[ChainRow]) -> list[list[ChainRow]]:
    """Chains that say the same, together: a site has many providers and few images."""
    groups: dict[tuple[Levels, Levels], list[ChainRow]] = {}
    for chain in chains:
        groups.setdefault((chain.levels, chain.then), []).append(chain)
    return list(groups.values())


def chain_card(chains: list[ChainRow]) -> str:
    """The picture of one chain, and all the providers that have it."""
    first, rest = chains[0], chains[1:]
    more = "".join(f"<li><code>{escape(each.address)}</code></li>" for each in rest)
    others = f'<details><summary>and {len(rest)} more</summary><ul class="names">{more}</ul></details>'
    return (
        f'<div class="card"><h3>{escape(first.address)}</h3>{others if rest else ""}'
        f"{_picture(first.levels, 'now' if first.then else '')}"
        f"{_picture(first.then, 'once the spec is applied') if first.then else ''}</div>"
    )


def _picture(levels: Levels, when: str) -> str:
    boxes = "".join(_box(*level, won=any(wins for _, _, wins in levels)) for level in levels)
    caption = f'<p class="soft way">{when}</p>' if when else ""
    none = "" if any(wins for _, _, wins in levels) else '<p class="soft">no image: read without VDDK</p>'
    return f'{caption}<ol class="chain">{boxes}</ol>{none}'


def _box(level: str, value: str, wins: bool, *, won: bool) -> str:
    name, _, field = level.partition(" ")
    if wins:
        look, standing = "wins", "wins"
    elif not value:
        look, standing = "unset", ""
    elif name == "environment":
        look, standing = "shadowed", "acts only at creation"
    else:
        look, standing = "shadowed", "shadowed" if won else ""
    tag = f" <b>{standing}</b>" if standing else ""
    said = f"<code>{escape(value)}</code>" if value else '<span class="soft">not set</span>'
    return f'<li class="{look}"><small>{escape(name)} {escape(field)}{tag}</small>{said}</li>'
