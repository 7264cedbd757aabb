"""What the models cannot say: how the parts of a spec fit together.

Every check takes the plain data, of which any part may be wrong, and leaves what is of the wrong type to the models.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vddkctl.site.mistake import Mistake


def cross_check(data: dict[str, Any]) -> Iterator[Mistake]:
    """All mistakes of this kind."""
    from vddkctl.site.checks.drift import check_drift
    from vddkctl.site.checks.images import check_images
    from vddkctl.site.checks.places import check_cluster, check_registries
    from vddkctl.site.checks.providers import check_controller, check_providers

    for check in (
        check_cluster, check_registries, check_images, check_controller, check_providers, check_drift,
    ):  # fmt: skip
        yield from check(data)
