"""Edits where a text is used in several places: only the place that is meant changes."""

from __future__ import annotations

import pytest

from vddkctl.cluster.yaml_edit.edit import edit_document
from vddkctl.cluster.yaml_edit.field import Edit
from vddkctl.cluster.yaml_edit.source import Source


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("x: &i old\ns:\n  a: *i  # c\n  b: *i\n", "new", "x: &i old\ns:\n  a: new  # c\n  b: *i\n"),
        (
            "s:\n  a: &i old # c\n  b: *i # d\n  c: *i\n",
            "new",
            "s:\n  a: new # c\n  b: &i old # d\n  c: *i\n",
        ),
        ("s:\n  a: &i 'old'\n  b: [*i]\n", "new", "s:\n  a: 'new'\n  b: [&i \"old\"]\n"),
        ("s:\n  a: &i 12\n  b: *i\n", "new", "s:\n  a: new\n  b: &i 12\n"),
        ("s:\n  a: &i\n  b: *i\n", "new", "s:\n  a: new\n  b: &i\n"),
        ("s:\n  a: &i !!str 12\n  b: *i\n", "x", "s:\n  a: !!str x\n  b: &i !!str 12\n"),
        (
            "s:\n  a: &i |\n    one\n    two\n  b: *i # d\n",
            "three\n",
            "s:\n  a: |\n    three\n  b: &i | # d\n    one\n    two\n",
        ),
        ("s:\n  a: &i old\n  b: *i\n", None, "s:\n  b: &i old\n"),
        ("x: &i old\ns:\n  a: *i\n  b: 1\n", None, "x: &i old\ns:\n  b: 1\n"),
        (
            "x: &m {a: old, b: [1, é]}\ns: *m  # c\nz: 1\n",
            "new",
            'x: &m {a: old, b: [1, é]}\ns:  # c\n  a: new\n  b: [1, "é"]\nz: 1\n',
        ),
        ("x: &m {a: old}\ns: *m  # c\n", None, "x: &m {a: old}\ns: {}  # c\n"),
        ("x: &m {a: old}\ny: {s: *m}\ns: {}", "new", "x: &m {a: old}\ny: {s: *m}\ns:\n  a: new"),
        ("x: &m {a: old}\ns:\n  <<: *m\n  b: 1\n", "new", "x: &m {a: old}\ns:\n  <<: *m\n  b: 1\n  a: new\n"),
    ],
)
def test_other_places_keep_their_value(before: str, value: str | None, after: str) -> None:
    result = edit_document(Source(before), [[Edit(None, ("s", "a"), value)]])

    assert not result.failed
    assert result.text == after


@pytest.mark.parametrize(
    ("text", "value", "message"),
    [
        (
            "x: &m {a: old}\ns:\n  <<: *m\n",
            None,
            'f.yaml:11:8: s.a comes from here through a merge key (<<), and cannot be unset',
        ),
        ("s: &m\n  b: 1\nz: *m\n", "new", "f.yaml:11:4: what the anchor &m marks is used again on line 13"),
        ("x: &m {s: {a: 1}}\n<<: *m\n", "new", 'f.yaml:11:8: "s" comes from here through a merge key (<<)'),
        ("s: [a]\n", "new", "f.yaml:11:4: s is not a mapping"),
        ("s:\n  a: [b]\n", "new", "f.yaml:12:6: text is expected here, but this is a mapping or a list"),
        ("s:\n  ? a\n  : b\n", None, "f.yaml:12:5: this key does not begin its line"),
    ],
)  # fmt: skip
def test_what_cannot_be_edited_says_where_and_why(text: str, value: str | None, message: str) -> None:
    result = edit_document(Source(text, "f.yaml", 11), [[Edit(None, ("s", "a"), value)]])

    assert result.text == text
    assert str(result.failed[0]).startswith(message)
    assert result.failed[0].hint
