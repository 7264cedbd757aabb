"""Prometheus' text format, for node_exporter's textfile collector.

prometheus.io/docs/instrumenting/exposition_formats: HELP and TYPE, then samples; in labels, backslashes, quotes and
line breaks are escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from vddkctl.report.files.outcome import STATES, Outcome


def prometheus(outcome: Outcome) -> str:
    """The whole file."""
    return "".join(f"{line}\n" for line in _lines(outcome))


def _lines(outcome: Outcome) -> Iterator[str]:
    site = {"site": outcome.site, "run": outcome.kind}
    yield from _metric("vddkctl_last_run_timestamp_seconds", "When the run ended.", [(site, outcome.seconds)])
    success = (
        "Whether the run came to its end (1), or failed (0): what is there besides is what was known by then."
    )
    done = int(not outcome.error and outcome.count("failed", "skipped") == 0)
    yield from _metric("vddkctl_last_run_success", success, [(site, done)])
    well = "Whether nobody has to look at anything (1), or somebody has (0)."
    yield from _metric("vddkctl_last_run_well", well, [(site, int(outcome.well))])
    if outcome.error and not outcome.rows:
        return
    counts = [({**site, "state": state}, outcome.count(state)) for state in STATES]
    yield from _metric("vddkctl_addresses", "Addresses by what came of them.", counts)
    fields = sum(len(row.fields) for row in outcome.rows if row.state == "drift")
    yield from _metric(
        "vddkctl_drift_fields", "Fields that somebody else changed since the last apply.", [(site, fields)]
    )
    pending = "Addresses with changes of the spec that were not applied yet."
    yield from _metric("vddkctl_pending_changes", pending, [(site, outcome.count("pending"))])
    warnings = "What is to be known and is no reason to stop; the other reports say it."
    yield from _metric("vddkctl_warnings", warnings, [(site, len(outcome.warnings))])
    listed = [
        ({**site, "address": row.address, "state": row.state}, 1)
        for row in outcome.rows
        if row.state != "unchanged"
    ]
    if listed:
        yield from _metric(
            "vddkctl_address_info", "Addresses that are not as they should be, or were not.", listed
        )


def _metric(name: str, text: str, samples: Sequence[tuple[Mapping[str, str], int]]) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(label)}"' for key, label in labels.items())
        yield f"{name}{{{inside}}} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
