"""Keys, aliases, merge keys and tags."""

from __future__ import annotations

from collections.abc import Callable

import pytest

BODIES = [
    pytest.param(
        """\
policy: {}
policy: {}
""",
        ['5:1: key "policy" stands twice; first at 4:1'],
        id="duplicate at top",
    ),
    pytest.param(
        """\
policy:
  pin: tag
  pin: digest
""",
        ['6:3: key "pin" stands twice under policy; first at 5:3'],
        id="duplicate below",
    ),
    pytest.param(
        """\
policy: {pin: tag, pin: tag, pin: tag}
""",
        [
            '4:20: key "pin" stands twice under policy; first at 4:10',
            '4:30: key "pin" stands twice under policy; first at 4:10',
        ],
        id="triplicate",
    ),
    pytest.param(
        """\
registries:
  5000: {}
""",
        ['5:3: keys are text; write "5000" in quotes'],
        id="number key",
    ),
    pytest.param(
        """\
registries: {~: {}}
""",
        [
            "4:14: expected a registry's host, or host:port, without scheme and path",
            '4:14: keys are text; write "~" in quotes',
        ],
        id="null key",
    ),
    pytest.param(
        """\
registries: {: {}}
""",
        ["4:14: a value is expected here"],
        id="no key",
    ),
    pytest.param(
        """\
providers: {true: {}}
""",
        ['4:13: keys are text; write "true" in quotes'],
        id="true key",
    ),
    pytest.param(
        """\
? [a]
: 1
""",
        ["4:3: a list stands where a key is expected"],
        id="list key",
    ),
    pytest.param(
        """\
providers: {{x}: {}}
""",
        ["4:13: a mapping stands where a key is expected"],
        id="mapping key",
    ),
    pytest.param(
        """\
providers: {a: *setings, b: &settings {aio: true}}
""",
        ['4:16: no anchor above has this name; text that starts with "*" must be in quotes'],
        id="unknown alias",
    ),
    pytest.param(
        """\
providers: {b: &settings {aio: true}, a: *setings}
""",
        [
            '4:42: no anchor above has this name; text that starts with "*" must be in quotes; did you mean "settings"?'
        ],
        id="near alias",
    ),
    pytest.param(
        """\
providers:
  *-prod: {aio: true}
""",
        ['5:3: no anchor above has this name; text that starts with "*" must be in quotes'],
        id="unquoted rule",
    ),
    pytest.param(
        """\
providers: {a: &a {create: *a}}
""",
        ["4:28: this alias stands inside what it refers to"],
        id="recursive",
    ),
    pytest.param(
        """\
providers: {a: &a {<<: *a}}
""",
        ["4:24: this alias stands inside what it refers to"],
        id="recursive merge",
    ),
    pytest.param(
        """\
providers: {a: {<<: x}}
""",
        ['4:21: "<<" takes the alias of a mapping, or a list of them'],
        id="merge text",
    ),
    pytest.param(
        """\
providers: {a: &a {}, b: {<<: *a, <<: *a}}
""",
        ['4:35: key "<<" stands twice under providers.b; first at 4:27'],
        id="merge twice",
    ),
    pytest.param(
        """\
providers:
  a: &a {aio: 5}
  b: *a
""",
        [
            "5:15: expected true, false or null, got a number 5",
            "6:6: expected true, false or null, got a number 5",
        ],
        id="wrong behind alias",
    ),
    pytest.param(
        """\
providers:
  a: &a {aio: 5}
  b: {<<: *a, buffers: big}
""",
        [
            "5:15: expected true, false or null, got a number 5",
            "6:11: expected true, false or null, got a number 5",
            '6:24: expected a preset (small, medium, large, xlarge), null, or {sizeIn64K, count}, got "big"',
        ],
        id="wrong behind merge",
    ),
    pytest.param(
        """\
providers:
  a: &a {aio: true, aio: true}
  b: *a
""",
        ['5:21: key "aio" stands twice under providers.a; first at 5:10'],
        id="duplicate behind alias",
    ),
    pytest.param(
        """\
policy: !vault {}
""",
        ['4:9: this tag means nothing here; text that starts with "!" must be in quotes'],
        id="tag",
    ),
    pytest.param(
        """\
policy: {pin: !x digest}
""",
        ['4:15: this tag means nothing here; text that starts with "!" must be in quotes'],
        id="tagged text",
    ),
    pytest.param(
        """\
providers: {a: {aio: !!bool 5}}
""",
        ['4:22: this tag means nothing here; text that starts with "!" must be in quotes'],
        id="tag that does not fit",
    ),
]


@pytest.mark.parametrize(("body", "expected"), BODIES)
def test_mistakes_below_the_head(
    body: str, expected: list[str], body_mistakes: Callable[[str], list[str]]
) -> None:
    assert body_mistakes(body) == expected
