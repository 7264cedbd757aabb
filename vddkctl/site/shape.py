"""What the models expect at a place of the spec, in words."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from msgspec import Struct
from pydantic import BaseModel

from vddkctl.site.diagnostic import KeyPath
from vddkctl.site.model import Site
from vddkctl.site.texts import Expect
from vddkctl.site.words import one_of

_FEW_KEYS = 4
"""A mapping with no more keys is shown as ``{path, sha256}``."""


class Shape(Struct, frozen=True):
    """A type of the models: what its right values are called, and which there are.

    ``types`` are the plain Python types a value may have, ``choices`` the only texts, ``keys`` those of a mapping.
    """

    words: str
    types: frozenset[Any]
    choices: tuple[str, ...]
    keys: tuple[str, ...]
    may_be_empty: bool = False
    """Whether ``{}`` is right here."""

    @property
    def text(self) -> bool:
        """Whether any text may stand here."""
        return str in self.types

    @property
    def truth(self) -> bool:
        """Whether true and false may stand here."""
        return bool in self.types

    @property
    def scalar(self) -> bool:
        """Whether anything but a mapping or a list may stand here."""
        return bool(self.choices or self.types & {str, bool, int})


def shape_at(location: tuple[str | int, ...]) -> tuple[KeyPath, Shape]:
    """The way into the spec, and the shape there, for the location of a pydantic error.

    The two differ where pydantic adds a word of its own: the branch of a union that it tried, or ``[key]``. For an
    unknown key, or one that is missing, the shape is that of the mapping.
    """
    path: list[str | int] = []
    outer: Any = None
    kind: Any = Site
    for part in location:
        if part == "[key]":
            return tuple(path), _shape(get_args(_core(outer)[0])[0])
        branches = _core(kind)
        if len(branches) > 1:
            branch = next((b for b in branches if getattr(b, "__name__", "") == part), None)
            if branch is None:
                break
            kind = branch
            continue
        path.append(part)
        inner = _inner(branches[0], part)
        if inner is None:
            break
        outer, kind = kind, inner
    return tuple(path), _shape(kind)


def _shape(kind: Any) -> Shape:
    core = _core(kind)
    choices = tuple(word for c in core if get_origin(c) is Literal for word in get_args(c))
    keys = tuple(key for c in core for key in _fields(c))
    words = _said(kind) or _words(core[0], choices, keys)
    return Shape(words, frozenset(get_origin(c) or c for c in core), choices, keys, _may_be_empty(core[0]))


def _words(kind: Any, choices: tuple[str, ...], keys: tuple[str, ...]) -> str:
    if choices:
        return one_of(choices)
    if kind in {str, bool}:
        return "text" if kind is str else "true or false"
    return f"{{{', '.join(keys)}}}" if 0 < len(keys) <= _FEW_KEYS else "a mapping"


def _said(kind: Any) -> str | None:
    """The words that come with the type, or with what is optional in it."""
    if get_origin(kind) is Annotated:
        inner, *extras = get_args(kind)
        return next((extra.words for extra in extras if isinstance(extra, Expect)), None) or _said(inner)
    if get_origin(kind) in {Union, UnionType}:
        return next(filter(None, map(_said, get_args(kind))), None)
    return None


def _core(kind: Any) -> tuple[Any, ...]:
    """The bare type; for a union those of its members, without None."""
    if get_origin(kind) is Annotated:
        return _core(get_args(kind)[0])
    if get_origin(kind) in {Union, UnionType}:
        return tuple(core for member in get_args(kind) if member is not NoneType for core in _core(member))
    return (kind,)


def _fields(kind: Any) -> dict[str, Any]:
    """The keys of a model and what each expects."""
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return {}
    return {
        field.alias or name: Annotated[field.annotation, *field.metadata]
        if field.metadata
        else field.annotation
        for name, field in kind.model_fields.items()
    }


def _may_be_empty(kind: Any) -> bool:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return not any(field.is_required() for field in kind.model_fields.values())
    return get_origin(kind) is dict


def _inner(kind: Any, part: str | int) -> Any:
    if get_origin(kind) is dict:
        return get_args(kind)[1]
    if get_origin(kind) is tuple:
        return get_args(kind)[0]
    return _fields(kind).get(str(part))
