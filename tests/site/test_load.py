"""What loading gives for a right spec, and what holds for every text."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vddkctl.site.diagnostic import Diagnostic, Position, SpecError
from vddkctl.site.load import load
from vddkctl.site.source import LoadedSite
from vddkctl.site.yaml_data import MAX_DEPTH, unfold
from vddkctl.yamltext.compose import compose
from vddkctl.yamltext.lines import Lines

WHOLE = (Path(__file__).parents[2] / "examples" / "full" / "site.yaml").read_text(encoding="utf-8")
HEAD = "apiVersion: vddkctl.dev/v1alpha1\nkind: Site\nmetadata: {name: site}\n"


def site(body: str) -> LoadedSite:
    return load(HEAD + body, "site.yaml")


def test_a_spec_that_uses_everything_loads() -> None:
    loaded = load(WHOLE, "site.yaml")
    assert loaded.site.metadata.name == "frankfurt"
    assert loaded.site.images["vddk-8"].tag == "8.0.1"
    assert loaded.site.images["vddk-8"].platforms == ("linux/amd64",)
    assert loaded.site.images["vddk-debug"].builder == "podman"
    assert loaded.site.providers["vsphere-prod"].buffers == "large"
    assert loaded.site.providers["vsphere-plain"].vddk_image == "inherit"
    assert list(loaded.site.providers)[-1] == "edge-*"
    assert loaded.site.policy.active_migrations == "refuse"


def test_positions_are_those_of_keys_and_values() -> None:
    source = load(WHOLE, "sites/site.yaml").source
    assert source.key("images", "vddk-8", "tag") == Position(20, 5)
    assert source.value("images", "vddk-8", "tag") == Position(20, 10)
    assert source.value("images", "vddk-8", "platforms", 0) == Position(21, 17)
    assert source.key("images", "vddk-8", "nothing", "here") == source.key("images", "vddk-8")
    assert source.at("controller", "vddkImage") == "sites/site.yaml:33"


def test_null_is_told_apart_from_a_key_that_is_left_out() -> None:
    said = site("providers: {a: {aio: null}}\ncontroller: {vddkImage: ~}\n").site
    assert said.providers["a"].manages("aio")
    assert not said.providers["a"].manages("buffers")
    assert said.controller.manages("vddk_image")
    assert not site("").site.controller.manages("vddk_image")


def test_an_empty_entry_exempts_a_provider_from_rules() -> None:
    assert (
        site("providers: {edge-7: {}, 'edge-*': {aio: true}}\n").site.providers["edge-7"].model_fields_set
        == set()
    )


def test_aliases_and_merge_keys_have_the_place_of_the_alias() -> None:
    loaded = site(
        """\
providers:
  a: &fast
    aio: true
    buffers: {sizeIn64K: 64, count: 4}
  b: *fast
  c:
    <<: *fast
    buffers: null
  d: {<<: [{aio: false}, *fast]}
