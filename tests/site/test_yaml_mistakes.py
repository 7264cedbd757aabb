"""What is wrong with the YAML itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

WHOLE = [
    pytest.param(
        "",
        ["1:1: the spec is empty; vddkctl init writes one to start from"],
        id="empty",
    ),
    pytest.param(
        """\
# nothing
""",
        ["1:1: the spec is empty; vddkctl init writes one to start from"],
        id="comments only",
    ),
    pytest.param(
        "~",
        ["1:1: the spec is empty; vddkctl init writes one to start from"],
        id="null",
    ),
    pytest.param(
        """\
- a
""",
        ["1:1: expected a mapping with apiVersion, kind and metadata, got a list"],
        id="list",
    ),
    pytest.param(
        "site",
        ["1:1: expected a mapping with apiVersion, kind and metadata, got text"],
        id="text",
    ),
    pytest.param(
        "5",
        ["1:1: expected a mapping with apiVersion, kind and metadata, got a number"],
        id="number",
    ),
    pytest.param(
        "kind:\n\tname: x\n",
        ["2:1: a tab is used for indentation; YAML takes spaces only"],
        id="tab",
    ),
    pytest.param(
        """\
a: [1,
b: 2
""",
        ['1:4: the list that opens here lacks a "," or its "]"'],
        id="unclosed list",
    ),
    pytest.param(
        """\
a: {b: 1
c: 2
""",
        ['1:4: the mapping that opens here lacks a "," or its "}"'],
        id="unclosed mapping",
    ),
    pytest.param(
        """\
a: 'b
c: 2
""",
        ["1:4: the quote that opens here never closes"],
        id="unclosed quote",
    ),
    pytest.param(
        """\
a: b: c
""",
        [
            '1:5: a ":" is not expected here: the line is indented too far, or text with ": " in it is not in quotes'
        ],
        id="colon in text",
    ),
    pytest.param(
        """\
kind: Site
  metadata: {}
""",
        [
            '2:11: a ":" is not expected here: the line is indented too far, or text with ": " in it is not in quotes'
        ],
        id="indented too far",
    ),
    pytest.param(
        """\
a:
    b: 1
  c: 2
""",
        ["3:3: expected a key: the indentation does not fit the lines above"],
        id="indentation between",
    ),
    pytest.param(
        """\
a:
  - b
  c: 1
""",
        ['3:3: expected another list item ("- …") at this indentation'],
        id="not a list item",
    ),
    pytest.param(
        """\
a: 1
- b
""",
        ["2:1: expected a key: the indentation does not fit the lines above"],
        id="list item in a mapping",
    ),
    pytest.param(
        """\
a: - b
""",
        ['1:4: a list item ("- …") is not expected here'],
        id="list item after key",
    ),
    pytest.param(
        """\
kind: Site
metadata
images: {}
""",
        ['2:1: expected ":" after this key'],
        id="no colon",
    ),
    pytest.param(
        """\
a: %x
""",
        ['1:4: text that starts with "%" must be in quotes'],
        id="percent",
    ),
    pytest.param(
        """\
a: @x
""",
        ['1:4: text that starts with "@" must be in quotes'],
        id="at",
    ),
    pytest.param(
        """\
*: 1
""",
        ['1:1: text that starts with "*" must be in quotes'],
        id="star",
    ),
    pytest.param(
        """\
a: & b
""",
        ['1:4: text that starts with "&" must be in quotes'],
        id="ampersand",
    ),
    pytest.param(
        """\
a: !x!y z
""",
        ['1:4: text that starts with "!" must be in quotes'],
        id="exclamation",
    ),
    pytest.param(
        """\
a: {b: c:}
""",
        ['1:9: between { } and [ ] a space is missing after ":", or quotes around text with it'],
        id="colon in flow",
    ),
    pytest.param(
        """\
a: {? : ,}}
""",
        ["1:11: expected a key: the indentation does not fit the lines above"],
        id="question mark in flow",
    ),
    pytest.param(
        'a: "\\d"\n',
        ['1:5: no such escape in double quotes; write \\\\ for "\\", or use single quotes'],
        id="bad escape",
    ),
    pytest.param(
        'a: "\\ud800"\n',
        ["1:7: this escape is no character"],
        id="bad unicode escape",
    ),
    pytest.param(
        "a: b\x07\n",
        ["1:5: U+0007 is not a character that YAML may hold"],
        id="control character",
    ),
    pytest.param(
        "a: \ud800\n",
        ["1:4: U+D800 is not a character that YAML may hold"],
        id="lone surrogate",
    ),
    pytest.param(
        """\
a: 1]
{b}}
""",
        ['2:1: expected ":" after this key'],
        id="closing bracket",
    ),
    pytest.param(
        """\
a: |x
""",
        ['1:5: after "|" or ">" the text starts on the next line'],
        id="text after block mark",
    ),
    pytest.param(
        "\ufeffa: b: c\n",
        [
            '1:5: a ":" is not expected here: the line is indented too far, or text with ": " in it is not in quotes'
        ],
        id="byte order mark",
    ),
    pytest.param(
        "a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        ["1:43: nested more than 40 levels deep"],
        id="too deep",
    ),
    pytest.param(
        """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {name: a}
---
kind: Site
""",
        ["4:1: a second document starts here; a spec is one"],
        id="two documents",
    ),
    pytest.param(
        "# \u2028\na: b: c\n",
        [
            '2:5: a ":" is not expected here: the line is indented too far, or text with ": " in it is not in quotes'
        ],
        id="line separator",
    ),
    pytest.param(
        """\
a: !x%zz b
""",
        ['1:4: text that starts with "!" must be in quotes'],
        id="tag characters",
    ),
    pytest.param(
        """\
%foo bar
""",
        ['1:1: text that starts with "%" must be in quotes'],
        id="directive",
    ),
    pytest.param(
        """\
a: 'b
---
c: 1
""",
        ["1:4: the quote that opens here never closes"],
        id="document end in a quote",
    ),
    pytest.param(
        """\
a: b
b: - ? x
""",
        ['2:4: a list item ("- …") is not expected here'],
        id="question mark key",
    ),
    pytest.param(
        """\
a: ]
""",
        ["1:4: a value is expected here"],
        id="no value",
    ),
    pytest.param(
        """\
%YAML 9.9
---
""",
        ["1:1: expected YAML 1.2; leave the %YAML line out"],
        id="version",
    ),
    pytest.param(
        'a: "\\xg"\n',
        ["1:7: this escape is no character"],
        id="hex escape",
    ),
    pytest.param(
        "*x",
        ['1:1: no anchor above has this name; text that starts with "*" must be in quotes'],
        id="alone alias",
    ),
    pytest.param(
        "!x {}",
        ['1:1: this tag means nothing here; text that starts with "!" must be in quotes'],
        id="tagged root",
    ),
    pytest.param(
        "a: `x`",
        ['1:4: text that starts with "`" must be in quotes'],
        id="syntax message with fallback",
    ),
]


@pytest.mark.parametrize(("text", "expected"), WHOLE)
def test_mistakes_in_a_whole_spec(
    text: str, expected: list[str], mistakes: Callable[[str], list[str]]
) -> None:
    assert mistakes(text) == expected
