"""What is seen in a folder of manifests, and what is left alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from vddkctl.cluster.base import Cluster, Wanted
from vddkctl.cluster.folder import ManifestFolder
from vddkctl.cluster.manifest_files import list_manifests
from vddkctl.errors import ManifestError

CONTROLLER = """\
apiVersion: forklift.konveyor.io/v1beta1
kind: ForkliftController
metadata:
  name: forklift-controller
  namespace: konveyor-forklift
spec:
  feature_ui_plugin: "true"
  vddk_image: quay.io/a/vddk:8
"""
PROVIDER = """\
apiVersion: forklift.konveyor.io/v1beta1
kind: Provider
metadata: {name: NAME}
spec:
  type: vsphere
  settings:
    # the image
    vddkInitImage: quay.io/b/vddk:8
    useVddkAioOptimization: true
"""


def provider(name: str) -> str:
    return PROVIDER.replace("NAME", name)


def names(place: Any) -> list[str]:
    return [item.key.name for item in place.state().providers]


def test_objects_are_found_with_their_place_and_their_fields_places(place: Any) -> None:
    place.put("# all of it\n---\n" + CONTROLLER + "--- # next\n" + provider("one"), "sites/all.yaml")

    state = place.state()

    (controller,), (one,) = state.controllers, state.providers
    assert state.namespace == "konveyor-forklift"
    assert controller.key.address == "controller.konveyor-forklift/forklift-controller"
    assert one.key.address == "provider.konveyor-forklift/one"
    assert (controller.where, one.where) == ("sites/all.yaml:3", "sites/all.yaml:12")
    assert controller.owners["spec.vddk_image"].where == "sites/all.yaml:10"
    assert {path: owner.where for path, owner in one.owners.items()} == {
        "spec.settings.vddkInitImage": "sites/all.yaml:19",
        "spec.settings.useVddkAioOptimization": "sites/all.yaml:20",
    }
    assert one.spec == {
        "type": "vsphere",
        "settings": {"vddkInitImage": "quay.io/b/vddk:8", "useVddkAioOptimization": True},
    }


@pytest.mark.parametrize(
    ("given", "controllers", "expected"),
    [
        ("mine", [CONTROLLER], "mine"),
        (None, [CONTROLLER], "konveyor-forklift"),
        (None, [CONTROLLER.replace("  namespace: konveyor-forklift\n", "")], "openshift-mtv"),
        (
            None,
            [CONTROLLER, CONTROLLER.replace("namespace: konveyor-forklift", "namespace: b")],
            "openshift-mtv",
        ),
        (None, [], "openshift-mtv"),
    ],
)
def test_the_namespace_that_forklift_lives_in(
    place: Any, given: str | None, controllers: list[str], expected: str
) -> None:
    place.put("---\n".join([*controllers, provider("p")]))

    state = place.cluster.observe(Wanted(given))

    assert state.namespace == expected
    assert state.providers[0].key.namespace == expected


def test_items_of_a_list_and_json_files_count(place: Any) -> None:
    indented = provider("listed").replace("\n", "\n  ").rstrip()
    place.put(f"apiVersion: v1\nkind: List\nitems:\n- kind: Secret\n- {indented}\n")
    place.put(
        '{"apiVersion": "forklift.konveyor.io/v1beta1", "kind": "Provider", "metadata": {"name": "json\\ud83d\\ude00"}}',
        "j.json",
    )

    assert names(place) == ["json😀", "listed"]
    assert place.live("listed").where == "p.yaml:5"


def test_values_are_what_kubernetes_reads(place: Any) -> None:
    text = (
        provider("p").replace("true", "on")
        + "    a: !!str 1\n    b: 0o17\n    c: 1.5\n    d: ~\n    e: &x 2024-01-01\n    f: *x\n    g: 017\n"
    )
    place.put(text)

    assert dict(place.live("p").spec["settings"]) == {
        "vddkInitImage": "quay.io/b/vddk:8", "useVddkAioOptimization": True,
        "a": "1", "b": 15, "c": 1.5, "d": None, "e": "2024-01-01", "f": "2024-01-01", "g": 15,
    }  # fmt: skip


def test_merged_settings_are_seen_and_their_place_is_told(place: Any) -> None:
    place.put(
        "common: &c\n  vddkInitImage: old\n  x: 1\n"
        + provider("p").replace("    # the image\n", "    <<: *c\n")
    )

    live = place.live("p")

    assert live.spec["settings"] == {
        "vddkInitImage": "quay.io/b/vddk:8",
        "useVddkAioOptimization": True,
        "x": 1,
    }
    assert live.owners["spec.settings.x"].where == "p.yaml:3"


def test_the_version_follows_the_content_and_not_the_formatting(place: Any) -> None:
    place.put(provider("p"))
    first = place.live("p").resource_version
    place.put("# new comment\n" + provider("p").replace("type: vsphere", "type:   'vsphere'"))
    assert place.live("p").resource_version == first

    place.put(provider("p").replace("true", '"true"'))

    assert place.live("p").resource_version != first


@pytest.mark.parametrize(
    "text",
    [
        "{{ if .Values.x }}\nkind: Secret\n{{ end }}\n",
        "{{ template }}\n# a Provider of forklift.konveyor.io\n",
        "a: [\n",
        "apiVersion: forklift.konveyor.io/v1beta1\nkind: Plan\nspec: {{ x }}\n",
        "apiVersion: other.io/v1\nkind: Provider\n",
        "- forklift.konveyor.io\n- Provider\n",
        "%YAML 1.1\n---\na: forklift.konveyor.io/Provider\n...\n# end\n",
        "\x00\x01\n",
    ],
)
def test_other_things_in_the_folder_are_left_alone(place: Any, text: str) -> None:
    place.put(text + "---\n" + provider("p"), "a.yaml")
    place.put(text, "b.yaml")

    assert names(place) == ["p"]


def test_only_manifests_outside_of_dot_folders_are_read(place: Any) -> None:
    for name in (
        "a.yml",
        "sub/b.yaml",
        ".git/c.yaml",
        ".vddkctl/d.yaml",
        "e.yaml.bak",
        "f.txt",
        "sub/.g/h.yaml",
    ):
        place.put(provider(name.replace("/", "-").replace(".", "-").strip("-")), name)
    os.mkfifo(place.path / "fifo.yaml")

    assert names(place) == ["a-yml", "sub-b-yaml"]


def test_links_inside_count_once_and_links_that_leave_are_not_followed(place: Any, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.yaml").write_text(provider("outside"))
    place.put(provider("one"), "real/one.yaml")
    place.put(provider("hidden"), "..data/two.yaml")  # how Kubernetes lays out a mounted ConfigMap
    for name, target in {
        "again.yaml": "real/one.yaml", "folder": "real", "loop": ".", "two.yaml": "..data/two.yaml",
        "gone.yaml": "nowhere", "self.yaml": "self.yaml", "left.yaml": "../outside/x.yaml", "left": "../outside",
        "up": "..",
    }.items():  # fmt: skip
        (place.path / name).symlink_to(target)

    assert names(place) == ["hidden", "one"]
    assert place.live("one").where == "real/one.yaml:1"
    assert list_manifests(place.path).leaving == ("left", "left.yaml", "up")


YAML = PROVIDER.replace("NAME", "one").replace("useVddkAioOptimization: true", "number: NUMBER")
JSON = (
    '{"apiVersion": "forklift.konveyor.io/v1beta1", "kind": "Provider", "metadata": {"name": "one"},'
    ' "spec": {"settings": {"vddkInitImage": "x", "number": NUMBER}}}'
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (YAML, "0x" + "f" * 6000),
        (YAML, "0b" + "1" * 20000),
        *[(text, n) for text in (YAML, JSON) for n in ("-" + "9" * 6000, "9" * 6000 + ".5", "1e999")],
    ],
    ids=lambda value: str(len(value)),
)
def test_a_number_beyond_all_measure_is_text(place: Any, text: str, number: str) -> None:
    file = place.put(text.replace("NUMBER", number), "p.json" if text is JSON else "p.yaml")
    assert place.live("one").spec["settings"]["number"] == number
    assert place.edit("one", {"spec.settings.vddkInitImage": "new"}) is None
    assert number in file.read_text()


def test_an_empty_folder_is_an_empty_state(place: Any) -> None:
    state = place.state()

    assert (state.namespace, state.controllers, state.providers) == ("openshift-mtv", (), ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (provider("p") + "---\n" + provider("p"), "p.yaml:11: Provider openshift-mtv/p is here and at p.yaml:1"),
        (
            provider("p") + "---\n" + provider("p").replace("name: p", "name: p, namespace: openshift-mtv"),
            "p.yaml:11: Provider openshift-mtv/p is here and at p.yaml:1",
        ),
        ("# 1\n---\n" + provider("p") + "  settings: again\n", 'p.yaml:12:3: the key "settings" is here a second time'),
        (provider("p") + "    a: b: c\n", "p.yaml:10:9: a \":\" is not expected here: the line is indented too far"),
        (provider("é😀").replace("vsphere", "\x01"), "p.yaml:5:9: U+0001 is not a character that YAML may hold"),
        (provider("p") + "    a: *x\n", "p.yaml:10:8: no anchor above has this name"),
        (provider("p") + "    a: &x [*x]\n", "p.yaml:10:12: this alias stands inside what it refers to"),
        (provider("p") + "    a: " + "[" * 200 + "]" * 200 + "\n", "p.yaml:10:105: nested more than 100 levels deep"),
        (provider("p").replace("{name: p}", "{}"), "p.yaml:1:1: this Provider has no name"),
        (provider("p").replace("name: p", "name: 12"), "p.yaml:1:1: this Provider has no name"),
        (provider("p").replace("name: p", "name: p, namespace: [a]"), "p.yaml:1:1: the namespace of Provider p is not text"),
        (provider("p").split("spec:")[0] + "spec: a\n", "p.yaml:1:1: the spec of Provider p is not a mapping"),
        (provider("p").replace("    #", "    <<: 1\n    #"), "p.yaml:7:9: a merge key (<<) takes a mapping"),
        (
            "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10) if i else 1}]\n" for i in range(9))
            + provider("p").replace("type: vsphere", "type: *a8"),
            "the aliases here stand for more than 1,000,000 values",
        ),
        (provider("p").encode() + b"# \xff\n", "p.yaml:10: this file is not UTF-8"),
        (provider("p").encode("utf-16"), "p.yaml: this file is not UTF-8"),
    ],
)  # fmt: skip
def test_a_manifest_that_cannot_be_understood_is_named(place: Any, text: str | bytes, message: str) -> None:
    place.put(text)

    with pytest.raises(ManifestError) as caught:
        place.state()

    assert message in str(caught.value).replace(f"{place.path}/", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,}', "1:9: this is not valid JSON: a key in double quotes is expected here"),
        ('{"a": tru}', "1:7: this is not valid JSON: a value is expected here"),
        ('{"a": "x', "this is not valid JSON: Unterminated string"),
        ('{"a" 1}', '1:6: this is not valid JSON: ":" is expected here'),
        ("[1 2]", '1:4: this is not valid JSON: "," is expected here'),
        ("{} {}", "1:4: this is not valid JSON: nothing more is expected"),
        ("[" * 200, "it is nested deeper than 100 levels"),
    ],
)
def test_json_that_is_none_is_named(place: Any, text: str, message: str) -> None:
    place.put(f'{{"apiVersion": "forklift.konveyor.io/v1", "kind": "Provider",\n"x": {text}', "p.json")
    with pytest.raises(ManifestError):
        place.state()
    from vddkctl.cluster.yaml_edit.parse_json import parse_json
    from vddkctl.cluster.yaml_edit.source import Source

    with pytest.raises(ManifestError) as caught:
        parse_json(Source(text))

    assert message in str(caught.value)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    for name, message in {
        "missing": "there is no such folder",
        "file": "this is a file, not a folder",
    }.items():
        cluster: Cluster = ManifestFolder(tmp_path / name, name)
        with pytest.raises(ManifestError, match=message) as caught:
            cluster.observe(Wanted())
        assert caught.value.where == str(tmp_path / name)
        assert caught.value.hint


def test_many_objects_in_one_file_are_all_seen(place: Any) -> None:
    place.put("---\n".join(provider(f"p{number:04}") for number in range(1000)))

    providers = place.state().providers

    assert len(providers) == 1000
    assert providers[999].where == "p.yaml:9991"
