from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vddkctl.errors import ImageError
from vddkctl.oci.reference import Reference, parse, parse_repository

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("harbor.company.com/migration/vddk", Reference("docker", "harbor.company.com/migration/vddk")),
        ("harbor.company.com/vddk:8.0.1", Reference("docker", "harbor.company.com/vddk", "8.0.1")),
        ("localhost/vddk:8", Reference("docker", "localhost/vddk", "8")),
        ("localhost:5000/vddk", Reference("docker", "localhost:5000/vddk")),
        ("registry:5000/a__b/c-d.e:x", Reference("docker", "registry:5000/a__b/c-d.e", "x")),
        ("[::1]:5000/vddk", Reference("docker", "[::1]:5000/vddk")),
        (f"h.example/vddk@{DIGEST}", Reference("docker", "h.example/vddk", None, DIGEST)),
        (f"h.example/vddk:8@{DIGEST}", Reference("docker", "h.example/vddk", "8", DIGEST)),
        ("h.example/vddk:_" + "x" * 127, Reference("docker", "h.example/vddk", "_" + "x" * 127)),
        ("oci:./images/vddk", Reference("oci", "./images/vddk")),
        ("oci:/srv/Images/VDDK:8.0.1", Reference("oci", "/srv/Images/VDDK", "8.0.1")),
        (f"oci:vddk:8@{DIGEST}", Reference("oci", "vddk", "8", DIGEST)),
        (f"oci:vddk@{DIGEST}", Reference("oci", "vddk", None, DIGEST)),
        ("oci:./a folder/@home:8", Reference("oci", "./a folder/@home", "8")),
        ("oci:~/vddk:8", Reference("oci", "~/vddk", "8")),
        ("oci:${HOME}/vddk:8", Reference("oci", "${HOME}/vddk", "8")),
        ("oci:store:docker.io/library/vddk:8", Reference("oci", "store", "docker.io/library/vddk:8")),
    ],
)
def test_a_reference_is_read_and_written_back(text: str, reference: Reference) -> None:
    assert parse(text) == reference
    assert str(reference) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vddk:8", '"vddk:8" names no registry\n  write its host first, as in registry.example.com/vddk:8'),
        (
            "team/vddk:8",
            '"team/vddk:8" names no registry\n  write its host first, as in registry.example.com/team/vddk:8',
        ),
        ("", '"" names no registry\n  write its host first, as in registry.example.com/vddk:8'),
        (
            "localhost:5000",
            '"localhost:5000" names no repository after the registry\n  as in localhost:5000/vddk',
        ),
        ("h.example/", '"h.example/" names no repository after the registry\n  as in h.example/vddk'),
        ("-h.example/x", '"-h.example/x": "-h.example" is not a host, or host:port'),
        ("h.example:65536/x", '"h.example:65536/x": "h.example:65536" is not a host, or host:port'),
        (
            "oci-archive:x.tar",
            '"oci-archive:x.tar" is an archive\n  unpack it with tar, and name the folder: oci:FOLDER:TAG',
        ),
        ("./images:1", '"./images:1" names no registry\n  a folder is written oci:./images:1'),
        ("h.example:port/x", '"h.example:port/x": "h.example:port" is not a host, or host:port'),
        ("h.example/Vddk", '"h.example/Vddk": "Vddk" has upper-case letters\n  write vddk'),
        (
            "h.example/a//b",
            (
                '"h.example/a//b": "" is not a part of a repository\'s name\n'
                "  lower-case letters and digits, with . _ or - between them"
            ),
        ),
        (
            "h.example/a..b",
            (
                '"h.example/a..b": "a..b" is not a part of a repository\'s name\n'
                "  lower-case letters and digits, with . _ or - between them"
            ),
        ),
        ("h.example/" + "x" * 256, f'"h.example/{"x" * 256}": the repository is longer than 255 characters'),
        (
            "h.example/x:",
            (
                '"h.example/x:": "" is not a tag\n'
                "  at most 128 letters, digits, _ . and -, not starting with . or -"
            ),
        ),
        (
            "h.example/x:.8",
            (
                '"h.example/x:.8": ".8" is not a tag\n'
                "  at most 128 letters, digits, _ . and -, not starting with . or -"
            ),
        ),
        (
            "h.example/x:8\n",
            (
                '"h.example/x:8\n": "8\n" is not a tag\n'
                "  at most 128 letters, digits, _ . and -, not starting with . or -"
            ),
        ),
        (
            "h.example/x@sha256:12",
            (
                'h.example/x@sha256:12: "sha256:12" is not a digest\n'
                "  a digest is sha256: and 64 lower-case hex digits"
            ),
        ),
        (
            "oci:x@sha256:12",
            'x@sha256:12: "sha256:12" is not a digest\n  a digest is sha256: and 64 lower-case hex digits',
        ),
        ("docker://h.example/x", '"docker://h.example/x" starts with docker://\n  write h.example/x alone'),
        ("oci:", '"oci:" names no folder\n  as in oci:./images/vddk:8.0.1'),
        ("oci::8", '"oci::8" names no folder\n  as in oci:./images/vddk:8.0.1'),
    ],
)
def test_a_wrong_reference_is_refused_in_plain_words(text: str, message: str) -> None:
    with pytest.raises(ImageError) as caught:
        parse(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["me:secret@h.example/x:8", "https://me:secret@h.example/x"])
