"""The parser's complaints in plain words."""

from __future__ import annotations

from typing import Any

_TAB = "a tab is used for indentation; YAML takes spaces only"
_TAG = 'text that starts with "!" must be in quotes'
_OPEN_QUOTE = "the quote that opens here never closes"

_AT_PROBLEM = {
    "mapping values are not allowed in this context": (
        'a ":" is not expected here: the line is indented too far, or text with ": " in it is not in quotes'
    ),
    "block sequence entries are not allowed in this context": 'a list item ("- …") is not expected here',
    "did not find expected '-' indicator": 'expected another list item ("- …") at this indentation',
    "did not find expected key": "expected a key: the indentation does not fit the lines above",
    "did not find expected <document start>": "nothing may follow the end of the document",
    "found a tab character where an indentation space is expected": _TAB,
    "found a tab character that violates indentation": _TAB,
    "found unexpected ':'": 'between { } and [ ] a space is missing after ":", or quotes around text with it',
    "found undefined tag handle": _TAG,
    "mapping keys are not allowed in this context": 'text that starts with "? " must be in quotes',
    "did not find expected node content": "a value is expected here",
    "found incompatible YAML document": "expected YAML 1.2; leave the %YAML line out",
    "did not find expected hexdecimal number": "this escape is no character",
    "found invalid Unicode character escape code": "this escape is no character",
    "found unknown escape character": 'no such escape in double quotes; write \\\\ for "\\", or use single quotes',
    "did not find expected comment or line break": 'after "|" or ">" the text starts on the next line',
}
"""Shown where the parser stopped."""

_AT_CONTEXT = {
    ("while parsing a flow sequence", "did not find expected ',' or ']'"): (
        'the list that opens here lacks a "," or its "]"'
    ),
    ("while parsing a flow mapping", "did not find expected ',' or '}'"): (
        'the mapping that opens here lacks a "," or its "}"'
    ),
    ("while scanning a simple key", "could not find expected ':'"): 'expected ":" after this key',
    ("while scanning an alias", "did not find expected alphabetic or numeric character"): (
        'text that starts with "*" must be in quotes'
    ),
    ("while scanning an anchor", "did not find expected alphabetic or numeric character"): (
        'text that starts with "&" must be in quotes'
    ),
}
"""Shown where the thing that the parser was reading starts."""

_ANY_PROBLEM = {
    "while scanning a tag": _TAG,
    "while parsing a tag": _TAG,
    "while scanning a directive": 'text that starts with "%" must be in quotes',
    "while scanning a quoted scalar": _OPEN_QUOTE,
}
"""Shown where the thing starts, whatever is wrong with it."""


def in_plain_words(error: Any, text: str) -> tuple[int, str]:
    """Where a ``ruamel.yaml.error.YAMLError`` is to be shown, and what it says."""
    problem: str = getattr(error, "problem", None) or "it cannot be read"
    context: str = getattr(error, "context", None) or ""
    at = _index(error, "problem_mark", text) or 0
    start = _index(error, "context_mark", text)
    if (context, problem) in _AT_CONTEXT:
        return at if start is None else start, _AT_CONTEXT[context, problem]
    if problem == "found character that cannot start any token" and at < len(text):
        return at, _TAB if text[at] == "\t" else f'text that starts with "{text[at]}" must be in quotes'
    if problem in _AT_PROBLEM:
        return at, _AT_PROBLEM[problem]
    if context in _ANY_PROBLEM:
        return at if start is None else start, _ANY_PROBLEM[context]
    return at, f"this is not YAML: {f'{context}: ' if context else ''}{problem}"


def _index(error: Any, name: str, text: str) -> int | None:
    mark = getattr(error, name, None)
    return min(int(mark.index), len(text)) if mark else None
