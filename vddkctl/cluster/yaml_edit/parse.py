"""One document of a file: its text and its tree. YAML is read by the C parser, JSON by hand."""

from __future__ import annotations

import re

from msgspec import Struct

from vddkctl.cluster.yaml_edit.parse_json import parse_json
from vddkctl.cluster.yaml_edit.source import Source
from vddkctl.errors import ManifestError
from vddkctl.yamltext.compose import YamlError, compose
from vddkctl.yamltext.nodes import Alias, Node

_LIKE_JSON = re.compile(r"(?:---(?=\s))?\s*\{")
_MAX_DEPTH = 100  # of a manifest; deeper text is a mistake or an attack, and would exhaust the stack


class Document(Struct, frozen=True, eq=False):
    """One parsed document. ``root`` is None when it holds nothing. ``json``: it is JSON, and must stay so."""

    source: Source
    root: Node | None
    aliases: tuple[Alias, ...] = ()
    json: bool = False

    def aliases_of(self, node: Node) -> list[Alias]:
        """Aliases that stand for a node, in the order of the text."""
        return [alias for alias in self.aliases if alias.target is node]


def parse(source: Source, *, json_only: bool = False) -> Document:
    """Parse one document. Raises ManifestError with file:line:column.

    Text that is JSON is read as JSON, also in a ``.yaml`` file, so that edits keep it JSON.
    """
    if json_only:
        return Document(source, parse_json(source), json=True)
    if _LIKE_JSON.match(source.text):
        try:
            return Document(source, parse_json(source), json=True)
        except ManifestError:
            pass  # a flow mapping of YAML
    return _parse_yaml(source)


def _parse_yaml(source: Source) -> Document:
    try:
        tree = compose(source.text, _MAX_DEPTH)
    except YamlError as error:
        raise source.error(error.at, error.message) from None
    for alias in tree.aliases:
        if alias.fault:
            raise source.error(alias.start, alias.fault)
    if tree.second is not None:
        raise source.error(tree.second, "a second document starts here")
    return Document(source, tree.root, tree.aliases)
