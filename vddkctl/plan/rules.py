"""Which part of the spec speaks for which provider.

An exact name wins over a rule, as a whole: what the exact entry leaves out is not managed. Of several rules that
match, the one written first wins.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from vddkctl.plan.observed import ObjectKey


def provider_key(name: str, namespace: str) -> ObjectKey:
    """The object an exact name means: ``name`` in Forklift's namespace, or ``namespace/name``."""
    head, slash, tail = name.partition("/")
    return ObjectKey("Provider", head, tail) if slash else ObjectKey("Provider", namespace, head)


def matching_rule(rules: Iterable[str], provider: ObjectKey, namespace: str) -> str | None:
    """The first rule that matches. A rule without a namespace only matches in Forklift's own."""
    for rule in rules:
        head, slash, tail = rule.partition("/")
        in_namespace, name = (head, tail) if slash else (namespace, head)
        if fnmatchcase(provider.name, name) and fnmatchcase(provider.namespace, in_namespace):
            return rule
    return None
