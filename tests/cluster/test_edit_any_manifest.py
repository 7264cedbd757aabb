"""What must hold for every manifest and every edit, whatever it looks like."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vddkctl.cluster.base import FieldEdit, ObjectChange, Wanted
from vddkctl.cluster.folder import ManifestFolder
from vddkctl.cluster.yaml_edit.block_mapping import with_field
from vddkctl.cluster.yaml_edit.scalar_text import is_safe_plain

KEYS = ("vddkInitImage", "vddkConfig", "useVddkAioOptimization", "sdkEndpoint", "8.0", "a key", "true")
TRICKY = (
    "true", "no", "8.0", "null", "~", "", " ", "a: b", "a #b", "#c", "- a", "'", '"', "\\", "a\tb", "0x1F", "1_000", "012",
    "2024-01-01", "12:30:45", "*a", "&a", "!t", "|", "{}", "[]", "a, b", "a:", "harbor/x:1@sha256:ab", "😀", "é\u2028x",
    "a\n", "a\nb", "a\n\nb\n", "\na", "  a\nb\n", "\ta\nb", "a \n b\n", "a\n\n", "a\n\n\n", "\n", "a\r\nb", "x\n  ", "---", "---\n", "a\n---\nb\n",
    "VixDiskLib.nfcAio.Session.BufSizeIn64KB=256\nVixDiskLib.nfcAio.Session.BufCount=16\n", "\x00", "\x7f", "\ufeff", "=", "<<", "y",
)  # fmt: skip
LETTERS = st.characters(codec="utf-8", exclude_characters="\ufffe\uffff")
TEXTS = st.sampled_from(TRICKY) | st.text(LETTERS, max_size=12) | st.text("ab: #\n '\"-\t", max_size=14)
COMMENTS = st.sampled_from(("# plain", "#", "# tab\there", "# 😀 astral", "# vddkInitImage: old", "#{", ""))


@dataclass(frozen=True)
class Line:
    """One line, and the setting it belongs to (None: to no one)."""

    text: str
    owner: str | None = None


@dataclass(frozen=True)
class Written:
    """A manifest as generated: its lines and what they mean."""

    lines: tuple[Line, ...]
    data: dict[str, Any]


def _quoted(draw: st.DrawFn, value: str) -> str:
    styles = ['"']
    if is_safe_plain(value, flow=True):
        styles.append("")
    if value.isprintable():
        styles.append("'")
    style = draw(st.sampled_from(styles))
    if style == "'":
        return "'" + value.replace("'", "''") + "'"
    escaped = "".join(f"\\U{ord(char):08x}" for char in value)
    return f'"{escaped}"' if style else value


def _tail(draw: st.DrawFn) -> str:
    comment = draw(COMMENTS)
    return draw(st.sampled_from((" ", "   "))) + comment if comment else draw(st.sampled_from(("", " ")))


def _between(draw: st.DrawFn, pad: str) -> list[Line]:
    return [Line(pad + line if line else "") for line in draw(st.lists(COMMENTS, max_size=2))]


@st.composite
def blocks(draw: st.DrawFn, pad: str, step: int) -> tuple[list[str], str]:
    """Lines of a literal block behind ``key:``, and the text they mean."""
    body = draw(st.lists(st.text("ab =#:", max_size=6), min_size=1, max_size=4))
    body[0] = "a" + body[0]
    body[-1] += "z"
    chomp = draw(st.sampled_from(("", "-", "+")))
    extra = draw(st.sampled_from((1, step)))
    lines = [
        (pad + " " * extra + line).rstrip(" ") if not line else pad + " " * extra + line for line in body
    ]
    comment = draw(st.sampled_from(("", "  # of the block")))
    return [f" |{chomp}{comment}", *lines], "\n".join(body) + ("" if chomp == "-" else "\n")


@st.composite
def manifests(draw: st.DrawFn, name: str = "one") -> Written:
    """A Provider in block style, with settings in one of many shapes."""
    step = draw(st.integers(1, 5))
    one, two = " " * step, " " * (2 * step)
    lines = [*_between(draw, ""), Line("apiVersion: forklift.konveyor.io/v1beta1"), Line("kind: Provider")]
    lines += [Line("metadata:"), Line(f"{one}name: {name}" + _tail(draw)), Line("spec:" + _tail(draw))]
    lines += [Line(f"{one}type: 'vsphere'" + _tail(draw)), *_between(draw, one)]
    spec: dict[str, Any] = {"type": "vsphere"}
    shape = draw(st.sampled_from(("block", "block", "flow", "flow lines", "missing", "null", "~", "{}")))
    content = draw(st.dictionaries(st.sampled_from(KEYS), TEXTS, min_size=1, max_size=4))
    mark = draw(st.sampled_from(("", "", " &anchor")))
    if shape == "block":
        lines.append(Line(f"{one}settings:{mark}" + _tail(draw), "settings"))
        spec["settings"] = {}
        for key, text in content.items():
            value = text
            between = _between(draw, draw(st.sampled_from((two, ""))))
            lines += [line for line in between if line.text or not any("|+" in each.text for each in lines)]
            written = _quoted(draw, key)
            if draw(st.booleans()) and draw(st.booleans()):
                block, value = draw(blocks(two, step))
                lines += [Line(f"{two}{written}:{block[0]}", key), *(Line(line, key) for line in block[1:])]
            else:
                lines.append(Line(f"{two}{written}: {_quoted(draw, value)}" + _tail(draw), key))
            spec["settings"][key] = value
    elif shape == "flow":
        pairs = ", ".join(f"{_quoted(draw, key)}: {_quoted(draw, value)}" for key, value in content.items())
        spec["settings"] = content
        lines.append(Line(f"{one}settings:{mark} {{{pairs}}}" + _tail(draw), "settings"))
    elif shape == "flow lines":
        spec["settings"] = content
        lines.append(Line(f"{one}settings:{mark} {{", "settings"))
        for number, (key, value) in enumerate(content.items()):
            comma = "," if number < len(content) - 1 or draw(st.booleans()) else ""
            lines.append(
                Line(f"{two}{_quoted(draw, key)}: {_quoted(draw, value)}{comma}" + _tail(draw), "settings")
            )
        lines.append(Line(f"{one}}}", "settings"))
    elif shape != "missing":
        shown = "" if shape == "null" else f" {shape}"
        spec["settings"] = {} if shape == "{}" else None
        lines.append(Line(f"{one}settings:{shown}" + _tail(draw), "settings"))
    keep = bool(lines) and shape == "block" and any("|+" in line.text for line in lines)
    if not keep and draw(st.booleans()):
        lines += [
            *_between(draw, draw(st.sampled_from((two, one)))),
            Line(f"{one}url: https://x/sdk" + _tail(draw)),
        ]
        spec["url"] = "https://x/sdk"
        lines += _between(draw, "")
    head = {"apiVersion": "forklift.konveyor.io/v1beta1", "kind": "Provider", "metadata": {"name": name}}
    return Written(tuple(lines), {**head, "spec": spec})


def _as_item(manifest: Written) -> Written:
    """Put a manifest into a list."""
    first, *rest = manifest.lines
    lines = [Line(f"- {first.text}".rstrip(), first.owner)]
    lines += [Line(f"  {line.text}" if line.text else "", line.owner) for line in rest]
    return Written(tuple(lines), manifest.data)


EDITS = st.dictionaries(
    st.sampled_from([("spec", "settings", key) for key in KEYS] + [("spec", "vddk_image"), ("spec", "url")]),
    st.none() | TEXTS,
    min_size=1,
    max_size=5,
)


def _is_subsequence(needles: list[str], lines: list[str]) -> bool:
    rest = iter(lines)
    return all(any(line == needle for line in rest) for needle in needles)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_an_edit_changes_its_fields_and_no_other_line(data: st.DataObject) -> None:
    first, second = data.draw(manifests("one")), data.draw(manifests("two"))
    edits = data.draw(EDITS)
    eol = data.draw(st.sampled_from(("\n", "\r\n")))
    bom = data.draw(st.sampled_from(("", "\ufeff")))
    final = data.draw(st.booleans())
    head = "---  # 😀 first" + eol
    if data.draw(st.booleans()):
        head = eol.join(("apiVersion: v1", "kind: List", "items:", ""))
        first, second = _as_item(first), _as_item(second)
        head += eol.join(line.text for line in second.lines) + eol
    else:
        head += eol.join(line.text for line in second.lines) + eol + "---" + eol
    text = eol.join(line.text for line in first.lines)
    before = f"{bom}{head}{text}{eol if final else ''}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "p.yaml"
        path.write_bytes(before.encode())
        place = ManifestFolder(folder, "f")
        live = {item.key.name: item for item in place.observe(Wanted()).providers}
        assert live["two"].spec == second.data["spec"]
        old = {"spec": live["one"].spec}
        wanted: Any = old
        for edit_path, value in edits.items():
            wanted = with_field(wanted, edit_path, value)
        change = ObjectChange(
            live["one"].key, tuple(FieldEdit(*edit) for edit in edits.items()), live["one"].resource_version
        )

        (outcome,) = place.write([change])

        assert outcome.error is None, str(outcome.error)
        after = path.read_bytes()
        again = {item.key.name: item for item in place.observe(Wanted()).providers}
        assert json.dumps(again["one"].spec, sort_keys=True) == json.dumps(wanted["spec"], sort_keys=True)
        assert again["two"] == live["two"]
        assert after.startswith((bom + head).encode())
        touched = {edit_path[-1] for edit_path in edits} | {"settings"}
        kept = [
            line.text
            for line in first.lines
            if line.owner not in touched and not line.text.startswith(" url")
        ]
        if "url" in touched:
            kept = [line for line in kept if not line.strip().startswith("url:")]
        new = after.decode()[len(bom + head) :].split(eol)
        assert _is_subsequence(kept, new)
        inode, mtime = path.stat().st_ino, path.stat().st_mtime_ns
        assert [item.error for item in place.write([change])] == [None]
        assert (path.stat().st_ino, path.stat().st_mtime_ns) == (inode, mtime)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(manifests(), st.sampled_from(("new", "a\nb\n")), st.booleans())
def test_taking_out_what_was_put_in_gives_the_first_bytes_back(
    manifest: Written, value: str, final: bool
) -> None:
    text = "\n".join(line.text for line in manifest.lines) + ("\n" if final else "")
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "p.yaml"
        path.write_bytes(text.encode())
        place = ManifestFolder(Path(name), "f")
        for setting in (value, None):
            live = place.observe(Wanted()).providers[0]
            edit = FieldEdit(("spec", "inserted"), setting)
            (outcome,) = place.write([ObjectChange(live.key, (edit,), live.resource_version)])
            assert outcome.error is None, str(outcome.error)

        assert path.read_bytes().rstrip(b"\n") == text.encode().rstrip(b"\n")
