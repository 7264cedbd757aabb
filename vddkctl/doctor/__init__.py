"""Looks at everything that a run will need, and says what is missing before it is missed. Only reads.

One small file a group of checks; :mod:`vddkctl.doctor.probe` runs them at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from vddkctl.doctor.archives import Archives, archive_checks
from vddkctl.doctor.check import Finding, Group, Status
from vddkctl.doctor.cluster import cluster_checks
from vddkctl.doctor.disk import disk_checks
from vddkctl.doctor.engines import engine_checks
from vddkctl.doctor.folders import layout_checks, manifest_checks
from vddkctl.doctor.probe import Probe, examine
from vddkctl.doctor.references import reference_checks
from vddkctl.doctor.registries import base_checks, registry_checks
from vddkctl.doctor.spec import broken_spec, spec_checks, unread_spec
from vddkctl.doctor.subject import NamedRegistry, Subject, base_images, hosts
from vddkctl.prepare import Preparation
from vddkctl.progress import Progress

__all__ = ["Finding", "Group", "NamedRegistry", "Status", "Subject", "broken_spec", "findings", "unread_spec"]

_READING = 20
"""How many times the usual time an archive may take: it is read as a whole."""


def findings(subject: Subject, progress: Progress) -> tuple[Finding, ...]:
    """Every check there is reason for, by group."""
    return examine(tuple(_probes(subject, progress)), subject.timeout)


def _probes(subject: Subject, progress: Progress) -> Iterator[Probe]:
    preparation = Preparation(subject.places, progress)
    loaded, archives = subject.loaded, Archives(subject, progress)
    for work in hosts(subject):  # what may take long begins first
        yield Probe(Group.REGISTRY, work.host, partial(registry_checks, subject, work, preparation))
    if subject.manifests is not None:
        yield Probe(Group.CLUSTER, subject.manifests, partial(manifest_checks, subject, subject.manifests))
    else:
        yield Probe(Group.CLUSTER, "cluster", partial(cluster_checks, subject))
    for wanted in archives.all():
        yield Probe(Group.ARCHIVE, wanted.path, partial(archive_checks, archives, wanted), _READING)
    yield Probe(Group.DISK, "disk", partial(disk_checks, archives), _READING)
    yield Probe(Group.ENGINES, "engines", partial(engine_checks, subject))
    if loaded is not None:
        yield Probe(Group.SPEC, loaded.source.name, partial(spec_checks, loaded))
        yield Probe(Group.REFERENCES, "references", partial(reference_checks, subject))
        yield Probe(Group.REGISTRY, "layouts", partial(layout_checks, subject))
        bases = {str(base): (base, platforms) for base, platforms in base_images(subject)}
        for base, platforms in bases.values():
            if base.transport == "oci":
                yield Probe(Group.BASE, str(base), partial(base_checks, base, platforms, preparation))
