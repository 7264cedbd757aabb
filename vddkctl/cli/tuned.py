"""A spec with other buffers: only the lines that change are changed."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vddkctl.site.model import ProviderSpec


def tuned(file: Path, shown: str, presets: Mapping[str, str]) -> bool:
    """Write presets into a spec, by provider, with ``aio: true``. False where it says so already.

    Every other byte stays. Raises SpecError and VddkctlError; then nothing is written.
    """
    from vddkctl.atomic import replacing, write_all
    from vddkctl.cli.session import read_spec
    from vddkctl.errors import VddkctlError

    text, _, _ = read_spec(shown)
    new = _edited(text, shown, presets)
    if new == text:
        return False
    target = file.resolve()
    before = target.read_bytes()

    def last_look() -> None:
        if target.read_bytes() != before:
            raise VddkctlError("somebody else has changed it meanwhile", where=shown, hint="run again")

    mark = b"\xef\xbb\xbf" if before.startswith(b"\xef\xbb\xbf") else b""
    try:
        with replacing(target, mode=stat.S_IMODE(target.stat().st_mode), last_look=last_look) as handle:
            write_all(handle, mark + new.encode())
    except OSError as error:
        raise VddkctlError(f"cannot be written: {error.strerror}", where=shown) from None
    return True


def _edited(text: str, shown: str, presets: Mapping[str, str]) -> str:
    from vddkctl.cluster.yaml_edit.edit import edit_document
    from vddkctl.cluster.yaml_edit.field import Edit
    from vddkctl.cluster.yaml_edit.source import Source
    from vddkctl.errors import VddkctlError
    from vddkctl.site.load import load
    from vddkctl.site.model import BufferSizes
    from vddkctl.vddk.buffers import PRESETS

    said = load(text, shown).site.providers
    objects = []
    for name, preset in presets.items():
        place, now = ("providers", name), said.get(name)
        if _is_so(now, preset):
            continue
        edits = [Edit(None, (*place, "aio"), True)]
        if now and isinstance(now.buffers, BufferSizes):  # it stays in the form that somebody chose
            sizes = PRESETS[preset]
            edits.append(Edit(None, (*place, "buffers", "sizeIn64K"), sizes.size_in_64k))
            edits.append(Edit(None, (*place, "buffers", "count"), sizes.count))
        else:
            edits.append(Edit(None, (*place, "buffers"), preset))
        objects.append(edits)
    edited = edit_document(Source(text, shown), objects)
    for error in edited.failed.values():
        raise error
    after = load(edited.text, shown).site.providers
    wrong = [name for name, preset in presets.items() if not _is_so(after.get(name), preset)]
    if wrong:
        raise VddkctlError(f"providers.{wrong[0]} cannot be edited", where=shown, hint="write it by hand")
    return edited.text


def _is_so(said: ProviderSpec | None, preset: str) -> bool:
    """Whether the spec asks for a preset, by its name or by its figures."""
    from vddkctl.site.model import BufferSizes
    from vddkctl.vddk.buffers import PRESETS, Buffers

    if said is None or not said.aio:
        return False
    if isinstance(said.buffers, BufferSizes):
        return Buffers(said.buffers.size_in_64k, said.buffers.count) == PRESETS[preset]
    return said.buffers == preset
