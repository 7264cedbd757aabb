"""The JSON of a report: what ``--output json`` prints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def json_text(data: Mapping[str, Any]) -> str:
    """The data as a file has it."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
