"""Wheels of the packages that are installed here, for an installation that no network is to be asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.tags import parse_tag, sys_tags
from packaging.utils import canonicalize_name

_MADE_BY_PIP = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


def make_wheels(folder: Path, project: str, *more: str) -> Path:
    """Everything that an installation of ``project`` and of ``more`` wants, but for ``project`` itself."""
    folder.mkdir()
    for found in _all([*_wanted_by(distribution(project), {""}), *map(Requirement, more)]):
        _pack(found, folder)
    return folder


def _all(wanted: Iterable[Requirement]) -> Iterable[Distribution]:
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    left = list(wanted)
    while left:
        requirement = left.pop()
        name, extras = requirement.name, frozenset(requirement.extras or {""})
        if (name, extras) not in seen:
            seen.add((name, extras))
            each = distribution(name)
            found[canonicalize_name(name)] = each
            left += _wanted_by(each, extras)
    return found.values()


def _wanted_by(found: Distribution, extras: Iterable[str]) -> Iterator[Requirement]:
    for line in found.requires or ():
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
            yield requirement


def _pack(found: Distribution, folder: Path) -> None:
    said = (found.read_text("WHEEL") or "").splitlines()
    tags = [line.removeprefix("Tag: ") for line in said if line.startswith("Tag: ")]
    ours = set(sys_tags())
    tag = next(each for each in tags if parse_tag(each) & ours)
    name = canonicalize_name(found.name).replace("-", "_")
    files = [each for each in found.files or () if _is_packed(each.parts)]
    inside = next(each.parent for each in files if each.name == "METADATA")
    with ZipFile(folder / f"{name}-{found.version}-{tag}.whl", "w") as wheel:
        for each in files:
            wheel.write(str(found.locate_file(each)), str(each))
        record = f"{inside}/RECORD"
        wheel.writestr(record, "".join(f'"{each}",,\n' for each in (*files, record)))


def _is_packed(parts: tuple[str, ...]) -> bool:
    """Not programs, which pip makes from entry points, nor what it writes down of an installation."""
    noted = parts[-2:-1] and parts[-2].endswith(".dist-info") and parts[-1] in _MADE_BY_PIP
    return parts[0] != ".." and "__pycache__" not in parts and not noted
