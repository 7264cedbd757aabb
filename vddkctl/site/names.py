"""The keys under ``providers``: a name, ``namespace/name``, or a rule with ``*``, ``?`` or ``[…]``."""

from __future__ import annotations

import re

from vddkctl.site.words import quoted

_GLOB = re.compile(r"[*?\[]")
_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_RULE = re.compile(r"(?:[-a-z0-9.*?]|\[!?[-a-z0-9.]+\])+")


def is_rule(name: str) -> bool:
    """Whether this is a rule and not one provider's name."""
    return bool(_GLOB.search(name))


def flaw_of_provider_name(name: str) -> str | None:
    """What is wrong with a key under ``providers``; None when nothing is."""
    namespace, slash, last = name.rpartition("/")
    if name != name.lower():
        return f"the names of providers are in lower case, and {quoted(name)} is not"
    if not last or (slash and not namespace) or "/" in namespace:
        return f"expected a name, namespace/name, or a rule such as edge-*, got {quoted(name)}"
    for part, plain in ((last, _NAME), *([(namespace, _NAMESPACE)] if slash else [])):
        if is_rule(part):
            if not _RULE.fullmatch(part):
                return f"{quoted(part)} is not a rule: a name with * (any text), ? or [a-f] (one character) in it"
        elif not plain.fullmatch(part):
            return f"{quoted(part)} is not a Kubernetes name (lower-case letters, digits, - and .)"
    return None
