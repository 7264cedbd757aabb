"""One registry: address, port, TLS, login, the right to push, whether anyone can pull, and the bases in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vddkctl.doctor.check import Finding, Group, Status, failed, found_wrong, passed, skipped, warned
from vddkctl.doctor.ports import Encryption, way_checks, way_to
from vddkctl.doctor.probe import Probe
from vddkctl.doctor.subject import HostWork, Subject
from vddkctl.errors import DeniedError, RegistryError, VddkctlError
from vddkctl.oci.reference import Reference
from vddkctl.plan.exposed import Exposure
from vddkctl.registry.http.access import Access, access_to, is_loopback
from vddkctl.registry.http.fault import Fault

if TYPE_CHECKING:
    from vddkctl.prepare import Preparation
    from vddkctl.registry.http.registry import HttpRegistry

_GROUP = Group.REGISTRY
_SPEAKS = frozenset({200, 401})
"""What a registry answers to ``GET /v2/`` (OCI distribution specification 1.1, "Determining Support")."""


def registry_checks(subject: Subject, work: HostWork, preparation: Preparation) -> Iterator[Finding | Probe]:
    """The chain for one host. A link of it that breaks leaves out what cannot hold any more, and says so."""
    host = work.host
    try:
        access = _access(subject, host)
    except VddkctlError as error:
        yield found_wrong(_GROUP, host, error)
        return
    for finding in _reached(access, subject):
        yield finding
        if finding.status is Status.FAIL:
            yield from _unreached(work)
            return
    registry = _registry(subject, host)
    let_in = True
    for finding in _login(subject, work, registry):
        yield finding
        let_in = finding.status is not Status.FAIL
    for reference in work.pushes:
        if let_in:
            yield Probe(_GROUP, _may_push(reference), partial(_push, reference, registry))
        else:
            yield skipped(_GROUP, _may_push(reference), "no login")
        yield Probe(_GROUP, _private(reference), partial(_public, subject, reference))
    for reference, platforms in work.bases:
        look = partial(base_checks, reference, platforms, preparation)
        yield Probe(Group.BASE, str(reference), look)
    if not work.pushes and not work.bases:
        why = f"no repository is named: --registry {host}/REPOSITORY tries it"
        yield skipped(_GROUP, f"{host} push", why)


def base_checks(
    reference: Reference, platforms: tuple[str, ...], preparation: Preparation
) -> Iterator[Finding]:
    """One line: whether a base is there, for these platforms."""
    from vddkctl.oci.platform import parse_platform

    name = str(reference)
    try:
        located = preparation.places.located(reference)
        named = preparation.places.registry(located).resolve(located)
        if named is None:
            yield failed(Group.BASE, name, "there is no such image", "look at images.NAME.base")
            return
        preparation.bases.ground(reference, [parse_platform(platform) for platform in platforms])
    except VddkctlError as error:
        yield found_wrong(Group.BASE, name, error, "look at images.NAME.base")
        return
    floating = "" if reference.pinned else "; by tag, it may change"
    yield passed(Group.BASE, name, f"{named.digest}, for {', '.join(platforms)}{floating}")


def _access(subject: Subject, host: str) -> Access:
    places = subject.places
    return access_to(host, places.registries.get(host), places.path, places.environment)


def _registry(subject: Subject, host: str) -> HttpRegistry:
    from vddkctl.registry.http.registry import HttpRegistry

    registry = subject.places.registry(Reference("docker", f"{host}/none"))
    assert isinstance(registry, HttpRegistry)
    return registry


def _reached(access: Access, subject: Subject) -> Iterator[Finding]:
    from vddkctl.registry.http.proxy import proxy_for

    proxy = proxy_for(access.url, access.environment)
    try:
        way = way_to(f"registry {access.host}", access.url, proxy)
    except ValueError:
        hint = "look at HTTPS_PROXY, HTTP_PROXY and ALL_PROXY; exceptions go into NO_PROXY"
        yield failed(
            Group.PORTS, f"registry {access.host}", "the proxy for it is no address that can be used", hint
        )
        return
    for finding in way_checks(way, _encryption(access), subject.connect_timeout):
        yield finding
        if finding.status is Status.FAIL:
            return
    yield _spoken(access)


def _encryption(access: Access) -> Encryption:
    from vddkctl.registry.http.network_fault import fault_of
    from vddkctl.registry.http.trust import context_for

    def trouble(error: OSError) -> VddkctlError:
        fault = fault_of(error, access.url)
        return RegistryError(fault.what, hint=fault.hint.replace("HOST", access.host))

    return Encryption(
        partial(context_for, access, showing=True) if access.scheme == "https" else None,
        urlsplit(access.url).hostname or access.host,
        trouble,
        f"set registries.{access.host}.caFile, and leave tls out",
        is_loopback(access.host),
    )


def _spoken(access: Access) -> Finding:
    """One request, which shows that it is a registry that answers."""
    from vddkctl.registry.http.refusal import name_of
    from vddkctl.registry.http.wire import Wire

    name = f"{access.host} API"
    try:
        answer = Wire(access).send("GET", f"{access.url}/v2/", {}, None)
        answer.close()
    except Fault as fault:
        return failed(_GROUP, name, fault.what, fault.hint.replace("HOST", access.host))
    except VddkctlError as error:  # a file of the spec that cannot be used
        return found_wrong(_GROUP, name, error)
    if answer.status not in _SPEAKS:
        what = f"something answers {name_of(answer.status)}, and a registry would not"
        return failed(_GROUP, name, what, f"look at the address, and at registries.{access.host}.tls")
    return passed(_GROUP, name, "it answers as a registry")


def _login(subject: Subject, work: HostWork, registry: HttpRegistry) -> Iterator[Finding]:
    """At most one line."""
    name = f"{work.host} login"
    try:
        login = subject.places.login(work.host)
        asks = registry.log_in()
    except DeniedError as error:
        yield found_wrong(_GROUP, name, error)
        return
    except VddkctlError as error:
        yield found_wrong(_GROUP, name, error, f"look at the login: podman login {work.host}")
        return
    if not asks:
        yield passed(_GROUP, name, "it asks for none")
    elif login:
        yield passed(_GROUP, name, login.shown)
    elif work.pushes:
        hint = f"log in with: podman login {work.host} (or docker login, skopeo login)"
        yield failed(_GROUP, name, "it asks for a login, and there is none", hint)
    else:
        yield passed(_GROUP, name, "none; it lets a client without a login read what is public")


def _push(reference: Reference, registry: HttpRegistry) -> Iterator[Finding]:
    name = _may_push(reference)
    try:
        registry.try_push(reference)
    except DeniedError as error:
        yield found_wrong(_GROUP, name, error, f"look at the rights for {reference.bare()}")
    except VddkctlError as error:
        hint = f"try it: podman push IMAGE {reference.bare()}:test"
        yield found_wrong(_GROUP, name, error, hint, Status.WARN)
    else:
        yield passed(_GROUP, name, "this client may; nothing was pushed")


def _may_push(reference: Reference) -> str:
    return f"{reference.bare()} push"


def _private(reference: Reference) -> str:
    return f"{reference.bare()} private"


def _public(subject: Subject, reference: Reference) -> Iterator[Finding]:
    """By the policy: what ``apply`` would refuse is a failure."""
    from vddkctl.exposure import exposure

    name = _private(reference)
    policy = subject.loaded.site.policy.public_registry if subject.loaded else "deny"
    if policy == "allow":
        yield skipped(_GROUP, name, "policy.publicRegistry is allow")
        return
    try:
        found: Exposure | None = exposure(subject.places, reference)
    except RegistryError as error:
        yield found_wrong(_GROUP, name, error, "without an answer, apply does not push")
        return
    if found is None:
        yield passed(_GROUP, name, "nobody can pull it without a login")
        return
    what = f"VDDK's licence forbids public images: {found.message}"
    yield (failed if policy == "deny" else warned)(_GROUP, name, what, found.advice)


def _unreached(work: HostWork) -> Iterator[Finding]:
    for reference in work.pushes:
        yield skipped(_GROUP, _may_push(reference), f"{work.host} is not reached")
    for reference, _ in work.bases:
        yield skipped(Group.BASE, str(reference), f"{work.host} is not reached")