"""
    )
    a, b, c, d = loaded.site.providers.values()
    assert a == b
    assert (c.aio, c.buffers) == (True, None)
    assert (d.aio, d.buffers) == (False, a.buffers)
    assert loaded.source.key("providers", "a", "aio") == Position(6, 5)
    assert loaded.source.key("providers", "b", "aio") == Position(8, 6)
    assert loaded.source.value("providers", "c", "aio") == Position(10, 9)
    assert loaded.source.key("providers", "c", "buffers") == Position(11, 5)
    assert loaded.source.key("providers", "d", "aio") == Position(12, 13)
    assert loaded.source.key("providers", "d", "buffers") == Position(12, 26)


SAME = [
    pytest.param("policy: {pin: tag}\n", "policy:\n    # why\n    pin: 'tag'\n", id="layout and comments"),
    pytest.param(
        "policy: {pin: tag, conflicts: take}\n", "policy: {conflicts: take, pin: tag}\n", id="order"
    ),
    pytest.param(
        "providers: {a: {aio: true}, b: {}}\n", "providers: {b: {}, a: {aio: True}}\n", id="exact names"
    ),
    pytest.param(
        "providers: {a: {aio: true}, b: {aio: true}}\n",
        "providers: {a: &x {aio: true}, b: *x}\n",
        id="aliases",
    ),
]
OTHER = [
    pytest.param("", "controller: {vddkImage: null}\n", id="null is not left out"),
    pytest.param("policy: {pin: tag}\n", "policy: {pin: digest}\n", id="a value"),
    pytest.param("providers: {a: {}}\n", "providers: {b: {}}\n", id="a name"),
    pytest.param(
        "providers: {'a*': {}, 'b*': {}}\n", "providers: {'b*': {}, 'a*': {}}\n", id="the order of rules"
    ),
]


@pytest.mark.parametrize(("one", "two"), SAME)
def test_the_digest_is_of_the_meaning(one: str, two: str) -> None:
    assert site(one).digest == site(two).digest


@pytest.mark.parametrize(("one", "two"), OTHER)
def test_another_meaning_has_another_digest(one: str, two: str) -> None:
    assert site(one).digest != site(two).digest


def test_the_digest_is_the_same_in_every_version() -> None:
    assert site("").digest == "sha256:d076ed7abf5a8efe4ea304b369f0eedb76cc0fa2b98bb6b75fcba2bca3f10cc9"


def test_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    windows = load("\ufeff" + WHOLE.replace("\n", "\r\n"), "site.yaml")
    assert windows == load(WHOLE, "site.yaml")


def test_a_thousand_providers_load() -> None:
    entry = "  vsphere-{}: {{aio: true, buffers: large, vddkImage: h.example/vddk:8}}\n"
    loaded = site("providers:\n" + "".join(entry.format(number) for number in range(1000)))
    assert len(loaded.site.providers) == 1000


FLOW = [
    "cluster: {manifests: ./what?/a:b}",
    "images: {v: {archive: {path: a:b}, repository: h.x:5000/v, tag: a, clusterRepository: h.x/v}}",
    "controller: {vddkImage: h.x/v@sha256:" + "0" * 64 + "}",
]


@pytest.mark.parametrize("body", FLOW, ids=["question mark", "port", "digest"])
def test_colons_need_no_quotes_between_braces(body: str) -> None:
    loaded = site(f"{body}\n")
    assert loaded.source.value(body.partition(":")[0]) == Position(4, body.index("{") + 1)


@pytest.mark.parametrize("opening", ["a0: &a0 {}\n", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"])
@pytest.mark.parametrize("repeat", ["[{}]", "{{<<: [{}]}}"])
def test_aliases_of_aliases_are_bounded(opening: str, repeat: str) -> None:
    lines = [f"a{n}: &a{n} {repeat.format(', '.join([f'*a{n - 1}'] * 10))}\n" for n in range(1, 30)]
    with pytest.raises(
        SpecError, match=r"aliases (repeat more than 100,000 values|nest more than 40 levels)"
    ):
        load(opening + "".join(lines), "site.yaml")


@pytest.mark.parametrize("link", ["[*a{}]", "{{<<: *a{}}}", "{{<<: [*a{}]}}"])
def test_a_long_chain_of_aliases_is_refused(link: str) -> None:
    chain = "".join(f"a{n}: &a{n} {link.format(n - 1)}\n" for n in range(1, 2000))
    with pytest.raises(SpecError, match="aliases nest more than 40 levels deep"):
        load("a0: &a0 {}\n" + chain, "site.yaml")


def test_the_models_and_the_parser_are_imported_when_a_spec_is_loaded_and_not_before() -> None:
    code = "import sys, vddkctl.site.load; print({'pydantic', 'ruamel.yaml'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """The whole spec with a few cuts, and other text in their place."""
    text = WHOLE
    pieces = st.sampled_from(
        [*"{}[]:,-#&*!|>'\"%@`\t\n ~?", "\n  ", ": ", "<<: ", "*a ", "&a ", "null", "5", "yes"]
    )
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(st.one_of(pieces, st.text(max_size=3))) + text[end:]
    return text


def outcome(text: str) -> LoadedSite | tuple[Diagnostic, ...]:
    try:
        return load(text, "site.yaml")
    except SpecError as error:
        return error.diagnostics


@given(st.one_of(st.text(), st.text(alphabet="ab:-[]{}&*!<, \n\t'\"#?|>%@0"), damaged()))
def test_every_text_loads_or_has_mistakes_with_places_in_it(text: str) -> None:
    found = outcome(text)
    assert found == outcome(text)
    if isinstance(found, LoadedSite):
        return
    assert found
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    places = [(d.position.line, d.position.column) for d in found]
    assert places == sorted(places)
    for line, column in places:
        assert 1 <= line <= len(lines)
        assert 1 <= column <= len(lines[line - 1]) + 1


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "cluster",
        "registries",
        "images",
        "controller",
        "providers",
        "pullSecrets",
        "storageMaps",
        "policy",
        "a",
        "b",
        "vddkImage",
        "aio",
        "buffers",
        "create",
        "archive",
        "path",
        "repository",
        "tag",
        "platforms",
        "base",
        "builder",
        "url",
        "credentials",
        "offload",
    ]
)
SPECS = st.recursive(VALUES, lambda inner: st.dictionaries(KEYS, inner, max_size=4), max_leaves=12)


@given(st.dictionaries(KEYS, SPECS, max_size=4))
def test_no_data_breaks_loading(data: dict[str, object]) -> None:
    with contextlib.suppress(SpecError):
        site(json.dumps(data)[1:-1].join(["", "\n"]))
    with contextlib.suppress(SpecError):
        load(json.dumps({"kind": "Site", **data}), "site.yaml")


LETTERS = st.text(st.characters(categories=["L", "N", "S", "Zs"]), max_size=4)
TREES = st.recursive(
    LETTERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LETTERS.filter(bool), inner, max_size=3),
    max_leaves=20,
)


@given(TREES, st.sampled_from([None, 2]))
def test_positions_point_at_the_text(tree: object, indent: int | None) -> None:
    text = json.dumps({"a": tree}, ensure_ascii=False, indent=indent)
    content = unfold(compose(text, MAX_DEPTH), Lines(text))
    assert not content.flaws
    lines = text.split("\n")
    for path, place in content.keys.items():
        if path:
            assert lines[place.line - 1][place.column - 1 :].startswith(
                json.dumps(path[-1], ensure_ascii=False)
            )
    for path, written in content.written.items():
        place = content.values[path]
        assert lines[place.line - 1][place.column - 1 :].startswith(json.dumps(written, ensure_ascii=False))
