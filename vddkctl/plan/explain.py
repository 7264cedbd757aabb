"""The precedence chain of each provider, now and after the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from vddkctl.errors import PlanError
from vddkctl.plan import fields
from vddkctl.plan.desired import Target, desired
from vddkctl.plan.observed import LiveObject, Observed
from vddkctl.site.diagnostic import SpecError
from vddkctl.site.source import LoadedSite
from vddkctl.vddk.precedence import Level, chain


@dataclass(frozen=True, slots=True)
class Explanation:
    """One provider: the levels as they are, and as they will be."""

    address: str
    now: tuple[Level, ...]
    then: tuple[Level, ...]


def explanations(loaded: LoadedSite, observed: Observed) -> Iterator[Explanation]:
    """Explain every vSphere provider, declared or not. Raises SpecError as the planner does."""
    wanted = desired(loaded, observed)
    if wanted.mistakes or wanted.missing:
        raise SpecError((*wanted.mistakes, *wanted.missing))
    controller = _controller(observed)
    default = observed.default_image
    for live in sorted(observed.cluster.providers, key=lambda provider: provider.key):
        if live.spec.get("type") != "vsphere":
            continue
        yield Explanation(
            live.key.address,
            chain(_now(live, fields.PROVIDER_IMAGE), _now(controller, fields.CONTROLLER_IMAGE), default),
            chain(
                _then(loaded, live, wanted.targets.get(live.key), fields.PROVIDER_IMAGE),
                _then(
                    loaded,
                    controller,
                    wanted.targets.get(controller.key) if controller else None,
                    fields.CONTROLLER_IMAGE,
                ),
                default,
            ),
        )


def chosen(items: Iterable[Explanation], wanted: Sequence[str], namespace: str) -> tuple[Explanation, ...]:
    """The explanations of some providers: each a name, ``namespace/name``, an address, or a glob of these.

    Raises :class:`~vddkctl.errors.PlanError` for one that names none.
    """
    everything = tuple(items)
    if not wanted:
        return everything
    kept: set[str] = set()
    for word in wanted:
        name = word.removeprefix("provider.")
        glob = f"provider.{name}" if "/" in name else f"provider.{namespace}/{name}"
        found = {item.address for item in everything if fnmatchcase(item.address, glob)}
        if not found:
            known = ", ".join(item.address for item in everything) or "none"
            raise PlanError(f"no vSphere provider {word}", hint=f"there are: {known}")
        kept |= found
    return tuple(item for item in everything if item.address in kept)


def _controller(observed: Observed) -> LiveObject | None:
    here = [c for c in observed.cluster.controllers if c.key.namespace == observed.cluster.namespace]
    return here[0] if len(here) == 1 else None


def _now(live: LiveObject | None, path: str) -> tuple[str | None, str]:
    if live is None:
        return None, ""
    owner = live.owners.get(path)
    where = (owner.where or owner.manager or "") if owner else ""
    return fields.meaning(path, fields.raw_value(live.spec, path)), where


def _then(
    loaded: LoadedSite, live: LiveObject | None, target: Target | None, path: str
) -> tuple[str | None, str]:
    wish = next((w for w in target.wishes if w.path == path), None) if target else None
    if wish is None or target is None:
        return _now(live, path)
    return wish.after, loaded.source.at(*target.entry, "vddkImage")
