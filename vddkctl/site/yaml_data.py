"""A tree of YAML nodes → plain data, with the place of every key and value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from vddkctl.site.diagnostic import KeyPath, Position
from vddkctl.site.words import nearest, quoted, under
from vddkctl.site.yaml_scalars import plain_value, tagged_value
from vddkctl.yamltext.lines import Lines
from vddkctl.yamltext.nodes import Alias, Mapping, Node, Scalar, Sequence, Tree, walk

MAX_DEPTH = 40
"""Levels of nesting: a spec needs 7."""

MAX_REPEATED = 100_000
"""Values that aliases may repeat in all. Nine lines of aliases to aliases can otherwise mean a thousand million."""

_OWN_TAG = {Mapping: "tag:yaml.org,2002:map", Sequence: "tag:yaml.org,2002:seq"}


class Content(Struct):
    """A document as data: mappings are dicts with text keys, lists are tuples.

    ``written`` has the text of each value that is neither mapping nor list. ``holes`` are places without a value,
    because of a mistake that is among ``flaws``.
    """

    data: Any = None
    keys: dict[KeyPath, Position] = field(default_factory=dict)
    values: dict[KeyPath, Position] = field(default_factory=dict)
    written: dict[KeyPath, str] = field(default_factory=dict)
    holes: set[KeyPath] = field(default_factory=set)
    flaws: list[tuple[Position, KeyPath, str, str | None]] = field(default_factory=list)


def unfold(tree: Tree, lines: Lines) -> Content:
    """Follow aliases and merge keys. Everything that an alias brings has the alias's own place."""
    unfolding = _Unfolding(lines)
    content = unfolding.content
    if tree.root:
        content.data = unfolding.value(tree.root, (), None)
        content.keys[()] = content.values[()]
    for at, message, suggestion in _flaws_of(tree):
        content.flaws.append((Position(*lines.place(at)), (), message, suggestion))
    return content


def _flaws_of(tree: Tree) -> Iterator[tuple[int, str, str | None]]:
    faulty = [alias for alias in tree.aliases if alias.fault]
    if tree.root and faulty:
        nodes = (node for node in walk(tree.root) if not isinstance(node, Alias))
        anchors = [(node.start, node.anchor) for node in nodes if node.anchor]
        for alias in faulty:
            above = [name for start, name in anchors if start < alias.start]
            suggestion = None if alias.name in above else nearest(alias.name, above)
            yield alias.start, alias.fault, suggestion
    if tree.second is not None:
        yield tree.second, "a second document starts here; a spec is one", None


class _Unfolding:
    """``alias`` is everywhere the place of the outermost alias that led here, None where none did.

    Behind an alias nothing but the limits is complained about: the anchor's own place is read as well.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._repeated = 0
        self._limits_told: set[str] = set()
        self.content = Content()

    def value(self, node: Node, path: KeyPath, alias: int | None) -> Any:
        at = node.start if alias is None else alias
        self.content.values[path] = self._position(at)
        if isinstance(node, Alias):
            return self._hole(path) if node.fault else self.value(node.target, path, at)
        if alias is not None and self._beyond_limits(len(path), alias):
            return self._hole(path)
        if isinstance(node, Scalar):
            return self._scalar(node, path, alias)
        if node.tag not in {None, "!", _OWN_TAG[type(node)]}:
            return self._strange_tag(path, node.start, alias)
        if isinstance(node, Sequence):
            return tuple(self.value(item, (*path, index), alias) for index, item in enumerate(node.items))
        data: dict[str, Any] = {}
        for key, value_node, key_at, key_alias in self._entries(node, path, alias, len(path)):
            if key not in data:
                self.content.keys[(*path, key)] = self._position(key_at)
                data[key] = self.value(value_node, (*path, key), key_alias)
        return data

    def _scalar(self, node: Scalar, path: KeyPath, alias: int | None) -> Any:
        self.content.written[path] = node.value
        if node.plain:
            return plain_value(node.value)
        fits, value = (True, node.value) if node.tag is None else tagged_value(node.value, node.tag)
        return value if fits else self._strange_tag(path, node.start, alias)

    def _entries(
        self, mapping: Mapping, path: KeyPath, alias: int | None, depth: int
    ) -> Iterator[tuple[str, Node, int, int | None]]:
        """Key, value, the key's place, the value's alias: first the mapping's own, then what ``<<`` brings."""
        own: dict[str, int] = {}
        merges: list[Node] = []
        for key_node, value_node in mapping.pairs:
            key = self._key(key_node, path, alias)
            if key is None:
                continue
            at = key_node.start if alias is None else alias
            if key in own:
                self._twice(key, own[key], path, at, alias)
                continue
            own[key] = at
            if key == "<<" and isinstance(key_node, Scalar) and key_node.plain:
                merges.append(value_node)
            else:
                yield key, value_node, at, alias
        for node in merges:
            yield from self._merged(node, path, alias, depth + 1)

    def _merged(
        self, node: Node, path: KeyPath, alias: int | None, depth: int
    ) -> Iterator[tuple[str, Node, int, int | None]]:
        if alias is not None and self._beyond_limits(depth, alias):
            return
        if isinstance(node, Alias):
            if not node.fault:
                yield from self._merged(node.target, path, node.start if alias is None else alias, depth + 1)
        elif isinstance(node, Mapping):
            yield from self._entries(node, path, alias, depth)
        elif isinstance(node, Sequence):
            for item in node.items:
                yield from self._merged(item, path, alias, depth + 1)
        else:
            self._flaw(node.start, path, '"<<" takes the alias of a mapping, or a list of them', alias)

    def _key(self, node: Node, path: KeyPath, alias: int | None) -> str | None:
        if isinstance(node, Alias):
            return None if node.fault else self._key(node.target, path, node.start)
        if not isinstance(node, Scalar):
            kind = "list" if isinstance(node, Sequence) else "mapping"
            self._flaw(node.start, path, f"a {kind} stands where a key is expected", alias)
            return None
        value = plain_value(node.value) if node.plain else node.value
        if node.value == "":
            self._flaw(node.start, path, 'a key is missing before the ":"', alias)
            return None
        if not isinstance(value, str):
            self._flaw(node.start, path, f"keys are text; write {quoted(node.value)} in quotes", alias)
        return node.value

    def _position(self, at: int) -> Position:
        return Position(*self._lines.place(at))

    def _beyond_limits(self, depth: int, alias: int) -> bool:
        self._repeated += 1
        if depth > MAX_DEPTH:
            return self._limit(alias, f"aliases nest more than {MAX_DEPTH} levels deep")
        if self._repeated > MAX_REPEATED:
            return self._limit(alias, f"aliases repeat more than {MAX_REPEATED:,} values")
        return False

    def _limit(self, alias: int, message: str) -> bool:
        if message not in self._limits_told:
            self._limits_told.add(message)
            self._flaw(alias, (), message)
        return True

    def _twice(self, key: str, first: int, path: KeyPath, at: int, alias: int | None) -> None:
        place = self._position(first)
        message = f"key {quoted(key)} stands twice{under(path)}; first at {place.line}:{place.column}"
        self._flaw(at, (*path, key), message, alias)

    def _strange_tag(self, path: KeyPath, at: int, alias: int | None) -> None:
        self._flaw(
            at, path, 'this tag means nothing here; text that starts with "!" must be in quotes', alias
        )
        self._hole(path)

    def _hole(self, path: KeyPath) -> None:
        self.content.holes.add(path)

    def _flaw(self, at: int, path: KeyPath, message: str, alias: int | None = None) -> None:
        if alias is None:
            self.content.flaws.append((self._position(at), path, message, None))
