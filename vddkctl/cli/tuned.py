"""A spec with other buffers: only the lines that change are changed."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vddkctl.cluster.yaml_edit.field import Edit
    from vddkctl.site.model import ProviderSpec


def tuned(file: Path, shown: str, presets: Mapping[str, str], home: str | None = None) -> bool:
    """Write presets into a spec, by provider, with ``aio: true``. False where it says so already.

    ``home`` is Forklift's namespace, if that is known. Every other byte stays. Raises SpecError and VddkctlError; then
    nothing is written.
    """
    from vddkctl.atomic import replacing, write_all
    from vddkctl.cli.session import read_spec
    from vddkctl.errors import VddkctlError

    text, _, _ = read_spec(shown)
    new = _edited(text, shown, presets, home)
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


def _edited(text: str, shown: str, presets: Mapping[str, str], home: str | None) -> str:
    from vddkctl.cluster.yaml_edit.field import Edit
    from vddkctl.errors import VddkctlError
    from vddkctl.site.load import load
    from vddkctl.site.model import BufferSizes
    from vddkctl.site.names import flaw_of_provider_name, is_rule
    from vddkctl.vddk.buffers import PRESETS

    said = load(text, shown).site.providers
    names = {_entry(name, said, home or ""): preset for name, preset in presets.items()}
    there: list[list[Edit]] = []
    new: list[list[Edit]] = []
    for name, preset in names.items():
        flaw = flaw_of_provider_name(name)
        if flaw or is_rule(name):
            raise VddkctlError(f"{name!r} is no provider's name: {flaw or 'it is a rule'}", where=shown)
        place, now = ("providers", name), said.get(name)
        if _is_so(now or _rule(name, said, home or ""), preset):
            continue
        edits = [*_of_the_rule(place, name, said, home or ""), Edit(None, (*place, "aio"), True)]
        if now and isinstance(now.buffers, BufferSizes):  # it stays in the form that somebody chose
            sizes = PRESETS[preset]
            edits.append(Edit(None, (*place, "buffers", "sizeIn64K"), sizes.size_in_64k))
            edits.append(Edit(None, (*place, "buffers", "count"), sizes.count))
        else:
            edits.append(Edit(None, (*place, "buffers"), preset))
        (there if name in said else new).append(edits)
    text = _with(_with(text, shown, there), shown, [list(chain.from_iterable(new))])
    after = load(text, shown).site.providers
    wrong = [
        n for n, preset in names.items() if not _is_so(after.get(n) or _rule(n, after, home or ""), preset)
    ]
    if wrong:
        raise VddkctlError(f"providers.{wrong[0]} cannot be edited", where=shown, hint="write it by hand")
    return text


def _with(text: str, shown: str, independent: Sequence[Sequence[Edit]]) -> str:
    """The text with edits made: each group keeps to an entry of its own, or meets no other.

    New entries do meet: all of them come below the last one, or below a key that is not there yet.
    """
    from vddkctl.cluster.yaml_edit.edit import edit_document
    from vddkctl.cluster.yaml_edit.source import Source

    edited = edit_document(Source(text, shown), independent)
    for error in edited.failed.values():
        raise error
    return edited.text


def _entry(name: str, said: Mapping[str, ProviderSpec], home: str) -> str:
    """The entry that speaks of a provider by its name, with its namespace or without; else its name."""
    from vddkctl.plan.rules import provider_key
    from vddkctl.site.names import is_rule

    key = provider_key(name, home)
    return next((each for each in said if not is_rule(each) and provider_key(each, home) == key), name)


def _rule(name: str, said: Mapping[str, ProviderSpec], home: str) -> ProviderSpec | None:
    """What a rule says of a provider that has no entry of its own."""
    from vddkctl.plan.rules import matching_rule, provider_key
    from vddkctl.site.names import is_rule

    if name in said:
        return None
    rule = matching_rule((each for each in said if is_rule(each)), provider_key(name, home), home)
    return said[rule] if rule else None


def _of_the_rule(
    place: tuple[str, str], name: str, said: Mapping[str, ProviderSpec], home: str
) -> Iterator[Edit]:
    """An entry of its own wins over a rule as a whole, so the rule's image comes along."""
    from vddkctl.cluster.yaml_edit.field import Edit
    from vddkctl.site.model import INHERIT

    rule = _rule(name, said, home)
    if rule and rule.manages("vddk_image"):
        yield Edit(None, (*place, "vddkImage"), rule.vddk_image or INHERIT)


def _is_so(said: ProviderSpec | None, preset: str) -> bool:
    """Whether the spec asks for a preset, by its name or by its figures."""
    from vddkctl.site.model import BufferSizes
    from vddkctl.vddk.buffers import PRESETS, Buffers

    if said is None or not said.aio:
        return False
    if isinstance(said.buffers, BufferSizes):
        return Buffers(said.buffers.size_in_64k, said.buffers.count) == PRESETS[preset]
    return said.buffers == preset
