"""JUnit's XML, which CI systems show: one case for each address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as Tree

from vddkctl.report.files.outcome import BAD, STATES, Outcome, Row


def junit(outcome: Outcome) -> str:
    """The whole document. What somebody has to look at is a failure, what is ignored is skipped.

    It keeps to the schema of Ant's reports, the strictest that readers hold it against: what is to be known of a case
    that passed stands in the suite's own output, warnings in its errors. A run that failed is one case with an error.
    """
    cases = _by_address(outcome.rows)
    bad, ignored = (
        [rows for rows in cases.values() if rows[0].state in BAD],
        [rows for rows in cases.values() if rows[0].state == "ignored"],
    )
    attributes = {
        "name": f"vddkctl {outcome.kind} {_clean(outcome.site)}".rstrip(),
        "package": f"vddkctl.{outcome.kind}",
        "id": "0",
        "tests": str(len(cases) + bool(outcome.error)),
        "failures": str(len(bad)),
        "errors": str(int(bool(outcome.error))),
        "skipped": str(len(ignored)),
        "timestamp": outcome.at.removesuffix("Z"),
        "hostname": _clean(outcome.place) or "localhost",
        "time": "0",
    }
    root = Tree.Element("testsuites")
    suite = Tree.SubElement(root, "testsuite", attributes)
    Tree.SubElement(suite, "properties")
    for address, rows in cases.items():
        _case(suite, outcome, address, rows)
    if outcome.error:
        case = _named(suite, outcome, f"vddkctl {outcome.kind}")
        said = {"message": outcome.headline, "type": "error"}
        Tree.SubElement(case, "error", said).text = _clean(outcome.error)
    Tree.SubElement(suite, "system-out").text = _passed(cases)
    warnings = (f"{each.address}: {each.message} [{each.code}]" for each in outcome.warnings)
    Tree.SubElement(suite, "system-err").text = _clean("\n".join(warnings))
    Tree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Tree.tostring(root, encoding="unicode") + "\n"


def _by_address(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """All there is to say of each address, what matters most first: it can have drifted and be pending as well."""
    cases: dict[str, list[Row]] = {}
    for row in rows:
        cases.setdefault(row.address, []).append(row)
    return {address: sorted(said, key=lambda row: STATES.index(row.state)) for address, said in cases.items()}


def _case(suite: Tree.Element, outcome: Outcome, address: str, rows: Sequence[Row]) -> None:
    case, first = _named(suite, outcome, address), rows[0]
    text = _clean("\n".join(filter(None, map(_text, rows))))
    if first.state in BAD:
        message = f"{first.state}: {first.reason or first.note or address}"
        Tree.SubElement(case, "failure", {"message": _clean(message), "type": first.state}).text = text
    elif first.state == "ignored":
        Tree.SubElement(case, "skipped", {"message": text})


def _named(suite: Tree.Element, outcome: Outcome, name: str) -> Tree.Element:
    room = f"{outcome.kind}.{_clean(outcome.site)}".rstrip(".")
    return Tree.SubElement(suite, "testcase", {"classname": room, "name": _clean(name), "time": "0"})


def _passed(cases: Mapping[str, Sequence[Row]]) -> str:
    told = (
        f"{row.state} {address}: {_text(row)}"
        for address, rows in cases.items()
        for row in rows
        if rows[0].state not in {*BAD, "ignored"} and (row.fields or row.note)
    )
    return _clean("\n".join(told))


def _text(row: Row) -> str:
    lines = [
        f"{field.name}: {line}{f' ({field.by})' if field.by else ''}"
        for field in row.fields
        for line in field.lines
    ]
    return "\n".join([*lines, row.note] if row.note else lines)


def _clean(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold."""
    return "".join(
        sign if sign in "\t\n" or _is_allowed(sign) else "\N{REPLACEMENT CHARACTER}" for sign in text
    )


def _is_allowed(sign: str) -> bool:
    return " " <= sign <= "\ud7ff" or "\ue000" <= sign <= "\ufffd" or sign >= "\U00010000"
