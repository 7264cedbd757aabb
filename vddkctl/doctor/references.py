"""What the spec refers to on this machine: variables, files, logins. Their values are read, and never told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from vddkctl.doctor.check import Finding, Group, failed, found_wrong, passed, warned
from vddkctl.doctor.subject import Subject
from vddkctl.errors import VddkctlError
from vddkctl.places import Places
from vddkctl.plan.secret_work import SecretWork
from vddkctl.prepare.recipe import base_reference, read_dockerfile
from vddkctl.prepare.secret_values import values_of
from vddkctl.site.model import ImageSpec, Site, ValueFrom
from vddkctl.threads import each

_GROUP = Group.REFERENCES
_AT_ONCE = 4


class _Reference(Struct, frozen=True):
    """``name`` is the key of the spec, ``source`` as in :class:`~vddkctl.plan.secret_work.SecretWork`."""

    name: str
    source: Mapping[str, str]


def reference_checks(subject: Subject) -> Iterator[Finding]:
    """A line for each reference of the spec."""
    if subject.loaded is None:
        return
    site = subject.loaded.site
    for name, image in site.images.items():
        if image.dockerfile is not None:
            yield _dockerfile(f"images.{name}.dockerfile", image, subject.places)
    found = [*_files(site), *_values(site), *_logins(site)]
    yield from each(lambda one: _checked(one, subject.places), found, _AT_ONCE)


def _dockerfile(name: str, spec: ImageSpec, places: Places) -> Finding:
    """Whether it can be read, and names images in full."""
    try:
        references = read_dockerfile(spec, places).references
        for each_one in references:
            base_reference(each_one, spec)
    except VddkctlError as error:
        return found_wrong(_GROUP, name, error, "look at its FROM lines")
    return passed(_GROUP, name, f"it can be read; it stands on {', '.join(references) or 'nothing'}")


def _files(site: Site) -> Iterator[_Reference]:
    for host, settings in site.registries.items():
        for key, file in (
            ("caFile", settings.ca_file),
            ("clientCertificateFile", settings.client_certificate_file),
            ("clientKeyFile", settings.client_key_file),
        ):
            if file is not None:
                yield _Reference(f"registries.{host}.{key}", {"file": file})


def _values(site: Site) -> Iterator[_Reference]:
    for name, provider in site.providers.items():
        if provider.create is None:
            continue
        where = f"providers.{name}.create"
        credentials = provider.create.credentials
        yield _Reference(f"{where}.credentials.username", _source(credentials.username))
        yield _Reference(f"{where}.credentials.password", _source(credentials.password))
        if provider.create.ca_file is not None:
            yield _Reference(f"{where}.caFile", {"file": provider.create.ca_file})


def _logins(site: Site) -> Iterator[_Reference]:
    for name, secret in site.pull_secrets.items():
        yield _Reference(f"pullSecrets.{name}", {"registry": secret.registry})


def _source(value: ValueFrom) -> Mapping[str, str]:
    return {"env": value.env} if value.env is not None else {"file": value.file or ""}


def _checked(reference: _Reference, places: Places) -> Finding:
    (kind, name), *_ = reference.source.items()
    try:
        empty = not values_of(SecretWork("", "", {"it": reference.source}), places)["it"]
    except VddkctlError as error:
        return found_wrong(_GROUP, reference.name, error, "put it there, and let this user read it")
    except (OSError, ValueError):  # a name that no file can have
        return failed(_GROUP, reference.name, f"{name} cannot be read", "look at its name")
    if empty:
        return warned(_GROUP, reference.name, f"{name} is empty", "put the value into it")
    said = {"env": "the variable {} is set", "file": "{} can be read", "registry": "there is a login for {}"}
    return passed(_GROUP, reference.name, said[kind].format(name))
