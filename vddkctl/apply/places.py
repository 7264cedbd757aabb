"""Where a saved plan leads to."""

from __future__ import annotations

import json
from pathlib import Path

from vddkctl.errors import PlanFileError
from vddkctl.places import Places
from vddkctl.plan.model import Plan
from vddkctl.progress import Progress
from vddkctl.site.model import RegistrySettings


def places_of(plan: Plan, folder: Path, progress: Progress) -> Places:
    """The places of a plan, whose paths start from ``folder``. Raises PlanFileError."""
    settings = {host: _settings(host, said) for host, said in plan.location.registries.items()}
    return Places(folder, registries=settings, progress=progress)


def _settings(host: str, said: object) -> RegistrySettings:
    try:
        return RegistrySettings.model_validate_json(json.dumps(said))
    except ValueError:
        raise PlanFileError(
            f"the plan's part about the registry {host} is not what vddkctl wrote",
            hint="make a new plan with: vddkctl plan",
        ) from None
