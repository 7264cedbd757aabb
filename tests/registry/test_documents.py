"""Documents that are kept between runs: what is damaged or lost is read again, and nothing fails for that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vddkctl.oci.digest import digest_of, hex_of
from vddkctl.oci.document import MAX_SIZE
from vddkctl.registry.documents import MOST, Documents

CONTENT = b'{"schemaVersion": 2}'
DIGEST = digest_of(CONTENT)


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "documents"
    assert Documents(folder).get(DIGEST) is None
    Documents(folder).put(DIGEST, CONTENT)
    assert Documents(folder).get(DIGEST) == CONTENT
    assert [path.name for path in folder.iterdir()] == [hex_of(DIGEST)]


@pytest.mark.parametrize("damaged", [b"", CONTENT[:-1], CONTENT + b" ", bytes(len(CONTENT))])
def test_what_is_damaged_is_absent_and_is_replaced(tmp_path: Path, damaged: bytes) -> None:
    documents = Documents(tmp_path)
    documents.put(DIGEST, CONTENT)
    (tmp_path / hex_of(DIGEST)).write_bytes(damaged)
    assert documents.get(DIGEST) is None
    documents.put(DIGEST, CONTENT)
    assert documents.get(DIGEST) == CONTENT


def test_what_has_no_digest_or_is_too_large_is_not_kept(tmp_path: Path) -> None:
    documents, large = Documents(tmp_path), bytes(MAX_SIZE + 1)
    documents.put("../../evil", CONTENT)
    documents.put(digest_of(large), large)
    assert list(tmp_path.iterdir()) == []
    assert documents.get("../../evil") is None
    whole = bytes(MAX_SIZE)
    documents.put(digest_of(whole), whole)
    assert documents.get(digest_of(whole)) == whole


def test_the_ones_that_are_not_used_go_first(tmp_path: Path) -> None:
    documents = Documents(tmp_path)
    contents = [f"{number}".encode() for number in range(MOST)]
    for age, content in enumerate(contents):
        documents.put(digest_of(content), content)
        os.utime(tmp_path / hex_of(digest_of(content)), (age, age))
    assert documents.get(digest_of(contents[0]))  # and so it is in use
    (tmp_path / ".vddkctl-0123456789abcdef").write_bytes(b"of a run that was killed")
    documents.put(DIGEST, CONTENT)
    assert len(list(tmp_path.iterdir())) == MOST
    assert documents.get(digest_of(contents[0]))
    assert documents.get(digest_of(contents[1])) is None
    assert documents.get(DIGEST)


@pytest.mark.parametrize("obstacle", ["a file", "a dangling link"])
def test_a_folder_that_cannot_be_made_is_as_good_as_an_empty_one(tmp_path: Path, obstacle: str) -> None:
    folder = tmp_path / "documents"
    if obstacle == "a file":
        folder.write_bytes(b"")
    else:
        folder.symlink_to(tmp_path / "nowhere" / "at" / "all")
    Documents(folder).put(DIGEST, CONTENT)
    assert Documents(folder).get(DIGEST) is None
