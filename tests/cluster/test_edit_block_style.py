"""Edits of block style YAML: the text in, the exact text out."""

from __future__ import annotations

from textwrap import dedent

import pytest

from vddkctl.cluster.yaml_edit.edit import edit_document
from vddkctl.cluster.yaml_edit.field import Edit
from vddkctl.cluster.yaml_edit.source import Source

IMAGE, CONFIG, AIO = (
    "spec.settings.vddkInitImage",
    "spec.settings.vddkConfig",
    "spec.settings.useVddkAioOptimization",
)


def edited(text: str, edits: dict[str, str | None]) -> str:
    result = edit_document(
        Source(text), [[Edit(None, tuple(path.split(".")), value) for path, value in edits.items()]]
    )
    assert not result.failed
    return result.text


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("a: old  # why", "quay.io/x:1", "a: quay.io/x:1  # why"),
        ("a:   old", "new", "a:   new"),
        ("a: 'old' # c", "it's", "a: 'it''s' # c"),
        ('a: "old"\t# c', 'a"b', 'a: "a\\"b"\t# c'),
        ("a: old", "true", 'a: "true"'),
        ("a: old", "8.0", 'a: "8.0"'),
        ("a: old", "8.0.1", "a: 8.0.1"),
        ("a: old", "null", 'a: "null"'),
        ("a: old", "no", 'a: "no"'),
        ("a: old", "", 'a: ""'),
        ("a: old", "k: v", 'a: "k: v"'),
        ("a: old", "x #y", 'a: "x #y"'),
        ("a: old", "x#y", "a: x#y"),
        ("a: old", "@x", 'a: "@x"'),
        ("a: old", "2024-01-01", 'a: "2024-01-01"'),
        ("a: old", 'say "x": y', "a: 'say \"x\": y'"),
        ("a: true", "true", 'a: "true"'),
        ("a: 12 # n", "x", "a: x # n"),
        ("a:", "x", "a: x"),
        ("a:   # none yet", "x", "a: x   # none yet"),
        ("a: ~ # none", "x", "a: x # none"),
        ("a: null", "x", "a: x"),
        ("a: !!str 12", "13", 'a: !!str "13"'),
        ("a: !!int 12", "x", "a: x"),
        ("a: &k old", "x", "a: &k x"),
        ("a: one\n      two # c", "x", "a: x # c"),
        ('a: "one\n      two" # c', "x", 'a: "x" # c'),
        ("a:\n     old # c", "x", "a:\n     x # c"),
        ("'a': old", "x", "'a': x"),
        ('"a" : old', "x", '"a" : x'),
        ("a: é😀 # 😀", "ü😀", "a: ü😀 # 😀"),
    ],
)
def test_a_scalar_is_replaced_in_its_style(before: str, value: str, after: str) -> None:
    around = "# 😀 top\nspec:\n  settings:\n    {}\n  z: a  # a: old\n"

    assert edited(around.format(before), {"spec.settings.a": value}) == around.format(after)


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("cfg: |\n  a=1\n  b=2\n", "a=1\nb=3\n", "cfg: |\n  a=1\n  b=3\n"),
        ("cfg: |  # c\n    a=1   \n\n    b=2\n", "a=1   \n\nb=3\n", "cfg: |  # c\n    a=1   \n\n    b=3\n"),
        ("cfg: |\n  a\n \n  b\n", "a\n\nc\n", "cfg: |\n  a\n \n  c\n"),
        ("cfg: |\n  a\n\n# after\n", "b", "cfg: |-\n  b\n\n# after\n"),
        ("cfg: |-\n  a\n", "b\n", "cfg: |\n  b\n"),
        ("cfg: |+\n  a\n\n\n", "b\n", "cfg: |+\n  b\n"),
        ("cfg: |+\n  a\n\n", "b", "cfg: |-\n  b\n\n"),
        ("cfg: |\n  a\n", "b\n\n", "cfg: |+\n  b\n\n"),
        ("cfg: |\n  a\n", " x\ny\n", "cfg: |2\n   x\n  y\n"),
        ("cfg: |2\n   a\n", "b\n", "cfg: |2\n  b\n"),
        ("cfg: |\n  a\n", "", 'cfg: ""\n'),
        ("cfg: |\n  a\n  b\n", "a\rb", 'cfg: "a\\rb"\n'),
        ("cfg: |\n", "a\n", "cfg: |\n  a\n"),
        ("cfg: |", "a\n", "cfg: |\n  a\n"),
        ("cfg: |\n  a", "b", "cfg: |\n  b"),
        ("cfg: |\n  a", "b\n", "cfg: |\n  b\n"),
        ("cfg: >\n  one\n  two\n\n  three\n", "one two\nfour\n", "cfg: >\n  one\n  two\n\n  four\n"),
        ("cfg: >-\n  one\n", "one\n two\nthree", "cfg: >-\n  one\n   two\n  three\n"),
        ("cfg: old # c\n", "a\nb\n", "cfg: | # c\n  a\n  b\n"),
        ("cfg: 'old'\n", "a\nb", "cfg: |-\n  a\n  b\n"),
        ("cfg:\n", "a\n\n\n", "cfg: |+\n  a\n\n\n"),
        ("cfg:\n  old\n", "a\n", "cfg: |\n  a\n"),
        ("cfg: old", "a\nb\n", "cfg: |\n  a\n  b\n"),
        ('cfg: "a\\nb\\n"\n', "a\nc\n", 'cfg: "a\\nc\\n"\n'),
        ("cfg: old\n\nnext: 1\n", "a\n\n", 'cfg: "a\\n\\n"\n\nnext: 1\n'),
        ("cfg: old\n", "a\n\u2028b\n", 'cfg: "a\\n\\u2028b\\n"\n'),
        ("cfg: old\n    # deep\nz: 1\n", "a\n", 'cfg: "a\\n"\n    # deep\nz: 1\n'),
        ("cfg: old\n\n # less deep\nz: 1\n", "a\n", "cfg: |\n  a\n\n # less deep\nz: 1\n"),
        ("cfg: old\n     \nz: 1\n", "a\n", 'cfg: "a\\n"\n     \nz: 1\n'),
        ("cfg: old\r\nz: 1\r\n", "a\nb\n", "cfg: |\r\n  a\r\n  b\r\nz: 1\r\n"),
        ("cfg: |\r\n  a\r\n  b\r\n", "b\n", "cfg: |\r\n  b\r\n"),
    ],
)  # fmt: skip
def test_text_of_several_lines_is_a_block(before: str, value: str, after: str) -> None:
    assert edited(before, {"cfg": value}) == after


