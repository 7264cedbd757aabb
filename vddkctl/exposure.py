"""Whether anyone can pull an image: tried, for real, by a client without a login."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vddkctl.errors import DeniedError, RegistryError
from vddkctl.oci.reference import Reference, parse
from vddkctl.places import Places
from vddkctl.plan.exposed import Exposure
from vddkctl.threads import each

if TYPE_CHECKING:
    from vddkctl.registry.http.registry import HttpRegistry

ALWAYS_PUBLIC = frozenset({"public.ecr.aws", "ttl.sh"})
"""Registries without private repositories (AWS: "Amazon ECR Public"; ttl.sh: "anonymous and ephemeral")."""

HOSTING = frozenset(
    {
        *("docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"),
        *("quay.io", "ghcr.io", "registry.gitlab.com", "codeberg.org"),
    }
)
"""Registries where a repository can be public by default: before it is there, nothing proves that it is not."""

_AT_ONCE = 4
_HTTPS = ":443"


def exposures(places: Places, references: Mapping[str, str]) -> dict[str, Exposure]:
    """Those of some images, by address, that anyone can pull. Raises RegistryError when that cannot be told."""
    addresses = sorted(references)
    found = each(lambda address: exposure(places, parse(references[address])), addresses, _AT_ONCE)
    return {address: one for address, one in zip(addresses, found, strict=True) if one}


def pulled_exposures(places: Places, references: Mapping[str, str]) -> dict[str, Exposure]:
    """The same for images that others carry to where clusters pull them (``clusterRepository``).

    Such a place need not be reachable from here. So only public hosts and those that the spec has settings for are
    asked, and what cannot be told is left out.
    """
    addresses = sorted(references)
    found = each(lambda address: _pulled(places, parse(references[address])), addresses, _AT_ONCE)
    return {address: one for address, one in zip(addresses, found, strict=True) if one}


def _pulled(places: Places, reference: Reference) -> Exposure | None:
    if _host(reference) not in ALWAYS_PUBLIC | HOSTING and reference.host not in places.registries:
        return None
    try:
        found = exposure(places, reference)
    except RegistryError:
        return None
    return None if found and found.kind == "unproven" else found


def exposure(places: Places, reference: Reference) -> Exposure | None:
    """Why an image that is there, or is to be put there, is taken to be public; None when it is not.

    A layout is never public. Raises RegistryError when it cannot be told.
    """
    if reference.transport != "docker":
        return None
    host, name = reference.host, reference.name
    own_network = f"if only your own network can reach {host}, set policy.publicRegistry: warn (or allow)"
    if _host(reference) in ALWAYS_PUBLIC:
        message = f"{host} is public, and anyone can pull {name}"
        return Exposure("public-host", name, message, "choose a registry of your own")
    refused = _refuses_anyone(places, reference)
    if refused is False:
        message = f"anyone can pull {name} without a login"
        return Exposure("anonymous-pull", name, message, f"make the repository private; {own_network}")
    if _host(reference) in HOSTING and not (refused and _is_there(places, reference)):
        message = f"{host} is known for public images, and nothing proves that {name} is private"
        advice = f"create it there as a private repository, put any image into it, and log in; {own_network}"
        return Exposure("unproven", name, message, advice)
    return None


def _refuses_anyone(places: Places, reference: Reference) -> bool | None:
    """Whether a client without a login is turned away; None where it is only told that there is nothing."""
    try:
        anyone = _registry(places, reference, anonymous=True)
        readable = anyone.readable(reference)
        # Some registries let everybody pull, and nobody list.
        if readable or (_is_image(reference) and anyone.resolve(reference) is not None):
            return False
    except DeniedError:  # also where a client without a certificate is turned away before it can ask
        return True
    return True if readable is False else None


def _is_there(places: Places, reference: Reference) -> bool:
    """Whether our own login finds the repository."""
    try:
        registry = _registry(places, reference)
        return registry.readable(reference) is True or (
            _is_image(reference) and registry.resolve(reference) is not None
        )
    except DeniedError:
        return False


def _host(reference: Reference) -> str:
    """The host, whichever way it is spelled."""
    return reference.host.lower().removesuffix(_HTTPS)


def _is_image(reference: Reference) -> bool:
    return reference.tag is not None or reference.digest is not None


def _registry(places: Places, reference: Reference, *, anonymous: bool = False) -> HttpRegistry:
    from vddkctl.registry.http.registry import HttpRegistry

    registry = places.registry(reference, anonymous=anonymous)
    assert isinstance(registry, HttpRegistry)
    return registry