def test_a_password_in_a_reference_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ImageError) as caught:
        parse(text)
    assert "secret" not in str(caught.value)
    assert "no password" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "h.example/x:8",
            '"h.example/x:8" has a tag, and a repository has none\n  write h.example/x, and the tag apart',
        ),
        (f"oci:./x@{DIGEST}", f'"oci:./x@{DIGEST}" has a digest, and a repository has none\n  write oci:./x'),
    ],
)
def test_a_repository_has_neither_tag_nor_digest(text: str, message: str) -> None:
    with pytest.raises(ImageError) as caught:
        parse_repository(text)
    assert str(caught.value) == message


def test_the_parts_of_a_reference() -> None:
    reference = parse(f"h.example:5000/team/vddk:8@{DIGEST}")
    assert (reference.host, reference.path, reference.name) == (
        "h.example:5000",
        "team/vddk",
        "h.example:5000/team/vddk",
    )
    assert reference.pinned
    assert not parse("h.example:5000/team/vddk:9").pinned
    assert str(parse("oci:./x:8").with_digest(DIGEST)) == f"oci:./x@{DIGEST}"
    assert str(reference.bare()) == "h.example:5000/team/vddk"
    assert parse("oci:./x/y:8").host == ""
    assert parse("oci:./x/y:8").path == "./x/y"


def test_a_digest_put_on_a_reference_is_checked() -> None:
    with pytest.raises(ImageError, match="is not a digest"):
        parse("h.example/x").with_digest("md5:12")


_hosts = st.from_regex(r"\A[a-z0-9]{1,8}(-[a-z0-9]{1,4})?\.[a-z]{2,5}(:[0-9]{1,4})?\Z")
_paths = st.lists(
    st.from_regex(r"\A[a-z0-9]{1,6}(([.]|_|__|--?)[a-z0-9]{1,6}){0,2}\Z"), min_size=1, max_size=4
).map("/".join)
_tags = st.none() | st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
_digests = st.none() | st.binary(min_size=32, max_size=32).map(lambda raw: f"sha256:{raw.hex()}")
_folders = st.text(
    st.characters(exclude_characters="\0:@", exclude_categories=["Cs"]), min_size=1, max_size=30
)
_in_registry = st.builds(
    lambda host, path, tag, digest: Reference("docker", f"{host}/{path}", tag, digest),
    _hosts,
    _paths,
    _tags,
    _digests,
)
_in_layout = st.builds(
    lambda folder, tag, digest: Reference("oci", folder, tag, digest), _folders, _tags, _digests
)


@given(_in_registry | _in_layout)
def test_every_reference_is_read_back_as_it_was_written(reference: Reference) -> None:
    assert parse(str(reference)) == reference


@given(
    st.text(max_size=60)
    | st.text("a.b:/@5-_[]", max_size=20)
    | st.text(":@./x8", max_size=12).map("oci:".__add__)
)
def test_any_text_is_a_reference_or_a_clear_error(text: str) -> None:
    with suppress(ImageError):
        assert str(parse(text)) == text
