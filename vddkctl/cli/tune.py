"""``vddkctl tune``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vddkctl.cli.options import DEFAULT_FILE, Output, OutputOption, SpecFile, Verbose
from vddkctl.cli.output import data, json_data, note, style
from vddkctl.errors import ClusterError, UsageError, VddkctlError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vddkctl.cli.tune_place import Service, TunePlace
    from vddkctl.plan.observed import ClusterState
    from vddkctl.vddk.tuning import Advice, Disk

NAME = "tune"

Csv = Annotated[
    str | None,
    typer.Option(
        "--csv", metavar="FILE", help="Disks in a table: RVTools' vDisk or vInfo, or columns vm and size_gb."
    ),
]
InventoryUrl = Annotated[
    str | None,
    typer.Option(
        "--inventory", metavar="URL", help="Forklift's inventory service; else the cluster says where it is."
    ),
]
TokenFile = Annotated[
    str | None,
    typer.Option(
        "--token-file", metavar="FILE", help="A bearer token for the inventory; else the kubeconfig's."
    ),
]
CaFile = Annotated[
    str | None, typer.Option("--ca-file", metavar="FILE", help="Who signed the inventory's certificate.")
]
Insecure = Annotated[bool, typer.Option("--insecure", help="Take any certificate of the inventory.")]
Provider = Annotated[
    str | None,
    typer.Option(
        "--provider",
        metavar="NAME",
        help="Whose disks they are, where the table does not say; or the one to ask for.",
    ),
]
Concurrent = Annotated[
    int | None,
    typer.Option(
        "--concurrent",
        min=1,
        metavar="N",
        show_default=False,
        help="Disks at the same time; else what the ForkliftController says, or its default of 20.",
    ),
]
Write = Annotated[bool, typer.Option("--write", help="Write the presets into the spec, as aio and buffers.")]
Within = Annotated[
    bool, typer.Option("--within-limit", help="Keep to VMware's 16 MiB a session when writing.")
]


def run(
    csv: Csv = None,
    inventory: InventoryUrl = None,
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    insecure: Insecure = False,
    provider: Provider = None,
    concurrent: Concurrent = None,
    write: Write = False,
    within_limit: Within = False,
    file: SpecFile = DEFAULT_FILE,
    output: OutputOption = Output.TEXT,
    _verbose: Verbose = 0,
) -> int:
    """Recommend buffers by the sizes of disks, and show their memory.

    Disks come from a table, or from Forklift's inventory, which the cluster knows. --write puts the presets into the
    spec, its comments kept; without it nothing is written.
    """
    from vddkctl.cli.tune_place import tune_place
    from vddkctl.report.tune_text import tune_json, tune_text
    from vddkctl.vddk.tuning import advise

    for_inventory = {"--token-file": token_file, "--ca-file": ca_file, "--insecure": insecure}
    _check_table(csv, inventory, [option for option, said in for_inventory.items() if said])
    _check_writing(file, write=write, within_limit=within_limit)
    place = tune_place(file, DEFAULT_FILE)
    if csv is None and inventory is None and place.manifests is not None:
        raise UsageError(
            "name one of --csv and --inventory: the spec's settings are in a folder, which knows of no disks",
            hint="--csv disks.csv, with columns provider, vm, size_gb",
        )
    state = None
    if csv is not None:
        disks = _table(csv, provider)
        if concurrent is None or any(disk.server for disk in disks):
            state = _state_if_any(place)
        if state:
            disks = _of_providers(disks, state)
    else:
        if inventory is None:
            state = place.state()
        elif concurrent is None or place.loaded:
            state = _state_if_any(place)
        service = _service(place, inventory, state)
        disks = _inventory(service, token_file, ca_file, provider, state, insecure=insecure)
    if not disks:
        raise VddkctlError("there are no disks", where=csv or inventory or "")
    at_once, where = _at_once(concurrent, state)
    servers = {disk.server for disk in disks if not disk.provider}
    advice = advise(disks, at_once)
    if output is Output.JSON:
        json_data(tune_json(advice, where))
    else:
        data(tune_text(advice, where, style()))
    if write:
        home = state.namespace if state else place.namespace
        _write(file, advice, servers, home, within=within_limit)
    return 0


def _check_table(csv: str | None, inventory: str | None, for_inventory: Sequence[str]) -> None:
    if csv is None:
        return
    if inventory is not None:
        raise UsageError(
            "name one of --csv and --inventory", hint="--csv disks.csv, with columns provider, vm, size_gb"
        )
    if for_inventory:
        raise UsageError(f"{for_inventory[0]} has no use with --csv", hint="it is for Forklift's inventory")


def _check_writing(file: str, *, write: bool, within_limit: bool) -> None:
    if within_limit and not write:
        raise UsageError(
            "--within-limit goes with --write", hint="both presets are shown where they are not the same"
        )
    if write and file == "-":
        raise UsageError("--write needs a spec in a file", hint="name it with -f")


def _state_if_any(place: TunePlace) -> ClusterState | None:
    """What the cluster says, where there is one and it answers: a table does without."""
    if place.loaded is None:
        return None
    try:
        return place.state(hurry=True)
    except ClusterError as error:
        note(f"Not looked at: {error}")
        return None


def _at_once(concurrent: int | None, state: ClusterState | None) -> tuple[int, str]:
    from vddkctl.plan.inflight import max_inflight
    from vddkctl.vddk.tuning import CONCURRENT

    if concurrent is not None:
        return concurrent, "as --concurrent says"
    said = max_inflight(state) if state else None
    if said:
        return said[0], f"as {said[1]} says (controller_max_vm_inflight)"
    return CONCURRENT, "Forklift's default (controller_max_vm_inflight)"


def _of_providers(disks: list[Disk], state: ClusterState) -> list[Disk]:
    """Disks of which only the vCenter is known, with the provider that stands for it."""
    from msgspec.structs import replace

    from vddkctl.plan.vcenters import host_of, provider_by_host

    names = provider_by_host(state)
    return [
        replace(disk, provider=names[host_of(disk.server)], server="")
        if not disk.provider and host_of(disk.server) in names
        else disk
        for disk in disks
    ]


def _table(csv: str, provider: str | None) -> list[Disk]:
    from vddkctl.disks.table import disks_of_table

    return disks_of_table(Path(csv), csv, provider)


def _service(place: TunePlace, url: str | None, state: ClusterState | None) -> Service:
    if url is None:
        assert state is not None
        return place.service(state)
    if not url.startswith(("http://", "https://")) or "@" in url.partition("://")[2].partition("/")[0]:
        raise UsageError(
            "--inventory takes a URL, without user and password",
            hint="as in https://forklift-inventory.apps.example.com",
        )
    return place.login(url)


def _inventory(
    service: Service,
    token_file: str | None,
    ca_file: str | None,
    provider: str | None,
    state: ClusterState | None,
    *,
    insecure: bool,
) -> list[Disk]:
    from vddkctl.disks.inventory import Inventory

    token = service.token
    if token_file:
        try:
            token = Path(token_file).read_text().strip()
        except (OSError, UnicodeDecodeError):
            raise VddkctlError("the token cannot be read", where=token_file) from None
    also = None if ca_file else service.authority
    asked = Inventory(service.url, token, ca_file, insecure, also, provider)
    return asked.disks(state.namespace if state else None)


def _write(file: str, advice: Sequence[Advice], servers: set[str], home: str | None, *, within: bool) -> None:
    from vddkctl.cli.tuned import tuned

    nameless = [each.provider for each in advice if not each.provider or each.provider in servers]
    if nameless:
        vcenter = f"{nameless[0]} is a vCenter, and whose provider it is is not known"
        raise UsageError(
            vcenter if nameless[0] else "the table does not say whose disks they are",
            hint="name the provider with --provider",
        )
    presets = {each.provider: each.within if within else each.preset for each in advice}
    if not tuned(Path(file), file, presets, home):
        note(f"{file} says so already.")
        return
    note(f"Wrote {file}. Look at it with: vddkctl plan{'' if file == DEFAULT_FILE else f' -f {file}'}")
