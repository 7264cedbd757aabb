"""JUnit's XML, which CI systems show: one case for each address."""

from __future__ import annotations

from xml.etree import ElementTree as Tree

from vddkctl.report.files.outcome import BAD, Outcome, Row


def junit(outcome: Outcome) -> str:
    """The whole document. What somebody has to look at is a failure, what is ignored is skipped."""
    failures = sum(row.state in BAD for row in outcome.rows)
    skipped = outcome.count("ignored")
    attributes = {
        "name": f"vddkctl {outcome.kind} {_clean(outcome.site)}",
        "tests": str(len(outcome.rows)),
        "failures": str(failures),
        "errors": "0",
        "skipped": str(skipped),
        "timestamp": outcome.at.removesuffix("Z"),
        "time": "0",
    }
    root = Tree.Element(
        "testsuites", {key: attributes[key] for key in ("name", "tests", "failures", "errors")}
    )
    suite = Tree.SubElement(root, "testsuite", {**attributes, "hostname": _clean(outcome.place)})
    for row in outcome.rows:
        _case(suite, outcome, row)
    Tree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Tree.tostring(root, encoding="unicode") + "\n"


def _case(suite: Tree.Element, outcome: Outcome, row: Row) -> None:
    names = {"classname": f"{outcome.kind}.{_clean(outcome.site)}", "name": _clean(row.address), "time": "0"}
    case = Tree.SubElement(suite, "testcase", names)
    text = _clean(_text(row))
    if row.state in BAD:
        message = f"{row.state}: {row.reason or row.note or row.address}"
        Tree.SubElement(case, "failure", {"message": _clean(message), "type": row.state}).text = text
    elif row.state == "ignored":
        Tree.SubElement(case, "skipped", {"message": text})
    elif text:
        Tree.SubElement(case, "system-out").text = f"{row.state}: {text}"


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
