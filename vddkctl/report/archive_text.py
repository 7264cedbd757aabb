"""What is known about a vendor archive, for people and as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import to_builtins

from vddkctl.plan.model import FORMAT_VERSION
from vddkctl.plan.wire import camel_case
from vddkctl.report.style import PLAIN, Style
from vddkctl.report.words import plural, size
from vddkctl.vddk.archive import ArchiveFacts, LinkChain
from vddkctl.vddk.versions import same_version, vsphere_of
from vddkctl.visible import shown

_MOST_OBSTACLES = 20


def archive_text(facts: ArchiveFacts, name: str, style: Style = PLAIN) -> str:
    """The facts of one archive, with a final line break."""
    return (
        "\n".join([style.paint("bold", shown(name)), *(f"  {k:<11}{shown(v)}" for k, v in _rows(facts))])
        + "\n"
    )


def archive_json(facts: ArchiveFacts, name: str) -> dict[str, Any]:
    """The facts as data; keys in camelCase, sizes in bytes."""
    data = {camel_case(key): value for key, value in to_builtins(facts).items()}
    return {"formatVersion": FORMAT_VERSION, "path": name, **data, "verbatim": facts.verbatim}


def _rows(facts: ArchiveFacts) -> Iterator[tuple[str, str]]:
    yield "version", f"{facts.version}{_build(facts)}"
    vsphere = vsphere_of(facts.version)
    if vsphere:
        yield "vSphere", vsphere
    yield "machine", f"{facts.machine}, {facts.soname or 'no SONAME'}"
    yield "size", f"{size(facts.size)} packed, {size(facts.unpacked_size)} unpacked, {facts.entries} entries"
    yield "sha256", facts.sha256
    yield "md5", f"{facts.md5}   {_published(facts)}"
    yield "diff ID", facts.diff_id
    yield "libraries", _libraries(facts)
    for number, chain in enumerate(facts.links):
        yield "links" if number == 0 else "", _link(chain)
    if facts.verbatim:
        yield "layer", "the archive itself can be the layer: nothing has to be repacked"
        return
    count = plural(len(facts.obstacles), "entry is", "entries are")
    yield "layer", f"a normalised copy; {count} in the way of using the archive itself:"
    for obstacle in facts.obstacles[:_MOST_OBSTACLES]:
        yield "", f"{obstacle.entry}: {obstacle.reason}"
    if len(facts.obstacles) > _MOST_OBSTACLES:
        yield "", f"and {len(facts.obstacles) - _MOST_OBSTACLES} more"


def _build(facts: ArchiveFacts) -> str:
    build = f", build {facts.build}" if facts.build else ""
    if facts.name_version and not same_version(facts.name_version, facts.version):
        return f"{build}   (the file's name says {facts.name_version})"
    return build


def _published(facts: ArchiveFacts) -> str:
    if facts.published:
        return f"published by the vendor for VDDK {facts.published.version} ({facts.published.source})"
    return "not among the checksums known to be published"


def _libraries(facts: ArchiveFacts) -> str:
    machines = sorted({library.machine for library in facts.libraries})
    return f"{len(facts.libraries)}, for {', '.join(machines)}"


def _link(chain: LinkChain) -> str:
    broken = "   broken: the last one is not in the archive" if chain.broken else ""
    return f"{chain.folder}/{' → '.join(chain.names)}{broken}"
