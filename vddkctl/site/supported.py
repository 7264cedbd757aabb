"""Parts of a valid spec that this version does not carry out."""

from __future__ import annotations

from collections.abc import Iterator

from vddkctl.site.diagnostic import Diagnostic, KeyPath
from vddkctl.site.source import LoadedSite


def unsupported(loaded: LoadedSite) -> tuple[Diagnostic, ...]:
    """What the spec asks for in vain, in the order of the file; empty when all of it can be done.

    The defaults of the policies are not among it: where no live cluster is written, they hold.
    """
    diagnostics = []
    for path, what in _policy(loaded):
        position = loaded.source.key(*path)
        diagnostics.append(Diagnostic(loaded.source.name, position, path, f"{what} not supported yet"))
    return tuple(sorted(diagnostics, key=lambda d: (d.position.line, d.position.column, d.message)))


def _policy(loaded: LoadedSite) -> Iterator[tuple[KeyPath, str]]:
    policy = loaded.site.policy
    if loaded.site.cluster.manifests is None:
        return
    for key, value, default in (
        ("conflicts", policy.conflicts, "report"),
        ("activeMigrations", policy.active_migrations, "refuse"),
    ):
        if value != default:
            yield ("policy", key), f"{key}: {value} is"
