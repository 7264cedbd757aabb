"""The spec that people start from."""

from __future__ import annotations

import re

from vddkctl.site.load import load
from vddkctl.site.starter import starter


def test_the_starter_has_no_mistakes_and_sets_the_controller_from_an_image() -> None:
    site = load(starter(), "site.yaml").site
    assert site.controller.vddk_image in site.images
    assert site.cluster.manifests == "./gitops"


def test_editors_find_the_schema() -> None:
    assert starter().splitlines()[0] == "# yaml-language-server: $schema=./site.schema.json"


def test_the_commented_out_examples_are_right_too() -> None:
    text = starter().replace("  # namespace:", "  namespace:").replace("    # platforms:", "    platforms:")
    examples = re.search(r"^# providers:\n(?:#.*\n)+", text, flags=re.MULTILINE)
    assert examples is not None
    text = text.replace(examples[0], re.sub("^# ", "", examples[0], flags=re.MULTILINE))
    site = load(text, "site.yaml").site
    assert list(site.providers) == ["vsphere-prod", "vsphere-test", "vsphere-plain", "edge-*"]
    assert site.cluster.namespace == "openshift-mtv"
    assert site.images["vddk-8"].model_fields_set >= {"platforms"}


def test_every_line_fits_a_screen() -> None:
    assert max(map(len, starter().splitlines())) <= 120
