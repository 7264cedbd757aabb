"""The cluster: the way to it, its version, Forklift's kinds, the controller, and then what builds on these."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from vddkctl.doctor.check import Finding, Group, Status, failed, found_wrong, passed, skipped, warned
from vddkctl.doctor.ports import Encryption, way_checks, way_to
from vddkctl.doctor.probe import Probe
from vddkctl.doctor.subject import Subject
from vddkctl.errors import ClusterDeniedError, ClusterError

if TYPE_CHECKING:
    from vddkctl.cluster.live.api import Api
    from vddkctl.cluster.live.connection import Connection
    from vddkctl.cluster.live.home import Home

_GROUP = Group.CLUSTER
_API = "API server"


class _Version(Struct, frozen=True, rename="camel"):
    git_version: str = ""


def cluster_checks(subject: Subject) -> Iterator[Finding | Probe]:
    """The chain for the spec's cluster, or for the kubeconfig's current one."""
    from vddkctl.cluster.live.connection import connect

    try:
        connection = connect(subject.context, subject.places.environment)
    except ClusterError as error:
        yield _no_kubeconfig(subject, error)
        yield from _not_reached()
        return
    yield passed(_GROUP, "kubeconfig", f"context {connection.name}, {_url(connection)}")
    for finding in _reached(subject, connection):
        yield finding
        if finding.status is Status.FAIL:
            yield from _not_reached()
            return
    yield from _in_cluster(subject, _api(subject, connection))


def _no_kubeconfig(subject: Subject, error: ClusterError) -> Finding:
    """Only a spec, or a kubeconfig that is named, says that there should be one."""
    environment = subject.places.environment
    wanted = subject.loaded is not None or bool(subject.named_context or environment.get("KUBECONFIG"))
    return found_wrong(
        _GROUP, "kubeconfig", error, "look at KUBECONFIG", Status.FAIL if wanted else Status.WARN
    )


def _not_reached() -> Iterator[Finding]:
    yield skipped(Group.RIGHTS, "cluster", "it is not reached")
    yield skipped(Group.PULL, "cluster", "it is not reached")


def _reached(subject: Subject, connection: Connection) -> Iterator[Finding]:
    proxy = connection.client.configuration.proxy
    try:
        way = way_to(_API, _url(connection), proxy)
    except ValueError:
        yield failed(Group.PORTS, connection.name, "its address cannot be used", "look at the kubeconfig")
        return
    for finding in way_checks(way, _encryption(connection), subject.connect_timeout):
        yield finding
        if finding.status is Status.FAIL:
            return
    try:
        version = _api(subject, connection).get("/version", of=_Version)
    except ClusterError as error:
        hint = f"does this work: kubectl --context {connection.name} version?"
        yield found_wrong(_GROUP, _API, error, hint)
    else:
        yield passed(_GROUP, _API, f"it answers, Kubernetes {version.git_version}")


def _encryption(connection: Connection) -> Encryption:
    """How TLS is spoken with an API server: by the kubeconfig."""
    import ssl
    from urllib.parse import urlsplit

    from vddkctl.cluster.live.refusal import unreachable

    said, url = connection.client.configuration, urlsplit(_url(connection))

    def context() -> ssl.SSLContext:
        made = ssl.create_default_context(cafile=said.ssl_ca_cert)
        if said.cert_file:
            made.load_cert_chain(said.cert_file, said.key_file)
        if not said.verify_ssl:
            made.check_hostname = False
            made.verify_mode = ssl.CERT_NONE
        return made

    return Encryption(
        context if url.scheme == "https" else None,
        said.tls_server_name or url.hostname or "",
        lambda error: unreachable(error, connection.name, url.geturl()),
        "set certificate-authority in the kubeconfig, and leave insecure-skip-tls-verify out",
    )


def _in_cluster(subject: Subject, api: Api) -> Iterator[Finding | Probe]:
    from vddkctl.doctor.kinds import kind_checks
    from vddkctl.doctor.pull import pull_checks
    from vddkctl.doctor.rights import right_checks
    from vddkctl.doctor.stored import stored_checks

    installed = True
    for finding in kind_checks(api):
        yield finding
        installed = installed and not (finding.name == "Forklift" and finding.status is Status.FAIL)
    if not installed:
        yield skipped(Group.RIGHTS, "cluster", "Forklift is not installed")
        yield skipped(Group.PULL, "cluster", "Forklift is not installed")
        return
    namespace, home = yield from _controller(subject, api)
    if namespace is None:
        yield skipped(Group.RIGHTS, "cluster", "the namespace of Forklift is not known")
    else:
        rights = partial(right_checks, subject, api, namespace, home)
        yield Probe(Group.RIGHTS, "cluster", rights)
        yield Probe(Group.REFERENCES, "cluster", partial(stored_checks, subject, api, namespace))
    yield Probe(Group.PULL, "cluster", partial(pull_checks, subject, api, namespace, home))


def _controller(subject: Subject, api: Api) -> Generator[Finding, None, tuple[str | None, Home | None]]:
    """One line. Returns Forklift's namespace, or where it usually is; None where it could be any of several.

    And what was found there, if that can be seen.
    """
    from vddkctl.cluster.live.home import USUAL, find_home

    name = "ForkliftController"
    try:
        home = find_home(api, subject.namespace)
    except ClusterError as error:
        hint = "say where Forklift lives: cluster.namespace"
        # Without a spec nobody has asked for one of several.
        bad = Status.FAIL if subject.loaded else Status.WARN
        yield found_wrong(_GROUP, name, error, hint, bad)
        # Whoever may not look is told best which rights are missing, and where they would be.
        usual = api.connection.namespace or USUAL[0]
        return subject.namespace or (usual if isinstance(error, ClusterDeniedError) else None), None
    yield _one_controller(home, name)
    return home.namespace, home


def _one_controller(home: Home, name: str) -> Finding:
    here = [item for item in home.controllers if item.metadata.namespace == home.namespace]
    if len(here) != 1:
        names = ", ".join(item.metadata.name for item in here) or "none"
        what = f"one is expected in namespace {home.namespace}; there is: {names}"
        return failed(_GROUP, name, what, "look at cluster.namespace, and at the Forklift (MTV) operator")
    image = here[0].spec.get("vddk_image")
    what = f"{home.namespace}/{here[0].metadata.name}, vddk_image {image or 'not set'}"
    if not home.everywhere:
        hint = "providers of other namespaces are not seen: docs/rbac.md has a ClusterRole"
        return warned(_GROUP, name, f"{what}; this user may not look into other namespaces", hint)
    return passed(_GROUP, name, what)


def _url(connection: Connection) -> str:
    return str(connection.client.configuration.host)


def _api(subject: Subject, connection: Connection) -> Api:
    from vddkctl.cluster.live.api import Api

    return Api(connection, timeout=subject.connect_timeout)
