"""``vddkctl tune``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vddkctl.cli.options import DEFAULT_FILE, Output, OutputOption, SpecFile, Verbose
from vddkctl.cli.output import data, json_data, note, style
from vddkctl.errors import UsageError, VddkctlError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vddkctl.vddk.tuning import Advice, Disk

NAME = "tune"

Csv = Annotated[
    str | None,
    typer.Option(
        "--csv", metavar="FILE", help="Disks in a table: RVTools' vDisk or vInfo, or columns vm and size_gb."
    ),
]
InventoryUrl = Annotated[
    str | None, typer.Option("--inventory", metavar="URL", help="Forklift's inventory service: its route.")
]
TokenFile = Annotated[
    str | None, typer.Option("--token-file", metavar="FILE", help="A bearer token for the inventory.")
]
CaFile = Annotated[
    str | None, typer.Option("--ca-file", metavar="FILE", help="Who signed the inventory's certificate.")
]
Insecure = Annotated[bool, typer.Option("--insecure", help="Take any certificate of the inventory.")]
Provider = Annotated[
    str | None,
    typer.Option("--provider", metavar="NAME", help="Whose disks they are, where the table does not say."),
]
Concurrent = Annotated[
    int | None,
    typer.Option(
        "--concurrent",
        min=1,
        metavar="N",
        show_default=False,
        help="Disks at the same time; Forklift's 20 if left out.",
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

    Disks come from a table or from Forklift's inventory. --write puts the presets into the spec, its comments kept.
    """
    from vddkctl.report.tune_text import tune_json, tune_text
    from vddkctl.vddk.tuning import CONCURRENT, advise

    if (csv is None) == (inventory is None):
        raise UsageError(
            "name one of --csv and --inventory", hint="--csv disks.csv, with columns provider, vm, size_gb"
        )
    disks = (
        _table(csv, provider) if csv else _inventory(inventory or "", token_file, ca_file, insecure=insecure)
    )
    if not disks:
        raise VddkctlError("there are no disks", where=csv or inventory or "")
    advice = advise(disks, concurrent or CONCURRENT)
    where = "as --concurrent says" if concurrent else "Forklift's default (controller_max_vm_inflight)"
    if output is Output.JSON:
        json_data(tune_json(advice, where))
    else:
        data(tune_text(advice, where, style()))
    if write:
        _write(file, advice, within=within_limit)
    return 0


def _table(csv: str, provider: str | None) -> list[Disk]:
    from vddkctl.disks.table import disks_of_table

    return disks_of_table(Path(csv), csv, provider)


def _inventory(url: str, token_file: str | None, ca_file: str | None, *, insecure: bool) -> list[Disk]:
    from vddkctl.disks.inventory import Inventory

    if not url.startswith(("http://", "https://")) or "@" in url.partition("://")[2].partition("/")[0]:
        raise UsageError(
            "--inventory takes a URL, without user and password",
            hint="as in https://forklift-inventory.apps.example.com",
        )
    token = None
    if token_file:
        try:
            token = Path(token_file).read_text().strip()
        except (OSError, UnicodeDecodeError):
            raise VddkctlError("the token cannot be read", where=token_file) from None
    return Inventory(url, token, ca_file, insecure).disks()


def _write(file: str, advice: Sequence[Advice], *, within: bool) -> None:
    from vddkctl.cli.tuned import tuned

    if file == "-":
        raise UsageError("--write needs a spec in a file", hint="name it with -f")
    nameless = [each for each in advice if not each.provider]
    if nameless:
        raise UsageError(
            "the table does not say whose disks they are", hint="name the provider with --provider"
        )
    if not tuned(
        Path(file), file, {each.provider: each.within if within else each.preset for each in advice}
    ):
        note(f"{file} says so already.")
        return
    note(f"Wrote {file}. Look at it with: vddkctl plan{'' if file == DEFAULT_FILE else f' -f {file}'}")
