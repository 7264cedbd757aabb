"""Schemas of ForkliftControllers, in each form that servers give."""

from __future__ import annotations

from typing import Any

import pytest

from vddkctl.doctor.kinds import _knows

KEEPS = {"x-kubernetes-preserve-unknown-fields": True}


@pytest.mark.parametrize(
    ("schema", "knows"),
    [
        ({"properties": {"spec": {"properties": {"vddk_image": {}}}}}, True),
        ({"properties": {"spec": {"properties": {"feature_ui": {}}}}}, False),
        ({"properties": {"spec": {"properties": {"feature_ui": {}}, **KEEPS}}}, True),
        ({"properties": {"spec": {"properties": {"feature_ui": {}}}}, **KEEPS}, True),
        ({"properties": {"spec": {"type": "object"}}}, True),
        ({"type": "object"}, True),
    ],
)
def test_the_field_is_kept_where_it_is_known_or_all_are(schema: dict[str, Any], knows: bool) -> None:
    assert _knows(schema) is knows