INSERTS = [
    (
        {IMAGE: "new"},
        """\
        spec:
          settings:
            a: b # c
            # about nothing

          # about url
          url: x
        """,
        """\
        spec:
          settings:
            a: b # c
            vddkInitImage: new
            # about nothing

          # about url
          url: x
        """,
    ),
    (
        {IMAGE: "new", CONFIG: "a\nb\n"},
        """\
        spec:
            settings:  # c
            url: x
        """,
        """\
        spec:
            settings:  # c
                vddkInitImage: new
                vddkConfig: |
                    a
                    b
            url: x
        """,
    ),
    (
        {IMAGE: "new"},
        "spec:\n  settings: {}  # c\n  url: x\n",
        "spec:\n  settings:  # c\n    vddkInitImage: new\n  url: x\n",
    ),
    ({IMAGE: "n1"}, "spec:\n  settings: ~\n  url: x\n", "spec:\n  settings:\n    vddkInitImage: n1\n  url: x\n"),
    ({IMAGE: "n1"}, "kind: x\nspec:\n  a: b", "kind: x\nspec:\n  a: b\n  settings:\n    vddkInitImage: n1"),
    ({IMAGE: "n1"}, "kind: x\n", "kind: x\nspec:\n  settings:\n    vddkInitImage: n1\n"),
    ({"spec.vddk_image": "n1"}, "kind: x\nspec:\n", "kind: x\nspec:\n  vddk_image: n1\n"),
    ({"spec.vddk_image": "n1"}, "kind: x\nspec: {}", "kind: x\nspec:\n  vddk_image: n1"),
    ({AIO: "true"}, 'spec:\n  settings:\n    "a": \'b\'\n', 'spec:\n  settings:\n    "a": \'b\'\n    "useVddkAioOptimization": \'true\'\n'),
    ({IMAGE: "n1"}, 'spec:\n  settings:\n    a: "true"\n', 'spec:\n  settings:\n    a: "true"\n    vddkInitImage: n1\n'),
    ({IMAGE: "n1"}, "spec:\n  settings:\n    a: |\n      b", "spec:\n  settings:\n    vddkInitImage: n1\n    a: |\n      b"),
    ({IMAGE: "n1"}, "spec:\n  settings:\n    a: |-\n      b", "spec:\n  settings:\n    a: |-\n      b\n    vddkInitImage: n1"),
    ({IMAGE: "n1"}, "spec:\n  settings:\n    a: |+\n      b\n\n  z: 1\n", "spec:\n  settings:\n    a: |+\n      b\n\n    vddkInitImage: n1\n  z: 1\n"),
    ({IMAGE: "n1"}, "spec:\n  settings:\n    a: [b,\n      c] # d\n  z: 1\n", "spec:\n  settings:\n    a: [b,\n      c] # d\n    vddkInitImage: n1\n  z: 1\n"),
    ({IMAGE: "n1"}, "settings: {x: 1}\nspec:\n  other:\n    settings:\n      vddkInitImage: a\n", "settings: {x: 1}\nspec:\n  other:\n    settings:\n      vddkInitImage: a\n  settings:\n    vddkInitImage: n1\n"),
]  # fmt: skip


