"""Edits of flow style YAML and of JSON: the text in, the exact text out."""

from __future__ import annotations

import json

import pytest

from vddkctl.cluster.yaml_edit.edit import edit_document
from vddkctl.cluster.yaml_edit.field import Edit
from vddkctl.cluster.yaml_edit.source import Source


def edited(text: str, edits: dict[str, str | None]) -> str:
    result = edit_document(
        Source(text), [[Edit(None, tuple(path.split(".")), value) for path, value in edits.items()]]
    )
    assert not result.failed
    return result.text


@pytest.mark.parametrize(
    ("before", "edits", "after"),
    [
        ("s: {a: b}  # c", {"s.a": "c"}, "s: {a: c}  # c"),
        ("s: {a: b}", {"s.a": "c, d"}, 's: {a: "c, d"}'),
        ("s: {a: b}", {"s.a": "x:1"}, 's: {a: "x:1"}'),
        ("s: {a: x:1, b: https://y/?z=1}", {"s.a": "c"}, "s: {a: c, b: https://y/?z=1}"),
        ("s: {a: b}", {"s.a": "c\nd\n"}, 's: {a: "c\\nd\\n"}'),
        ("s: {a: }", {"s.a": "c"}, "s: {a: c }"),
        ("s: {a, b: c}", {"s.a": "d"}, "s: {a: d, b: c}"),
        ("s: {a: b}", {"s.k": "v"}, "s: {a: b, k: v}"),
        ("s: { a: b }", {"s.k": "v"}, "s: { a: b, k: v }"),
        ("s: {a: b, }", {"s.k": "v"}, "s: {a: b, k: v, }"),
        ("s: {'a': 'b'}", {"s.k": "v"}, "s: {'a': 'b', 'k': 'v'}"),
        ("s: {a: b}", {"s.t.u": "v"}, "s: {a: b, t: {u: v}}"),
        ("s: {t: {}}", {"s.t.u": "v"}, "s: {t: {u: v}}"),
        ("s: {t: null, x: y}", {"s.t.u": "v"}, "s: {t: {u: v}, x: y}"),
        ("s: {t: }", {"s.t.u": "v"}, "s: {t:  {u: v}}"),
        ("s: {a: b, c: d}", {"s.a": None}, "s: {c: d}"),
        ("s: {a: b, c: d}", {"s.c": None}, "s: {a: b}"),
        ("s: {a: b, c: d, e: f}", {"s.c": None}, "s: {a: b, e: f}"),
        ("s: {a: b}", {"s.a": None}, "s: {}"),
        ("s: { a: b , } # c", {"s.a": None}, "s: {} # c"),
        ("s: {\n  a: b, # of a\n  c: d # of c\n  }\n", {"s.k": "v"}, "s: {\n  a: b, # of a\n  c: d, # of c\n  k: v\n  }\n"),
        ("s: {\n  a: b,\n  c: d, # of c\n  }\n", {"s.k": "v"}, "s: {\n  a: b,\n  c: d, # of c\n  k: v,\n  }\n"),
        ("s: {\n  a: b, # of a\n  c: d # of c\n  }\n", {"s.c": None}, "s: {\n  a: b # of a\n  }\n"),
        ("s: {\n  a: b, # of a\n  c: d # of c\n  }\n", {"s.a": None}, "s: {\n  c: d # of c\n  }\n"),
        ("s: { # none yet\n  }\n", {"s.k": "v"}, "s: { # none yet\n  k: v}\n"),
    ],
)  # fmt: skip
def test_flow_mappings_keep_their_layout(before: str, edits: dict[str, str | None], after: str) -> None:
    assert edited(before, edits) == after


PRETTY = """{
\t"kind": "Provider",
\t"spec": {
\t\t"settings": {
\t\t\t"a": "\\ud83d\\ude00",
\t\t\t"b": true
\t\t}
\t}
}
"""


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("before", "edits", "after"),
    [
        ('{"s": {"a": 1}}', {"s.a": "2"}, '{"s": {"a": "2"}}'),
        ('---\n{"s": {"a": 1}}\n', {"s.a": "x"}, '---\n{"s": {"a": "x"}}\n'),
        ('{"s":{"a":"b","c":"d"}}', {"s.k": "v"}, '{"s":{"a":"b","c":"d","k":"v"}}'),
        ('{"s":{"a":"b"}}', {"s.a": None}, '{"s":{}}'),
        ('{"s":{}}', {"s.k": "v"}, '{"s":{"k":"v"}}'),
        ('{"s":null}', {"s.k": "v\n"}, '{"s":{"k":"v\\n"}}'),
        ('{"x":1}', {"s.k": "v"}, '{"x":1,"s":{"k":"v"}}'),
        (PRETTY, {"spec.settings.b": "true"}, PRETTY.replace("true", '"true"')),
        (PRETTY, {"spec.settings.a": "é😀"}, PRETTY.replace("\\ud83d\\ude00", "é😀")),
        (PRETTY, {"spec.settings.c": "x"}, PRETTY.replace("true", 'true,\n\t\t\t"c": "x"')),
        (PRETTY, {"spec.settings.b": None}, PRETTY.replace(',\n\t\t\t"b": true', "")),
        (PRETTY, {"spec.settings.a": None}, PRETTY.replace('\t\t\t"a": "\\ud83d\\ude00",\n', "")),
        (PRETTY, {"spec.settings.a": None, "spec.settings.b": None}, '{\n\t"kind": "Provider",\n\t"spec": {\n\t\t"settings": {}\n\t}\n}\n'),
        ('{\n  "spec": {}\n}', {"spec.settings.k": "v"}, '{\n  "spec": {\n    "settings": {\n      "k": "v"\n    }\n  }\n}'),
    ],
)  # fmt: skip
def test_json_stays_json(before: str, edits: dict[str, str | None], after: str, eol: str) -> None:
    result = edited(before.replace("\n", eol), edits)

    assert result == after.replace("\n", eol)
    json.loads(result.removeprefix("---"))
