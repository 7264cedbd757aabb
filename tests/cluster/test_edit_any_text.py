"""What must hold for JSON of any layout, for blocks of any text, and for text that is no manifest at all."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from vddkctl.cluster.base import FieldEdit
from vddkctl.cluster.documents import find_objects, parts_of
from vddkctl.cluster.manifest_files import ManifestFile
from vddkctl.cluster.rewrite import Wanted, rewrite
from vddkctl.cluster.yaml_edit.block_mapping import with_field
from vddkctl.cluster.yaml_edit.data import canonical, data_of
from vddkctl.cluster.yaml_edit.parse import parse
from vddkctl.cluster.yaml_edit.source import Source
from vddkctl.errors import ManifestError

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
KEYS = st.sampled_from(("a", "b", "vddkInitImage", 'q"', "é", "8.0"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
SETTINGS = st.none() | st.dictionaries(KEYS, st.none() | st.booleans() | TEXTS, max_size=4)
EDITS = st.lists(st.tuples(KEYS, st.none() | TEXTS), min_size=1, max_size=4, unique_by=lambda pair: pair[0])
HEAD = {"apiVersion": "forklift.konveyor.io/v1beta1", "kind": "Provider", "metadata": {"name": "p"}}


def _rewritten(name: str, text: str, edits: list[tuple[str, str | None]]) -> tuple[Any, str]:
    """Edit settings of the one object; return its data as it should be, and the new text."""
    (found,) = find_objects(ManifestFile(name, name, name), text.encode())
    fields = tuple(FieldEdit(("spec", "settings", key), value) for key, value in edits)
    result = rewrite(text.encode(), [Wanted(found, fields)])
    assert not result.failed, str(result.failed[0])
    expected: Any = found.data
    for field in fields:
        expected = with_field(expected, field.path, field.value)
    return expected, result.data.decode()


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(KEYS, VALUES, max_size=3),
    st.booleans(),
    SETTINGS,
    EDITS,
    st.sampled_from((None, 0, 1, 4, "\t")),
    st.sampled_from(((",", ":"), (", ", ": "), (" , ", " : "))),
    st.booleans(),
)
def test_json_of_any_layout_is_edited_and_stays_json(
    other: dict[str, Any], has_settings: bool, content: Any, edits: list[tuple[str, str | None]],
    indent: Any, separators: tuple[str, str], ascii_only: bool,
) -> None:  # fmt: skip
    spec = {**other, **({"settings": content} if has_settings else {})}
    text = json.dumps({**HEAD, "spec": spec}, indent=indent, separators=separators, ensure_ascii=ascii_only)

    expected, after = _rewritten("p.json", text, edits)

    assert canonical(json.loads(after)) == canonical(expected)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(("|", "|-", "|+", ">", ">-", ">+", "|2", ">2-")),
    st.lists(st.text("ab 😀", max_size=5), max_size=5),
    st.text("ab \n\t#😀", max_size=16),
    st.sampled_from(("\n", "\r\n")),
    st.sampled_from(("", "\n", "\n\n\n", "\n\n  # c\n  url: x\n", "\n  url: x")),
)
def test_a_block_of_any_text_takes_any_text(
    header: str, body: list[str], value: str, eol: str, after: str
) -> None:
    lines = "".join(f"\n      {line}" for line in body)
    text = "apiVersion: forklift.konveyor.io/v1beta1\nkind: Provider\nmetadata: {name: p}\n"
    text += f"spec:\n  settings:\n    vddkConfig: {header}  # c{lines}{after}"
    text = text.replace("\n", eol)
    try:
        parse(Source(text))
    except ManifestError:
        return  # such as a first line that is indented deeper than the next

    expected, new = _rewritten("p.yaml", text, [("vddkConfig", value)])

    source = Source(new)
    root = parse(source).root
    assert root
    assert canonical(data_of(source, root)) == canonical(expected)
    assert new.startswith(text[: text.index(header)])


@given(st.text("\n-. ab#\r", max_size=30).map(str.encode) | st.binary(max_size=30))
@example(b"\xef\xbb\xbf---\n...\n---")
def test_documents_are_the_whole_file(data: bytes) -> None:
    parts = parts_of(data)

    assert parts[-1].end == len(data)
    assert all(before.end == after.start for before, after in pairwise(parts))
    assert all(part.line == 1 + data.count(b"\n", 0, part.start) for part in parts)


FRAGMENTS = ("a: b", "- ", "\n", "  ", "{", "}", "[", "]", "&x ", "*x", "<<: ", "!t ", "|", ">", '"', "'", "?", ":", "#", "\t", "😀", "\x85", "\x00", "%", "kind: Provider\n", "apiVersion: forklift.konveyor.io/v1\n", "metadata: {name: p}\n", "spec:\n  ", "settings:")  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join))
def test_text_of_any_kind_is_understood_or_refused_with_a_place(text: str) -> None:
    try:
        list(find_objects(ManifestFile("p.yaml", "p.yaml", "p.yaml"), text.encode()))
        source = Source(text)
        root = parse(source).root
        if root:
            data_of(source, root)
    except ManifestError as error:
        place = error.where
    else:
        place = "none is needed"
    assert place
