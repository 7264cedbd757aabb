"""The text of vddkConfig: read as the library reads it, written so that it is read right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vddkctl.vddk import config_text
from vddkctl.vddk.buffers import Buffers

SIZE = "VixDiskLib.nfcAio.Session.BufSizeIn64KB"
COUNT = "VixDiskLib.nfcAio.Session.BufCount"
BROKEN = "VixDiskLib.nfcAio.Session.BufSizeIn64K"
LARGE = Buffers(256, 16)


@pytest.mark.parametrize(
    ("text", "buffers", "sound"),
    [
        (None, Buffers(0, 0), True),
        ("", Buffers(0, 0), True),
        (f"{SIZE}=256\n{COUNT}=16\n", LARGE, True),
        (f"{COUNT}=16\n{SIZE}=256", LARGE, True),
        (f"  v{SIZE[1:]} = 256 \nv{COUNT[1:]}= 16\n", LARGE, True),
        (f"{BROKEN}=256\n{COUNT}=16\n", Buffers(0, 16), False),
        (f"|\n{SIZE}=256\n{COUNT}=16\n", LARGE, False),
        (f"{SIZE}=1\n{SIZE}=256\n{COUNT}=16\n", LARGE, False),
        (f"{SIZE}=many\n", Buffers(0, 0), True),
        (f"{SIZE}=999999999\n{COUNT}={'9' * 5000}\n", Buffers(999_999_999, 0), True),
        ("vixDiskLib.transport.timeout=5\n", Buffers(0, 0), True),
    ],
)
def test_a_text_means_what_the_library_makes_of_it(text: str | None, buffers: Buffers, sound: bool) -> None:
    reading = config_text.read(text)
    assert (reading.buffers, reading.sound) == (buffers, sound)


@pytest.mark.parametrize(
    ("text", "buffers", "written"),
    [
        (None, LARGE, f"{SIZE}=256\n{COUNT}=16\n"),
        (f"|\n{BROKEN}=256\n{COUNT}=16\n", LARGE, f"{SIZE}=256\n{COUNT}=16\n"),
        (f"|\n{BROKEN}=64\nother=1\n{COUNT}=16", LARGE, f"{SIZE}=256\nother=1\n{COUNT}=16"),
        ("# mine\nother=1\n", LARGE, f"# mine\nother=1\n{SIZE}=256\n{COUNT}=16\n"),
        (f"v{SIZE[1:]}=1\n{COUNT}=16\n", LARGE, f"v{SIZE[1:]}=256\n{COUNT}=16\n"),
        (f"{SIZE} = 256\n{COUNT}=1\n", LARGE, f"{SIZE} = 256\n{COUNT}=16\n"),
        (f"{SIZE}=1\n{SIZE}=2\n{COUNT}=16\n", LARGE, f"{SIZE}=256\n{COUNT}=16\n"),
        ("|\n\n|\na=b\n", None, "\na=b\n"),
        (f"{SIZE}=1\n|", Buffers(0, 0), None),
        (f"{SIZE}=1\n{COUNT}=16\n", Buffers(0, 16), f"{COUNT}=16\n"),
        (f"{SIZE}=1\n{COUNT}=16\nother=1\n", None, "other=1\n"),
        (f"{SIZE}=1\n{COUNT}=16\n", None, None),
        ("other=1", None, "other=1"),
        (None, None, None),
    ],
)
def test_only_the_buffer_lines_are_written(
    text: str | None, buffers: Buffers | None, written: str | None
) -> None:
    assert config_text.write(text, buffers) == written


lines = st.sampled_from(
    [
        f"{SIZE}=1",
        f"{SIZE}=256",
        f"{BROKEN}=256",
        f"{COUNT}=16",
        f" v{COUNT[1:]} = 4 ",
        "|",
        "",
        "a=b",
        "# c",
        "a|b",
    ]
)
texts = st.none() | st.lists(lines, max_size=6).map("\n".join)
sizes = st.integers(0, 1024)


@given(texts, sizes, sizes)
def test_what_is_written_is_read_back(text: str | None, size: int, count: int) -> None:
    wanted = Buffers(size, count)
    written = config_text.write(text, wanted)
    reading = config_text.read(written)
    assert (reading.buffers, reading.sound) == (wanted, True)
    assert config_text.write(written, wanted) == written


@given(texts, sizes, sizes)
def test_other_lines_stay_in_their_order(text: str | None, size: int, count: int) -> None:
    def others(value: str | None) -> list[str]:
        return [line for line in (value or "").split("\n") if line in ("a=b", "# c", "a|b")]

    assert others(config_text.write(text, Buffers(size, count))) == others(text)
