"""The name of a site, by the looks of a spec that is broken."""

from __future__ import annotations

import pytest

from vddkctl.site.glimpse import name_in


@pytest.mark.parametrize(
    "text",
    [
        "metadata: {name: demo}\n",
        "kind: Site\nmetadata:\n  name: demo\n",
        "metadata:   # of the site\n\n# name: other\n  # name: other\n  labels: {a: b}\n  name: 'demo'  # name: x\nx: [",
        'metadata: {labels: {}, "name": "demo"',
        '\ufeff"metadata":\r\n\tname: demo\r\n',
        "images:\n  metadata: {name: other}\n  vddk:\n    name: other\nmetadata: {nickname: other, name: demo}",
    ],
)
def test_the_name_is_seen(text: str) -> None:
    assert name_in(text) == "demo"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "metadata:\nkind: Site\nspec:\n  name: other\n",
        "metadata: {nickname: other}\n",
        "name: other\n",
        "metadata: {name: }\n",
        "metadata: {name: a$b}\n",
        f"metadata: {{name: {'a' * 300}}}\n",
        "metadata: [\n" + " " * 100_000 + "\n" * 100_000 + "  name: late",
    ],
)
def test_what_is_no_name_is_none(text: str) -> None:
    assert name_in(text) == ""
