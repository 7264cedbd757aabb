"""A plan for people, in the manner of Terraform: only what changes, then one line that sums it up."""

from __future__ import annotations

from collections.abc import Iterator

from vddkctl.oci.reference import parse
from vddkctl.plan.model import Plan, PlanWarning, Summary
from vddkctl.report.style import PLAIN, Style
from vddkctl.report.words import plural
from vddkctl.visible import shown, some


def plan_text(plan: Plan, style: Style = PLAIN) -> str:
    """The whole plan, with a final line break."""
    return "\n".join(_lines(plan, style)) + "\n"


def summary_line(plan: Plan) -> str:
    """``Plan: 1 to create, 2 to update, 0 to release; 12 unchanged.``."""
    counts: Summary = plan.summary
    if not plan.changes and plan.kind == "rollback":
        return _nothing_to_go_back(plan)
    if not plan.changes:
        return f"No changes: {plural(counts.unchanged, 'address is', 'addresses are')} as declared."
    replaced = f"{counts.replace} to replace, " if counts.replace else ""
    return (
        f"Plan: {counts.create} to create, {counts.update} to update, {replaced}{counts.release} to release; "
        f"{counts.unchanged} unchanged."
    )


def _nothing_to_go_back(plan: Plan) -> str:
    from vddkctl.plan.rollback import LOST, STAYS

    other = {*(each.address for each in plan.warnings if each.code in (LOST, STAYS)), *plan.gone}
    if not other:
        return f"No changes: all of it is as it was after run {plan.back_to}."
    stay = plural(len(other), "address stays", "addresses stay")
    return f"No changes: {stay} as now, not as after run {plan.back_to}; the rest is as it was."


def head_line(plan: Plan, where: str, style: Style = PLAIN) -> str:
    """``frankfurt: ./gitops, namespace openshift-mtv, harbor.company.com``: the places of settings and of images."""
    hosts = dict.fromkeys(parse(image.reference).host for image in plan.images.values())
    namespace = plan.location.namespace and f"namespace {plan.location.namespace}"
    places = ", ".join(filter(None, [where, namespace, *hosts]))
    return f"{style.paint('bold', shown(plan.site))}: {shown(places)}"


def _lines(plan: Plan, style: Style) -> Iterator[str]:
    yield head_line(plan, plan.location.manifests or plan.location.context or "", style)
    if plan.kind == "rollback":
        yield f"back to the state after run {plan.back_to}"
    yield ""
    if plan.changes:
        from vddkctl.report.change_text import change_lines

        for change in plan.changes:
            yield from change_lines(change, plan.tags, style)
        yield ""
    if plan.warnings:
        yield from warning_lines(plan.warnings, style)
        yield ""
    yield style.paint("bold", summary_line(plan))


def warning_lines(warnings: tuple[PlanWarning, ...], style: Style) -> Iterator[str]:
    """Warnings, the same words for several addresses on one line."""
    groups: dict[tuple[str, str], list[str]] = {}
    for warning in warnings:
        groups.setdefault((warning.code, warning.message), []).append(warning.address)
    for (code, message), addresses in groups.items():
        yield f"  {style.paint('yellow', '!')} {shown(some(addresses))}: {shown(message)} [{code}]"
