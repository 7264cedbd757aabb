"""``python -m scripts.write_schemas FOLDER`` writes the JSON Schemas of a spec and of a plan, as the code has them.

This reads docstrings out of sources. What is installed has the written files instead, and needs neither.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from scripts.plan_schema import plan_schema
from scripts.site_schema import site_schema


def schemas() -> dict[str, str]:
    """Each file's text by its name."""
    made = {"site.schema.json": site_schema(), "plan.schema.json": plan_schema()}
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in made.items()}


def main(folder: Path) -> None:
    """Write them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
