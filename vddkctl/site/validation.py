"""What pydantic finds wrong with a spec, in plain words: one message for each place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vddkctl.site.diagnostic import KeyPath
from vddkctl.site.mistake import Mistake, value_at
from vddkctl.site.shape import Shape, shape_at
from vddkctl.site.words import found, nearest, one_of, quoted, under
from vddkctl.site.yaml_data import Content

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_SECRETIVE = frozenset({"create", "buildArgs"})
"""Below these keys a value may be a secret in the wrong place: it is not repeated."""

_YES_NO = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def mistakes_of(error: ValidationError, content: Content) -> Iterator[Mistake]:
    """Every mistake that pydantic found, without the branches of unions that were not meant."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    misspelt: set[tuple[KeyPath, str]] = set()
    seen: set[tuple[KeyPath, bool]] = set()
    for detail in sorted(errors, key=lambda e: e["type"] != "extra_forbidden"):
        path, shape = shape_at(detail["loc"])
        mistake = _mistake(detail, path, shape, content)
        if mistake is None or (mistake.path, mistake.at_key) in seen:
            continue
        if detail["type"] == "missing" and (path[:-1], path[-1]) in misspelt:
            continue
        if detail["type"] == "extra_forbidden" and mistake.suggestion:
            misspelt.add((path[:-1], mistake.suggestion))
        seen.add((mistake.path, mistake.at_key))
        yield mistake


def _mistake(detail: ErrorDetails, path: KeyPath, shape: Shape, content: Content) -> Mistake | None:
    if detail["type"] == "extra_forbidden":
        return _unknown_key(path, shape)
    if detail["type"] == "missing":
        return Mistake(path, f"missing key {quoted(str(path[-1]))}{under(path[:-1])}", at_key=True)
    if detail["loc"][-1] == "[key]":
        return Mistake(path, f"expected {shape.words}, got {quoted(str(path[-1]))}", at_key=True)
    value = value_at(content.data, path)
    if shape.keys and shape.scalar and isinstance(value, dict):
        return None  # A mapping where text may stand too: what is wrong inside is told of itself.
    return _wrong_value(path, value, shape, content)


def _unknown_key(path: KeyPath, shape: Shape) -> Mistake:
    key = str(path[-1])
    suggestion = nearest(key, shape.keys)
    expected = "" if suggestion else f"; expected {one_of(shape.keys)}"
    message = f"unknown key {quoted(key)}{under(path[:-1])}{expected}"
    return Mistake(path, message, suggestion, at_key=True)


def _wrong_value(path: KeyPath, value: Any, shape: Shape, content: Content) -> Mistake:
    secret = not shape.scalar or not _SECRETIVE.isdisjoint(path)
    got = found(value, content.written.get(path, ""), secret=secret)
    message = f"expected {shape.words}, got {got}"
    if value is None:
        return Mistake(
            path, f"{message}; leave the key out, or write {{}}" if shape.may_be_empty else message
        )
    if shape.text and isinstance(value, bool | int | float):
        return Mistake(path, f"expected text, got {got}; write it in quotes")
    if shape.truth and isinstance(value, str):
        word = _YES_NO.get(value.lower(), value.lower())
        return Mistake(
            path, f"{message}; write {word} without quotes" if word in {"true", "false"} else message
        )
    return Mistake(path, message, nearest(value, shape.choices) if isinstance(value, str) else None)
