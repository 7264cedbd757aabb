"""What a Dockerfile stands on."""

from __future__ import annotations

import pytest

from vddkctl.errors import ImageError
from vddkctl.oci.dockerfile import Dockerfile, parse_dockerfile


def read(text: str, **arguments: str) -> Dockerfile:
    return parse_dockerfile(text, arguments, "Dockerfile")


@pytest.mark.parametrize(
    ("text", "references", "final"),
    [
        ("FROM r.example/a:1\n", ("r.example/a:1",), "r.example/a:1"),
        ("from r.example/a:1 as x", ("r.example/a:1",), "r.example/a:1"),
        ("FROM --platform=linux/amd64 r.example/a:1 AS x", ("r.example/a:1",), "r.example/a:1"),
        ("FROM scratch", (), None),
        ("FROM SCRATCH\nFROM r.example/a:1", ("r.example/a:1",), "r.example/a:1"),
        ("ARG V=1\nFROM r.example/a:${V}", ("r.example/a:1",), "r.example/a:1"),
        ("ARG V\nFROM r.example/a:${V:-7}", ("r.example/a:7",), "r.example/a:7"),
        ("ARG V=1\nFROM r.example/a:1${V:+-x}", ("r.example/a:1-x",), "r.example/a:1-x"),
        ("ARG R=r.example\nARG B=$R/a:1\nFROM $B", ("r.example/a:1",), "r.example/a:1"),
        ('ARG B="r.example/a:1"\nFROM "$B"', ("r.example/a:1",), "r.example/a:1"),
        ("FROM r.example/a:1 AS one\nFROM r.example/b:1\nFROM ONE", ("r.example/a:1", "r.example/b:1"), "r.example/a:1"),
        ("FROM r.example/a:1 AS one\nFROM one AS two\nFROM two", ("r.example/a:1",), "r.example/a:1"),
        ("FROM r.example/a:1\nCOPY --from=r.example/b:2 /x /y", ("r.example/a:1", "r.example/b:2"), "r.example/a:1"),
        ("FROM r.example/a:1 AS t\nFROM r.example/b:1\nCOPY --from=t /x /y\nCOPY --from=0 /x /y",
         ("r.example/a:1", "r.example/b:1"), "r.example/b:1"),
        (("FROM r.example/a:1\nRUN --mount=type=bind,from=r.example/b:2,source=/x,target=/y --mount=type=cache,target=/z"
          " --mount=from=r.example/c:3,target=/c cp --mount=from=r.example/no:1 /y/a /a"),
         ("r.example/a:1", "r.example/b:2", "r.example/c:3"), "r.example/a:1"),
        ("FROM r.example/a:1 AS t\nFROM r.example/b:1\nRUN --mount=from=t,target=/t \\\n --mount=from=0,target=/u true",
         ("r.example/a:1", "r.example/b:1"), "r.example/b:1"),
        ("# FROM r.example/no:1\n\n  # and no\nFROM \\\n  # inside\n  r.example/a:1", ("r.example/a:1",), "r.example/a:1"),
        ("# escape=`\nFROM `\n r.example/a:1\nRUN a\\", ("r.example/a:1",), "r.example/a:1"),
        ("FROM r.example/a:1\nRUN <<EOF\nFROM r.example/no:1\nEOF\n", ("r.example/a:1",), "r.example/a:1"),
        ("FROM r.example/a:1\nRUN <<-'A' cat <<B\nFROM x/no:1\nA\nFROM y/no:1\nB\nUSER 1", ("r.example/a:1",), "r.example/a:1"),
        ("FROM r.example/a:1\nRUN echo \\\nFROM r.example/no:1\n", ("r.example/a:1",), "r.example/a:1"),
        ("ARG V=1\nFROM r.example/a:$V\nARG V=2\nFROM r.example/b:$V", ("r.example/a:1", "r.example/b:1"), "r.example/b:1"),
    ],
)  # fmt: skip
def test_bases(text: str, references: tuple[str, ...], final: str | None) -> None:
    found = read(text)
    assert found.references == references
    assert found.final == final
    assert found.standing_on({name: name for name in references}, "LABEL a=b").count(
        "r.example/no"
    ) == text.count("r.example/no")


def test_an_argument_wins_over_its_default() -> None:
    assert read("ARG V=1\nFROM r.example/a:$V", V="2").references == ("r.example/a:2",)


def test_names_are_replaced_where_they_stand_and_nowhere_else() -> None:
    text = "ARG V=1\n# r.example/a:1\nFROM r.example/a:$V AS x\nRUN echo r.example/a:1\nCOPY --from=r.example/b:1 /a /a\n"
    found = read(text).standing_on(
        {"r.example/a:1": "localhost/one", "r.example/b:1": "localhost/two"}, "LABEL a=b"
    )
    assert found == text.replace("r.example/a:$V", "localhost/one").replace("r.example/b:1", "localhost/two")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no FROM"),
        ("RUN x", "no FROM"),
        ("ARG A\nFROM $A", "names nothing"),
        ("FROM a b c", "more than one"),
    ],
)
def test_what_is_no_dockerfile(text: str, says: str) -> None:
    with pytest.raises(ImageError, match=says):
        read(text)


def test_a_stage_that_begins_with_nothing_gets_a_first_instruction() -> None:
    text = "ARG B=scratch\nFROM \\\n scratch AS x\nCOPY a /a\nFROM r.example/a:1\nFROM $B"
    found = read(text).standing_on({"r.example/a:1": "localhost/one"}, "LABEL a=b")
    expected = text.replace("AS x", "AS x\nLABEL a=b").replace("r.example/a:1", "localhost/one")
    assert found == f"{expected}\nLABEL a=b"
