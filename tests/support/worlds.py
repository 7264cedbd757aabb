"""Small worlds to plan in: a spec as text, objects as short mappings, images as digests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vddkctl.plan.make import make_plan
from vddkctl.plan.model import Plan
from vddkctl.plan.observed import (
    BuiltImage,
    ClusterState,
    FieldOwner,
    Kind,
    LiveObject,
    ObjectKey,
    Observed,
    ObservedBase,
    ObservedImage,
    PushedImage,
)
from vddkctl.plan.record import Record
from vddkctl.site.load import load
from vddkctl.site.source import LoadedSite
from vddkctl.vddk.archive import ArchiveFacts, LayerFacts

NAMESPACE = "openshift-mtv"
HEAD = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {name: frankfurt}
cluster: {manifests: ./gitops}
"""
IMAGE = """\
images:
  vddk-8:
    archive: {path: ./VMware-vix-disklib-8.0.1-21562716.x86_64.tar.gz}
    repository: oci:./images/vddk
    tag: 8.0.1
    base: oci:./base:busybox
    clusterRepository: harbor.company.com/migration/vddk
"""


def digest(letter: str) -> str:
    return "sha256:" + letter * 64


ARCHIVE = ArchiveFacts(
    sha256="a" * 64,
    md5="b" * 32,
    size=22_950_000,
    diff_id=digest("d"),
    unpacked_size=66_000_000,
    entries=120,
    version="8.0.1",
    name_version="8.0.1",
    build="21562716",
    released=1_680_000_000,
    machine="x86_64",
    soname="libvixDiskLib.so.8",
    libraries=(),
    links=(),
    obstacles=(),
    published=None,
)
BUILT = BuiltImage(
    digest=digest("9"),
    size=23_000_000,
    base_digest=digest("e"),
    layer=LayerFacts(digest("a"), digest("d"), 22_950_000, verbatim=True),
    archive=ARCHIVE,
    archive_path="./VMware-vix-disklib-8.0.1-21562716.x86_64.tar.gz",
)
PUSHED = PushedImage(digest("9"), "a" * 64, digest("e"))


def live(kind: Kind, name: str, spec: Mapping[str, Any], namespace: str = NAMESPACE) -> LiveObject:
    file = "forklift.yaml" if kind == "ForkliftController" else "providers.yaml"
    owners = {f"spec.settings.{key}": FieldOwner(where=f"{file}:14") for key in spec.get("settings") or {}}
    owners["spec.vddk_image"] = FieldOwner(where=f"{file}:8")
    return LiveObject(ObjectKey(kind, namespace, name), spec, f"version-of-{name}", f"{file}:1", owners)


def controller(image: str | None = None) -> LiveObject:
    return live("ForkliftController", "forklift-controller", {} if image is None else {"vddk_image": image})


def provider(name: str, settings: Mapping[str, Any] | None = None, kind: str = "vsphere") -> LiveObject:
    return live("Provider", name, {"type": kind, "settings": settings or {}})


@dataclass(frozen=True)
class World:
    """What there is; ``plan`` makes a plan for a spec in it."""

    controllers: tuple[LiveObject, ...] = (controller(),)
    providers: tuple[LiveObject, ...] = ()
    built: Mapping[str, BuiltImage] = field(default_factory=lambda: {"vddk-8": BUILT})
    bases: Mapping[str, ObservedBase] = field(default_factory=dict)
    pushed: Mapping[str, PushedImage] = field(default_factory=dict)
    record: Record | None = None
    default_image: str | None = None

    def loaded(self, spec: str) -> LoadedSite:
        return load(HEAD + spec, "site.yaml")

    def observed(self, loaded: LoadedSite) -> Observed:
        return Observed(
            cluster=ClusterState(NAMESPACE, self.controllers, self.providers),
            images={
                n: ObservedImage(
                    self.built[n].digest,
                    self.pushed.get(n),
                    self.built[n],
                    base=self.bases.get(n, ObservedBase(self.built[n].base_digest)),
                )
                for n in loaded.site.images
            },
            record=self.record,
            default_image=self.default_image,
            cluster_name="./gitops",
            folder="/sites/frankfurt",
        )

    def plan(self, spec: str) -> Plan:
        loaded = self.loaded(spec)
        return make_plan(loaded, self.observed(loaded))

    def applied(
        self, *steps: Mapping[str, Mapping[str, Any]], intended: Mapping[str, Any] | None = None
    ) -> World:
        """The same world with a record of these fields by address."""
        fields = {address: values for step in steps for address, values in step.items()}
        return replace(self, record=Record("frankfurt", fields, intended or {}))
