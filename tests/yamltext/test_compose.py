"""Nodes with their places, aliases with their targets, and words inside flow style that hold colons."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vddkctl.yamltext.compose import YamlError, compose
from vddkctl.yamltext.nodes import Alias, Mapping, Node, Scalar, Sequence, resolved, walk


def shown(text: str, node: Node) -> str:
    """The node's text, its anchor, tag and style in front of it."""
    if isinstance(node, Alias):
        return f"*{node.name} {text[node.start : node.end]!r}"
    style = node.style if isinstance(node, Scalar) else "flow" if node.flow else "block"
    marks = [part for part in (node.anchor, node.tag, style) if part]
    return " ".join([*marks, repr(text[node.start : node.end])])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# c\na: 1  # d\n", ["block 'a: 1  # d\\n'", "'a'", "'1'"]),
        ("[😀, 'b', \"c\"]", ["flow '[😀, \\'b\\', \"c\"]'", "'😀'", "' \"'b'\"", "\" '\"c\"'"]),
        ("- &x !!str a\n- *x\n", ["block '- &x !!str a\\n- *x\\n'", "x tag:yaml.org,2002:str '&x !!str a'", "*x '*x'"]),
        ("{a: }", ["flow '{a: }'", "'a'", "''"]),
        ("a: |\n  b\nc: >\n  d", ["block 'a: |\\n  b\\nc: >\\n  d'", "'a'", "| '|\\n  b\\n'", "'c'", "> '>\\n  d'"]),
        ("{k: h.x:1/a?b, 'l':m}", ["flow \"{k: h.x:1/a?b, 'l':m}\"", "'k'", "'h.x:1/a?b'", "' \"'l'\"", "'m'"]),
    ],
)  # fmt: skip
def test_every_node_knows_its_place(text: str, expected: list[str]) -> None:
    root = compose(text, 9).root

    assert root
    assert [shown(text, node) for node in walk(root)] == expected


def test_only_what_has_neither_quotes_nor_tag_is_plain() -> None:
    root = compose("[a, 'a', \"a\", !!str a, ! a]", 9).root

    assert isinstance(root, Sequence)
    assert [isinstance(item, Scalar) and item.plain for item in root.items] == [True] + [False] * 4


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_a_text_without_a_document_has_no_root(text: str) -> None:
    assert compose(text, 9).root is None


def test_nothing_behind_the_first_document_is_read() -> None:
    tree = compose("a\n--- b\n--- [\n", 9)

    assert isinstance(tree.root, Scalar)
    assert (tree.root.value, tree.second) == ("a", 2)


def test_an_alias_stands_for_the_last_anchor_above_it() -> None:
    tree = compose("[&x 1, *x, &x 2, *x]", 9)

    assert isinstance(tree.root, Sequence)
    first, one, second, two = tree.root.items
    assert [resolved(one), resolved(two)] == [first, second]
    assert tree.aliases == (one, two)
    assert [alias.parent for alias in tree.aliases] == [tree.root] * 2


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[*x, &x 1]", 'no anchor above has this name; text that starts with "*" must be in quotes'),
        ("&x [*x]", "this alias stands inside what it refers to"),
        ("&x {a: {b: *x}}", "this alias stands inside what it refers to"),
        ("[&x 1, *x]", ""),
    ],
)
def test_an_alias_without_meaning_says_why(text: str, fault: str) -> None:
    (alias,) = compose(text, 9).aliases

    assert alias.fault == fault
    assert isinstance(alias.target, Scalar)
    assert alias.target.value == ("" if fault else "1")


@pytest.mark.parametrize(("depth", "deepest"), [(1, "[a]"), (3, "{a: [[b]]}")])
def test_nesting_is_bounded(depth: int, deepest: str) -> None:
    assert compose(deepest, depth).root

    with pytest.raises(YamlError, match=rf"^nested more than {depth} levels deep$") as caught:
        compose(f"- {deepest}", depth)

    assert caught.value.at == 2 + deepest.rindex("[")


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("a: b\x07", 4, "U+0007 is not a character that YAML may hold"),
        ("{a: b:c, d: \ud800", 12, "U+D800 is not a character that YAML may hold"),
        ("{a: h.x:1, b: @c}", 14, 'text that starts with "@" must be in quotes'),
        ("{a: h.x:1, b: [c}", 14, 'the list that opens here lacks a "," or its "]"'),
        ("{a:}", 2, 'between { } and [ ] a space is missing after ":", or quotes around text with it'),
        ("{a: 'b'c}", 0, 'the mapping that opens here lacks a "," or its "}"'),
    ],
)  # fmt: skip
def test_a_mistake_is_shown_where_it_is(text: str, at: int, message: str) -> None:
    with pytest.raises(YamlError) as caught:
        compose(text, 9)

    assert (caught.value.at, caught.value.message) == (at, message)


WORDS = ("h.x:5/a", "a:b:c", "::1", "a?b", "what?", "https://a/b?c=1:2", "-a:b", "a#b:c", "é:😀", "x")
FLOW = st.recursive(
    st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=12,
)


def written(data: object) -> str:
    if isinstance(data, dict):
        return "{" + ", ".join(f"{key}: {written(value)}" for key, value in data.items()) + "}"
    return f"[{', '.join(map(written, data))}]" if isinstance(data, list) else str(data)


def meaning(node: Node) -> object:
    if isinstance(node, Mapping):
        return {meaning(key): meaning(value) for key, value in node.pairs}
    if isinstance(node, Sequence):
        return [meaning(item) for item in node.items]
    return node.value if isinstance(node, Scalar) else None


@given(FLOW)
def test_words_with_colons_need_no_quotes_in_flow_style(data: object) -> None:
    text = f"a:b: {written(data)}  # c:d\n'e:f': !<tag:yaml.org,2002:str> g:h\n"
    root = compose(text, 20).root

    assert root
    assert meaning(root) == {"a:b": data, "e:f": "g:h"}
    for node in walk(root):
        if isinstance(node, Scalar) and node.plain:
            assert text[node.start : node.end] == node.value
