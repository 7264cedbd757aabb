from __future__ import annotations

from collections.abc import Callable

import pytest

from vddkctl.site.diagnostic import SpecError
from vddkctl.site.load import load

HEAD = """\
apiVersion: vddkctl.dev/v1alpha1
kind: Site
metadata: {name: site}
"""

Mistakes = Callable[[str], list[str]]


@pytest.fixture
def mistakes() -> Mistakes:
    """What is wrong with a spec, line by line, without the file's name: ``4:5: unknown key …``."""

    def of(text: str) -> list[str]:
        try:
            load(text, "s")
        except SpecError as error:
            return [str(diagnostic).removeprefix("s:") for diagnostic in error.diagnostics]
        return []

    return of


@pytest.fixture
def body_mistakes(mistakes: Mistakes) -> Mistakes:
    """The same for what follows three right lines: the body starts on line 4."""
    return lambda body: mistakes(HEAD + body)
