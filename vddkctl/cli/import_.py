"""``vddkctl import``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from vddkctl.cli.options import Verbose
from vddkctl.cli.output import data, note, progress
from vddkctl.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from vddkctl.cluster.base import Cluster
    from vddkctl.plan.importing import Imported
    from vddkctl.plan.observed import ClusterState, Observed
    from vddkctl.plan.record import Record

NAME = "import"
_SITE_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,61}[a-z0-9])?")

_OPTIONS = {
    r"cluster\.namespace": "-n NAMESPACE",
    r"`cluster\.manifests` in the spec names the folder": "--manifests names the folder",
    r"name a folder of manifests: cluster\.manifests": "name a folder of manifests: --manifests FOLDER",
    r"the spec names it as cluster\.context": "--context names it",
}
"""What errors say of keys of a spec, in words of this command."""

Context = Annotated[
    str | None,
    typer.Option("--context", metavar="NAME", help="The kubeconfig's context; the current one if left out."),
]
Manifests = Annotated[
    str | None,
    typer.Option("--manifests", metavar="FOLDER", help="Forklift's YAML, in the place of a live cluster."),
]
Namespace = Annotated[
    str | None,
    typer.Option("-n", "--namespace", metavar="NAME", help="Where Forklift lives; found if left out."),
]
SiteName = Annotated[str, typer.Option("--name", metavar="NAME", help="What the site is called.")]
To = Annotated[
    str, typer.Option("-o", "--out", metavar="FILE", help="Where to write it; - is standard output.")
]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]


def run(
    context: Context = None,
    manifests: Manifests = None,
    namespace: Namespace = None,
    name: SiteName = "my-site",
    out: To = "-",
    force: Force = False,
    verbose: Verbose = 0,
) -> int:
    """Write a spec of what there is: planning it shows no changes.

    Images are full references; what a spec cannot say is left out, with a comment. Secrets are not read.
    """
    import os
    from pathlib import Path

    from vddkctl.cli.spec_words import SpecWords
    from vddkctl.observe import read_record
    from vddkctl.places import Places
    from vddkctl.plan.observed import Observed

    words = SpecWords(_OPTIONS)
    if context and manifests:
        raise UsageError("--context and --manifests are two places; name one")
    if not _SITE_NAME.fullmatch(name):
        raise UsageError(
            f'--name: "{name}" is not a name', hint="lower-case letters, digits, - and ., at most 63"
        )
    target = None if out == "-" else Path(out)
    if target and not force:
        _check_free(target)
    folder = (target.parent if target else Path()).resolve()
    places = Places(folder, progress=progress(verbose))
    inside = os.path.relpath(Path(manifests).resolve(), folder) if manifests else None
    if inside is not None and not os.path.isabs(inside) and not inside.startswith("."):  # noqa: PTH117
        inside = f"./{inside}"
    with words.errors():
        cluster = places.cluster(inside, context, namespace)
        record = read_record(cluster, name)
    if record is not None:
        note(f"Something was applied already of a site {name}; --name calls this one otherwise.")
    with words.errors():
        state = _look(cluster, namespace, record)
    _check_found(state, manifests, namespace)
    place = {"manifests": inside} if inside else {"context": cluster.name}
    observed = Observed(state, {}, record, cluster_name=cluster.name, folder=str(folder))
    found = _settled(observed, name, {**place, "namespace": state.namespace})
    if target:
        _write(target, found.text, force=force)
        note(f"Wrote {out}. Next: vddkctl plan -f {out}")
    else:
        data(found.text)
    for left in found.left:
        note(f"Left out: {left.address}: {left.why}")
    return 0


def _check_found(state: ClusterState, manifests: str | None, namespace: str | None) -> None:
    """Say what is not there, and refuse to guess which of several Forklifts is meant. Raises ClusterError."""
    from vddkctl.errors import ClusterError

    homes = sorted({live.key.namespace for live in state.controllers})
    where = manifests or "this cluster"
    if len(homes) > 1 and namespace is None:
        raise ClusterError(
            f"there are ForkliftControllers in {', '.join(homes)}",
            where=where,
            hint="say which: -n NAMESPACE",
        )
    if state.namespace in homes:
        return
    found = f"; found in: {', '.join(homes)}" if homes else ""
    missing = f"no ForkliftController in namespace {state.namespace}{found}"
    if not any(live.spec.get("type") == "vsphere" for live in state.providers):
        raise ClusterError(
            f"there is nothing to import: {missing}, and no vSphere provider anywhere",
            where=where,
            hint="is that the right place? -n says where Forklift lives",
        )
    note(f"There is {missing}; the spec has providers alone.")


def _look(cluster: Cluster, namespace: str | None, record: Record | None) -> ClusterState:
    """All there is; without service accounts and storage maps where this user may not see them."""
    from vddkctl.cluster.base import Wanted
    from vddkctl.errors import ClusterDeniedError
    from vddkctl.plan.accounts import DEFAULT, applied_accounts
    from vddkctl.plan.observed import ObjectKey

    state = cluster.observe(Wanted(namespace))
    if not state.live:
        return state
    places = {state.namespace, *(plan.target_namespace for plan in state.plans if plan.target_namespace)}
    accounts = {ObjectKey("ServiceAccount", place, DEFAULT) for place in places} | {*applied_accounts(record)}
    for wanted in (
        Wanted(namespace, tuple(sorted(accounts)), storage_maps=True),
        Wanted(namespace, storage_maps=True),
    ):
        try:
            return cluster.observe(wanted)
        except ClusterDeniedError as error:
            note(f"Left out, since it cannot be seen: {error.what}")
    return state


def _settled(observed: Observed, name: str, place: dict[str, str]) -> Imported:
    """The spec, without whatever would change, or is no spec: that is tried, not believed."""
    from vddkctl.plan.importing import imported
    from vddkctl.plan.make import make_plan
    from vddkctl.site.diagnostic import SpecError
    from vddkctl.site.load import load

    without: dict[str, str] = {}
    while True:
        found = imported(observed.cluster, name, place, without)
        before = len(without)
        try:
            plan = make_plan(load(found.text, "site.yaml"), observed)
        except SpecError as error:
            without |= _mistaken(observed, error)
            if len(without) == before:
                raise
        else:
            without |= {change.address: "a spec would change it" for change in plan.changes}
        if len(without) == before:
            return found


def _mistaken(observed: Observed, error: Exception) -> dict[str, str]:
    """The objects whose parts of the spec are mistaken. Raises the error where it is about none of them."""
    from vddkctl.site.diagnostic import SpecError

    assert isinstance(error, SpecError)
    told: dict[str, str] = {}
    state = observed.cluster
    for each in error.diagnostics:
        section, *rest = each.path or ("",)
        if section == "controller" and state.controllers:
            told |= {live.key.address: each.message for live in state.controllers}
        elif section == "providers" and rest:
            namespace, slash, name = str(rest[0]).rpartition("/")
            told[f"provider.{namespace if slash else state.namespace}/{name}"] = each.message
        elif section == "storageMaps" and rest:
            told[f"storagemap.{state.namespace}/{rest[0]}"] = each.message
        else:
            raise error
    return told


def _write(target: Path, text: str, *, force: bool) -> None:
    from vddkctl.errors import VddkctlError

    if force:
        from vddkctl.cluster.atomic import replace_file

        replace_file(target.resolve(), text.encode())
        return
    try:
        with target.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        _check_free(target)
    except OSError as error:
        raise VddkctlError(f"cannot be written: {error.strerror}", where=str(target)) from None


def _check_free(target: Path) -> None:
    from vddkctl.errors import VddkctlError

    if target.exists() or target.is_symlink():
        raise VddkctlError(
            "there is a file already, and it stays as it is",
            where=str(target),
            hint="name another one, or --force",
        )
