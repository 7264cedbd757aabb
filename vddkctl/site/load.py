"""``site.yaml`` → a validated site, or every mistake in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vddkctl.site.diagnostic import Diagnostic, KeyPath, Position, SpecError
from vddkctl.site.source import LoadedSite, Source

if TYPE_CHECKING:
    from vddkctl.site.model import Site
    from vddkctl.site.yaml_data import Content


def load(text: str, name: str) -> LoadedSite:
    """Read a spec. ``name`` is what messages call it, usually its path as it was typed.

    Reads no other file and no environment variable. Raises :class:`SpecError` with all mistakes at once.
    """
    content = _read(text, name)
    source = Source(name, content.keys, content.values)
    site = None
    diagnostics = [Diagnostic(name, *flaw) for flaw in content.flaws]
    if isinstance(content.data, dict):
        site, mistakes = _validate(content, source)
        diagnostics += mistakes
    elif () not in content.holes:
        diagnostics.append(_not_a_mapping(content, name))
    if site is None or diagnostics:
        raise SpecError(tuple(sorted(diagnostics, key=_order)))
    return LoadedSite(site, source, digest_of(site))


def digest_of(site: Site) -> str:
    """``sha256:…`` of what the spec says: not of its comments and layout, nor of what it leaves out.

    The order of rules counts, since the first that matches wins.
    """
    import hashlib
    import json

    from vddkctl.site.names import is_rule

    said = site.model_dump(mode="json", by_alias=True, exclude_unset=True)
    said["rules"] = [provider for provider in said.get("providers", {}) if is_rule(provider)]
    canonical = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def _read(text: str, name: str) -> Content:
    from vddkctl.site.yaml_data import MAX_DEPTH, unfold
    from vddkctl.yamltext.compose import YamlError, compose
    from vddkctl.yamltext.lines import Lines

    text = text.removeprefix("\ufeff")  # A byte order mark has no column in any editor.
    lines = Lines(text)
    try:
        return unfold(compose(text, MAX_DEPTH), lines)
    except YamlError as error:
        position = Position(*lines.place(error.at))
        raise SpecError((Diagnostic(name, position, (), error.message),)) from None


def _not_a_mapping(content: Content, name: str) -> Diagnostic:
    if content.data is None:
        message = "the spec is empty; vddkctl init writes one to start from"
        return Diagnostic(name, Position(1, 1), (), message)
    from vddkctl.site.words import found

    got = found(content.data, content.written.get((), ""), secret=True)
    message = f"expected a mapping with apiVersion, kind and metadata, got {got}"
    return Diagnostic(name, content.values[()], (), message)


def _validate(content: Content, source: Source) -> tuple[Site | None, list[Diagnostic]]:
    from pydantic import ValidationError

    from vddkctl.site.checks import cross_check
    from vddkctl.site.model import Site

    mistakes = list(cross_check(content.data))
    site = None
    try:
        site = Site.model_validate(content.data, by_alias=True, by_name=False)
    except ValidationError as error:
        from vddkctl.site.validation import mistakes_of

        mistakes += mistakes_of(error, content)
    diagnostics = []
    for mistake in mistakes:
        if _in_hole(mistake.path, content.holes):
            continue
        position = source.key(*mistake.path) if mistake.at_key else source.value(*mistake.path)
        found = Diagnostic(source.name, position, mistake.path, mistake.message, mistake.suggestion)
        diagnostics.append(found)
    return site, diagnostics


def _in_hole(path: KeyPath, holes: set[KeyPath]) -> bool:
    """Whether the value here, or around here, was lost to a mistake that has been told already."""
    return any(path[:end] in holes for end in range(len(path) + 1)) if holes else False


def _order(diagnostic: Diagnostic) -> tuple[int, int, str, str]:
    return diagnostic.position.line, diagnostic.position.column, diagnostic.message, str(diagnostic.path)