@pytest.mark.parametrize(("edits", "before", "after"), INSERTS)
@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_a_missing_key_goes_below_its_siblings(
    edits: dict[str, str], before: str, after: str, eol: str
) -> None:
    before, after = (dedent(text).replace("\n", eol) for text in (before, after))

    assert edited(before, dict(edits)) == after


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("spec.a", "spec:\n  # about a\n  a: 1 # of a\n  # about b\n  b: 2\n", "spec:\n  # about a\n  # about b\n  b: 2\n"),
        ("spec.b", "spec:\n  a: 1\n  b: 2", "spec:\n  a: 1\n"),
        ("spec.a", "spec:\n  a: |\n    x\n\n    y\n\n  # about b\n  b: 2\n", "spec:\n\n  # about b\n  b: 2\n"),
        ("spec.a", "spec:\n  a: |+\n    x\n\n  b: 2\n", "spec:\n  b: 2\n"),
        ("spec.a", "spec:\n  a: one\n    two\n  b: 2\n", "spec:\n  b: 2\n"),
        ("spec.a", "spec:\n  a:\n    x: [1,\n      2] # c\n  b: 2\n", "spec:\n  b: 2\n"),
        ("spec.a", "spec: # s\n  # about a\n  a: 1\n# end\n", "spec: {} # s\n  # about a\n# end\n"),
        ("spec.a", "spec: &s # s\n  a: 1\n", "spec: &s {} # s\n"),
        ("spec.a", "spec:\n  b:\n    a: 1\n", "spec:\n  b:\n    a: 1\n"),
        ("spec.a", "spec:\n  a: ~\n", "spec:\n  a: ~\n"),
        ("spec.a", "spec:\n", "spec:\n"),
        ("spec.a.b", "x: 1\n", "x: 1\n"),
    ],
)  # fmt: skip
def test_a_key_goes_with_its_lines(path: str, before: str, after: str) -> None:
    assert edited(before, {path: None}) == after
