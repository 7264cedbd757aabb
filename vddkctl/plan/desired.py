"""What the spec asks of each object that exists, field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from msgspec import Struct

from vddkctl.errors import ImageError, PlanError
from vddkctl.oci.reference import parse
from vddkctl.plan import fields
from vddkctl.plan.observed import LiveObject, ObjectKey, Observed
from vddkctl.plan.own_secret import named_secret, own_secret, reference_to
from vddkctl.plan.rules import matching_rule, provider_key
from vddkctl.site.diagnostic import Diagnostic, KeyPath
from vddkctl.site.model import (
    INHERIT,
    BufferSizes,
    ControllerSpec,
    CreateSpec,
    ImageSpec,
    Policy,
    ProviderSpec,
)
from vddkctl.site.names import is_rule
from vddkctl.site.source import LoadedSite
from vddkctl.vddk import config_text
from vddkctl.vddk.buffers import PRESETS, Buffers


class Wish(Struct, frozen=True):
    """One field as the spec wants it.

    ``meaning`` is compared and recorded, ``after`` is what would be written; None unsets the field. ``image`` names
    the declared image the value comes from.
    """

    path: str
    meaning: str | None
    after: Any
    image: str | None = None


class Target(Struct, frozen=True):
    """An object the spec speaks of: the wishes for it, and the part of the spec that has them."""

    live: LiveObject
    entry: KeyPath
    wishes: tuple[Wish, ...]
    buffers: Buffers | None = None


class Creation(Struct, frozen=True):
    """A provider to be: the part of the spec that has it, and the settings that it begins with."""

    entry: str
    spec: CreateSpec
    wishes: tuple[Wish, ...]
    buffers: Buffers | None = None


class Mistake(Struct, frozen=True):
    """Why there is no plan for an address."""

    address: str
    diagnostic: Diagnostic


class Desired(Struct, frozen=True):
    """All targets by object, rules without a match, and what makes a plan impossible.

    ``missing`` are declared providers that were there at the last apply: a mistake now, and somebody's doing.
    ``created`` are providers that the spec creates, since they are not there.
    """

    targets: Mapping[ObjectKey, Target]
    created: Mapping[ObjectKey, Creation]
    idle_rules: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    missing: tuple[Mistake, ...] = ()


def desired(loaded: LoadedSite, observed: Observed) -> Desired:
    """Resolve names, rules, presets and images against what exists."""
    targets: dict[ObjectKey, Target] = {}
    mistakes: list[Mistake] = []
    missing: list[Mistake] = []
    image_value = _image_values(loaded, observed)
    if loaded.site.controller.model_fields_set:
        found = the_controller(observed)
        if isinstance(found, str):
            last = _last_controller(observed)
            address = last or f"controller.{observed.cluster.namespace}/forklift-controller"
            there = " (it was there at the last apply)" if last else ""
            mistake = Mistake(address, _diagnostic(loaded, ("controller",), found + there))
            (missing if last else mistakes).append(mistake)
        else:
            wishes = tuple(_controller_wishes(loaded.site.controller, image_value))
            targets[found.key] = Target(found, ("controller",), wishes)
    chosen, idle = _choose_providers(loaded, observed, mistakes, missing)
    created = dict(_created(loaded, observed, image_value))
    for live, name in chosen:
        spec = loaded.site.providers[name]
        buffers = _buffers(spec)
        wishes = (
            *_provider_wishes(spec, live, buffers, image_value),
            *_begun_with(spec, live, observed),
            *_login(spec, live, observed),
        )
        targets[live.key] = Target(live, ("providers", name), wishes, buffers)
    return Desired(targets, created, idle, tuple(mistakes), tuple(missing))


def pull_reference(image: ImageSpec, digest: str, policy: Policy) -> str:
    """What is written into the cluster for a declared image."""
    repository = image.cluster_repository or image.repository
    return f"{repository}@{digest}" if policy.pin == "digest" else f"{repository}:{image.tag}"


def _last_controller(observed: Observed) -> str | None:
    """The address of the controller at the last apply, where there is none any more."""
    if observed.record is None or observed.cluster.controllers:
        return None
    return next((a for a in observed.record.applied if a.startswith("controller.")), None)


def was_applied(key: ObjectKey, observed: Observed) -> bool:
    """Whether the last apply set anything of this object."""
    return observed.record is not None and key.address in observed.record.applied


_ImageValue = Callable[[str | None], tuple[str | None, str | None]]


def _image_values(loaded: LoadedSite, observed: Observed) -> _ImageValue:
    site = loaded.site

    def value(said: str | None) -> tuple[str | None, str | None]:
        """(what to write, the declared image it comes from)."""
        if said is None or said == INHERIT:
            return None, None
        if said not in site.images:
            return said, None
        return pull_reference(site.images[said], observed.images[said].digest, site.policy), said

    return value


def _controller_wishes(spec: ControllerSpec, image_value: _ImageValue) -> Iterator[Wish]:
    if spec.manages("vddk_image"):
        value, name = image_value(spec.vddk_image)
        yield Wish(fields.CONTROLLER_IMAGE, value, value, name)


def _provider_wishes(
    spec: ProviderSpec, live: LiveObject, buffers: Buffers | None, image_value: _ImageValue
) -> Iterator[Wish]:
    if spec.create is not None and live.spec:
        yield Wish(fields.URL, spec.create.url, spec.create.url)
    if spec.manages("vddk_image"):
        value, name = image_value(spec.vddk_image)
        yield Wish(fields.PROVIDER_IMAGE, value, value, name)
    if spec.manages("aio"):
        truth = None if spec.aio is None else str(spec.aio).lower()
        yield Wish(fields.AIO, truth, truth)
    if spec.manages("buffers"):
        now = fields.raw_value(live.spec, fields.CONFIG)
        text = now if isinstance(now, str) else None
        meaning = config_text.meaning(buffers) if buffers else None
        yield Wish(fields.CONFIG, meaning, config_text.write(text, buffers))


def _created(
    loaded: LoadedSite, observed: Observed, image_value: _ImageValue
) -> Iterator[tuple[ObjectKey, Creation]]:
    there = {*(provider.key for provider in observed.cluster.providers), *observed.cluster.unseen}
    for name, spec in loaded.site.providers.items():
        if spec.create is None:
            continue
        key = provider_key(name, observed.cluster.namespace)
        if key not in there:
            buffers = _buffers(spec)
            wishes = tuple(_provider_wishes(spec, LiveObject(key, {}, ""), buffers, image_value))
            yield (
                key,
                Creation(name, spec.create, (*wishes, *_default_image(loaded, observed, wishes)), buffers),
            )


def _default_image(loaded: LoadedSite, observed: Observed, wishes: tuple[Wish, ...]) -> Iterator[Wish]:
    """``MTV_VDDK_INIT_IMAGE``, the lowest level: it acts where neither provider nor controller has an image."""
    if not observed.default_image or any(wish.path == fields.PROVIDER_IMAGE for wish in wishes):
        return
    controller = the_controller(observed)
    now = None if isinstance(controller, str) else fields.raw_value(controller.spec, fields.CONTROLLER_IMAGE)
    said = loaded.site.controller
    if not (said.vddk_image if said.manages("vddk_image") else now):
        _check_default(observed.default_image)
        yield Wish(fields.PROVIDER_IMAGE, observed.default_image, observed.default_image)
        yield Wish(fields.DEFAULT_IMAGE, None, None)


def _check_default(image: str) -> None:
    """Raise PlanError for a variable that names no image that a cluster could pull."""
    try:
        reference = parse(image)
    except ImageError as error:
        hint = error.hint or "as in registry.example.com/vddk:8"
        raise PlanError(error.what, where="MTV_VDDK_INIT_IMAGE", hint=hint) from None
    if reference.transport != "docker":
        raise PlanError(
            "a cluster cannot pull from an OCI layout",
            where="MTV_VDDK_INIT_IMAGE",
            hint="expected host/path:tag",
        )


def _begun_with(spec: ProviderSpec, live: LiveObject, observed: Observed) -> Iterator[Wish]:
    """The default image that a provider was created with stays, whatever the variable says now, or who runs this."""
    record, address = observed.record, live.key.address
    known = {**record.intended.get(address, {}), **record.applied.get(address, {})} if record else {}
    now = fields.raw_value(live.spec, fields.PROVIDER_IMAGE)
    asked = spec.create is not None and not spec.manages("vddk_image")
    if asked and fields.DEFAULT_IMAGE in known and fields.PROVIDER_IMAGE in live.owned and now:
        yield Wish(fields.PROVIDER_IMAGE, now, now)
        yield Wish(fields.DEFAULT_IMAGE, None, None)


def _login(spec: ProviderSpec, live: LiveObject, observed: Observed) -> Iterator[Wish]:
    """The Secret that a provider has stays its own, as it names it."""
    if spec.create is None or not observed.cluster.live:
        return
    own = own_secret(live, observed.record)
    if own is not None:
        named = live.spec["secret"] if named_secret(live) == own else reference_to(own)
        yield Wish(fields.LOGIN, fields.secret_meaning(named), named)


def _buffers(spec: ProviderSpec) -> Buffers | None:
    if isinstance(spec.buffers, BufferSizes):
        return Buffers(spec.buffers.size_in_64k, spec.buffers.count)
    return PRESETS[spec.buffers] if spec.buffers else None


def the_controller(observed: Observed) -> LiveObject | str:
    """The ForkliftController, or why there is not exactly one."""
    here = [c for c in observed.cluster.controllers if c.key.namespace == observed.cluster.namespace]
    if len(here) == 1:
        return here[0]
    where = f"{observed.cluster_name}, namespace {observed.cluster.namespace}"
    if here:
        names = ", ".join(f"{c.key.name} ({c.where})" if c.where else c.key.name for c in here)
        return f"{len(here)} ForkliftControllers in {where}: {names}; one is expected"
    others = sorted({c.key.namespace for c in observed.cluster.controllers})
    found = f"; found in: {', '.join(others)} (say which with cluster.namespace)" if others else ""
    return f"no ForkliftController in {where}{found}"


def _choose_providers(
    loaded: LoadedSite, observed: Observed, mistakes: list[Mistake], missing: list[Mistake]
) -> tuple[list[tuple[LiveObject, str]], tuple[str, ...]]:
    namespace = observed.cluster.namespace
    rules = [name for name in loaded.site.providers if is_rule(name)]
    exact = _exact(loaded, namespace, mistakes)
    live = {provider.key: provider for provider in observed.cluster.providers}
    chosen: list[tuple[LiveObject, str]] = []
    for key, name in exact.items():
        if key in observed.cluster.unseen:
            continue
        provider = live.get(key)
        message = _not_usable(key, provider, live, observed)
        if provider and not message:
            chosen.append((provider, name))
        elif provider is None and loaded.site.providers[name].create is not None:
            continue
        else:
            was_there = provider is None and was_applied(key, observed)
            mistake = Mistake(key.address, _diagnostic(loaded, ("providers", name), message))
            (missing if was_there else mistakes).append(mistake)
    used: set[str] = set()
    for key, provider in live.items():
        if provider.spec.get("type") != "vsphere":
            continue
        rule = matching_rule(rules, key, namespace)
        if rule:
            used.add(rule)
            if key not in exact:
                chosen.append((provider, rule))
    return chosen, tuple(rule for rule in rules if rule not in used)


def _exact(loaded: LoadedSite, namespace: str, mistakes: list[Mistake]) -> dict[ObjectKey, str]:
    exact: dict[ObjectKey, str] = {}
    for name in loaded.site.providers:
        if is_rule(name):
            continue
        key = provider_key(name, namespace)
        first = exact.setdefault(key, name)
        if first != name:
            place = loaded.source.key("providers", first)
            message = (
                f'"{name}" and "{first}" (at {place.line}:{place.column}) are one provider; keep one of them'
            )
            mistakes.append(Mistake(key.address, _diagnostic(loaded, ("providers", name), message)))
    return exact


def _diagnostic(loaded: LoadedSite, path: KeyPath, message: str) -> Diagnostic:
    return Diagnostic(loaded.source.name, loaded.source.key(*path), path, message)


def _not_usable(
    key: ObjectKey, provider: LiveObject | None, live: Mapping[ObjectKey, LiveObject], observed: Observed
) -> str:
    if provider:
        kind = provider.spec.get("type")
        return "" if kind == "vsphere" else f"provider {key.name} is of type {kind}; VDDK is for vsphere"
    names = [f"{k.namespace}/{k.name}" for k in live]
    close = get_close_matches(f"{key.namespace}/{key.name}", names, n=1)
    hint = f'; did you mean "{close[0].removeprefix(observed.cluster.namespace + "/")}"?' if close else ""
    gone = " (it was there at the last apply)" if was_applied(key, observed) else ""
    return f"no Provider {key.name} in {observed.cluster_name}, namespace {key.namespace}{gone}{hint}"
