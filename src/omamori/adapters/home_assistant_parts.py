"""The parts of a Home Assistant automation: each trigger, condition and action in the neutral form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from omamori.adapters.home_assistant_values import (
    TEXT_MAX,
    bound,
    clock,
    entities,
    many,
    seconds,
    text,
    value_of,
    values_of,
)
from omamori.documents import automation as doc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NESTED_MAX = doc.DEPTH_MAX - 6

_EASY_TEMPLATE = re.compile(
    r"\{\{\s*is_state\(\s*['\"]([a-z_0-9]+\.\w+)['\"]\s*,\s*['\"]([\w ]+)['\"]\s*\)\s*\}\}"
)
_COMPARE = re.compile(
    r"\{\{\s*states\(\s*['\"]([a-z_0-9]+\.\w+)['\"]\s*\)\s*\|\s*(?:float|int)(?:\([-\d.]*\))?\s*"
    r"(<=|>=|<|>|==|!=)\s*(-?\d+(?:\.\d+)?)\s*\}\}"
)
_TOLD_BY = frozenset({"notify", "persistent_notification", "tts", "logbook", "system_log"})
_EXTRA = {
    "brightness_pct": ("brightness_percent", 1.0),
    "brightness": ("brightness_percent", 100 / 255),
    "color_temp_kelvin": ("color_temperature_k", 1.0),
    "kelvin": ("color_temperature_k", 1.0),
    "percentage": ("fan_percent", 1.0),
    "volume_level": ("volume_percent", 100.0),
    "temperature": ("target_temperature_c", 1.0),
}
_GIVEN = (
    "position", "hvac_mode", "temperature", "volume_level", "percentage", "option", "value",
    "is_volume_muted", "operation_mode", "preset_mode", "source",
)  # fmt: skip


_JOINED: dict[str, type[doc.AllOf | doc.AnyOf | doc.NotAny]] = {
    "and": doc.AllOf,
    "or": doc.AnyOf,
    "not": doc.NotAny,
}


class Parts:
    """Reads parts; what it does not understand becomes "unknown", never nothing."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def automation(self, id_: str, told: dict[str, Any]) -> doc.Automation:
        """One automation."""
        name = text(told.get("alias") or "")
        if name:
            self._names.setdefault("automation." + _slug(name), id_)
        self._names.setdefault("automation." + _slug(id_), id_)
        triggers = [
            made
            for one in many(told.get("triggers", told.get("trigger")))
            for made in self.triggers(one)
        ]
        conditions = self.conditions(told.get("conditions", told.get("condition")))
        mode = text(told.get("mode") or "single")
        is_on = told.get("initial_state") is not False and told.get("enabled") is not False
        return doc.Automation(
            id_,
            tuple(triggers[: doc.PARTS_MAX]),
            self.actions(told.get("actions", told.get("action"))),
            name,
            conditions,
            mode if mode in doc.MODES else "single",
            is_on=is_on,
        )

    def resolved(self, automations: dict[str, doc.Automation]) -> dict[str, doc.Automation]:
        """The same with switched automations named by their ids."""
        return {
            id_: msgspec.structs.replace(one, actions=self._named(one.actions))
            for id_, one in automations.items()
        }

    def _named(self, actions: tuple[doc.Action, ...]) -> tuple[doc.Action, ...]:
        return tuple(
            msgspec.structs.replace(one, automation=self._names.get(one.automation, one.automation))
            if isinstance(one, doc.Turn)
            else one
            for one in actions
        )

    # Triggers.

    def triggers(self, told: object) -> Iterator[doc.Trigger]:
        """The triggers that one entry stands for: one per entity, one per time."""
        if not isinstance(told, dict) or told.get("enabled") is False:
            return
        form = text(told.get("trigger") or told.get("platform"))
        id_ = text(told.get("id") or "")
        if form in {"state", "numeric_state"} and any(entities(told.get("entity_id"))):
            yield from self._states(told, form, id_)
        elif form == "time":
            for at in many(told.get("at")):
                yield doc.TimeTrigger(clock(at), id=id_) if clock(at) else _event(form, at, id_)
        elif form == "sun":
            event = "sunrise" if told.get("event") == "sunrise" else "sunset"
            offset_s = max(-86_400.0, min(seconds(told.get("offset")), 86_400.0))
            yield doc.SunTrigger(event, offset_s, id_)
        elif form == "zone":
            value = "home" if told.get("zone") == "zone.home" else text(told.get("zone"))
            is_in = told.get("event") != "leave"
            for one in entities(told.get("entity_id")):
                yield doc.StateTrigger(one, "", "=" if is_in else "!=", value, id=id_)
        elif form == "time_pattern":
            every = [text(told.get(unit)) for unit in ("hours", "minutes", "seconds")]
            yield _event(form, every, id_)
        else:
            yield _event(form, {key: told[key] for key in told if key != "id"}, id_)

    def _states(self, told: dict[str, Any], form: str, id_: str) -> Iterator[doc.Trigger]:
        attribute, for_s = text(told.get("attribute") or ""), max(seconds(told.get("for")), 0.0)
        for one in entities(told.get("entity_id")):
            if form == "state":
                value, before = values_of(told.get("to")), values_of(told.get("from"))
                operator = "changes" if value is None else "in"
                yield doc.StateTrigger(one, attribute, operator, value, before, for_s, id_)
                continue
            above, below = bound(told.get("above")), bound(told.get("below"))
            point = attribute or ("" if "value_template" not in told else "value_template")
            unclear = [told.get(name) for name in ("above", "below", "value_template")]
            if any(part is not None and bound(part) is None for part in unclear):
                yield doc.EventTrigger(text(f"{form} {one} {unclear}"), one, id_)
            elif above is not None:
                yield doc.StateTrigger(one, point, ">", above, None, for_s, id_)
            elif below is not None:
                yield doc.StateTrigger(one, point, "<", below, None, for_s, id_)
            else:
                yield doc.StateTrigger(one, point, "changes", None, None, for_s, id_)

    # Conditions.

    def conditions(self, told: object, depth: int = 0) -> tuple[doc.Condition, ...]:
        """All of a list of conditions."""
        return tuple(self.condition(one, depth) for one in many(told))

    def condition(self, told: object, depth: int = 0) -> doc.Condition:
        """One condition."""
        if depth > NESTED_MAX:
            return doc.Unclear("deep")
        if isinstance(told, str):
            return _template(told)
        if not isinstance(told, dict):
            return doc.Unclear(text(told))
        if told.get("enabled") is False:
            return doc.AllOf(())
        form = text(told.get("condition"))
        for short in ("and", "or", "not"):
            if form == short or (short in told and not form):
                inner = told.get("conditions") if form else told[short]
                return _JOINED[short](self.conditions(inner, depth + 1))
        return self._plain(form, told)

    def _plain(  # noqa: PLR0911 - one line a form
        self, form: str, told: dict[str, Any]
    ) -> doc.Condition:
        if form == "state":
            return self._state_is(told)
        if form == "numeric_state" and "value_template" not in told:
            return _between(told)
        if form == "time":
            return _time_is(told)
        if form == "sun":
            return _sun_is(told)
        if form == "zone":
            home = "home" if told.get("zone") == "zone.home" else text(told.get("zone"))
            return _each(doc.StateIs(one, "", "=", home) for one in entities(told.get("entity_id")))
        if form == "trigger":
            ids = tuple(
                part.strip()[:TEXT_MAX]
                for one in many(told.get("id"))
                for part in text(one).split(",")
            )
            return doc.TriggerIs(ids) if ids else doc.Unclear(form)
        if form == "template":
            return _template(text(told.get("value_template")))
        return doc.Unclear(form)

    def _state_is(self, told: dict[str, Any]) -> doc.Condition:
        value, attribute = values_of(told.get("state")), text(told.get("attribute") or "")
        for_s = max(seconds(told.get("for")), 0.0)
        names = tuple(entities(told.get("entity_id")))
        if value is None or not names:
            return doc.Unclear("state")
        each = tuple(doc.StateIs(one, attribute, "in", value, for_s) for one in names)
        if len(each) == 1:
            return each[0]
        return doc.AnyOf(each) if told.get("match") == "any" else doc.AllOf(each)

    # Actions.

    def actions(self, told: object, depth: int = 0) -> tuple[doc.Action, ...]:
        """A list of actions."""
        made = [one for part in many(told) for one in self.action(part, depth)]
        return tuple(made[: doc.PARTS_MAX])

    def action(self, told: object, depth: int = 0) -> Iterator[doc.Action]:
        """The actions that one entry stands for: one per entity."""
        if isinstance(told, str):
            yield doc.OnlyIf(_template(told))
            return
        if not isinstance(told, dict) or depth > NESTED_MAX:
            yield doc.Unclear(text(type(told).__name__))
            return
        if told.get("enabled") is False:
            return
        service = told.get("action") or told.get("service") or told.get("service_template")
        if isinstance(service, str):
            yield from self._service(service, told)
        elif "delay" in told:
            yield doc.Delay(max(seconds(told["delay"]), 0.0))
        elif "wait_template" in told or "wait_for_trigger" in told:
            yield doc.Wait(doc.Unclear("wait"), max(seconds(told.get("timeout")), 0.0))
        elif "scene" in told and isinstance(told["scene"], str):
            yield doc.ApplyScene(text(told["scene"]))
        elif "stop" in told:
            yield doc.Stop()
        elif "condition" in told or ({"and", "or", "not"} & set(told)):
            yield doc.OnlyIf(self.condition(told, depth + 1))
        else:
            yield from self._nested(told, depth)

    def _nested(self, told: dict[str, Any], depth: int) -> Iterator[doc.Action]:
        if "choose" in told:
            branches = tuple(
                doc.Branch(
                    self.conditions(one.get("conditions"), depth + 1),
                    self.actions(one.get("sequence"), depth + 2),
                )
                for one in many(told["choose"])
                if isinstance(one, dict)
            )
            yield doc.Choose(branches, self.actions(told.get("default"), depth + 2))
        elif "if" in told:
            then = doc.Branch(
                self.conditions(told["if"], depth + 1), self.actions(told.get("then"), depth + 2)
            )
            yield doc.Choose((then,), self.actions(told.get("else"), depth + 2))
        elif isinstance(told.get("repeat"), dict):
            yield doc.Repeat(self.actions(told["repeat"].get("sequence"), depth + 2))
        elif "parallel" in told or "sequence" in told:
            inner = told.get("parallel", told.get("sequence"))
            yield doc.Together(self.actions(inner, depth + 2))
        elif "variables" not in told:
            yield doc.Unclear(text(", ".join(sorted(map(str, told))[:4])))

    def _service(  # noqa: C901 - one line a domain
        self, service: str, told: dict[str, Any]
    ) -> Iterator[doc.Action]:
        domain, _, verb = service.strip().partition(".")
        given = {**_dict(told.get("data_template")), **_dict(told.get("data"))}
        target = _dict(told.get("target"))
        names = [
            *entities(told.get("entity_id")), *entities(target.get("entity_id")),
            *entities(given.get("entity_id")),
        ][: doc.PARTS_MAX]  # fmt: skip
        if domain in _TOLD_BY or "{" in service:
            yield doc.Notify() if domain in _TOLD_BY else doc.Unclear(text(service))
        elif domain == "scene" and verb == "turn_on":
            yield from (doc.ApplyScene(one) for one in names)
        elif domain == "scene" and verb == "apply":
            yield from self.scene(given.get("entities"))
        elif domain == "script":
            yield from (doc.RunScript(one) for one in (names or [text(service)]))
        elif domain == "automation" and verb in {"turn_on", "turn_off", "trigger"}:
            to = verb.removeprefix("turn_")
            yield from (doc.Turn(self._names.get(one, one), to) for one in names)
        else:
            if not names:
                yield doc.Unclear(text(service))
            for one in names:
                if one.startswith("scene.") and verb == "turn_on":
                    yield doc.ApplyScene(one)
                elif one.startswith("script.") and verb == "turn_on":
                    yield doc.RunScript(one)
                elif one.startswith("automation.") and verb in {"turn_on", "turn_off"}:
                    yield doc.Turn(self._names.get(one, one), verb.removeprefix("turn_"))
                else:
                    yield from _command(one, service.strip(), verb, given)

    def scene(self, told: object) -> tuple[doc.SetPoint, ...]:
        """What a scene sets."""
        made = []
        for name, state in _dict(told).items():
            if not any(entities(str(name))):
                continue
            main = state.get("state") if isinstance(state, dict) else state
            if main is not None:
                made.append(doc.SetPoint(str(name), "", value_of(main)))
        return tuple(made[: doc.PARTS_MAX])


def _dict(told: object) -> dict[Any, Any]:
    return told if isinstance(told, dict) else {}


def _slug(name: str) -> str:
    told = "".join(one if one.isalnum() else "_" for one in name.lower())
    return "_".join(part for part in told.split("_") if part)


def _event(form: str, told: object, id_: str) -> doc.EventTrigger:
    return doc.EventTrigger(text(f"{form} {told}"), "", id_)


def _each(of: Iterable[doc.Condition]) -> doc.Condition:
    made = tuple(of)
    return made[0] if len(made) == 1 else doc.AllOf(made) if made else doc.Unclear("nothing named")


def _between(told: dict[str, Any]) -> doc.Condition:
    above, below = bound(told.get("above")), bound(told.get("below"))
    attribute = text(told.get("attribute") or "")
    made: list[doc.Condition] = []
    for one in entities(told.get("entity_id")):
        if above is not None:
            made.append(doc.StateIs(one, attribute, ">", above))
        if below is not None:
            made.append(doc.StateIs(one, attribute, "<", below))
    if told.get("above") is not None and above is None:
        made.append(doc.Unclear("above"))
    if told.get("below") is not None and below is None:
        made.append(doc.Unclear("below"))
    return _each(made)


def _time_is(told: dict[str, Any]) -> doc.Condition:
    after, before = told.get("after"), told.get("before")
    days = tuple(day for day in (text(one) for one in many(told.get("weekday"))) if day in doc.DAYS)
    plain = doc.TimeIs(clock(after) if after else "", clock(before) if before else "", days)
    if (after and not plain.after) or (before and not plain.before):
        return doc.AllOf((doc.TimeIs(days=days), doc.Unclear("time of a helper")))
    return plain


def _sun_is(told: dict[str, Any]) -> doc.Condition:  # noqa: PLR0911 - one line a case
    after, before = told.get("after"), told.get("before")
    if told.get("after_offset") or told.get("before_offset"):
        return doc.Unclear("sun with an offset")
    if after == "sunset" and before == "sunrise":
        return doc.SunIs("down")
    if (after, before) == ("sunrise", "sunset"):
        return doc.SunIs("up")
    if after == "sunset" and before is None:
        return doc.AllOf((doc.SunIs("down"), doc.TimeIs("15:00", "")))
    if before == "sunrise" and after is None:
        return doc.AllOf((doc.SunIs("down"), doc.TimeIs("", "09:30")))
    if after == "sunrise" and before is None:
        return doc.TimeIs("03:00", "")
    if before == "sunset" and after is None:
        return doc.TimeIs("", "22:30")
    return doc.Unclear("sun")


def _template(told: str) -> doc.Condition:
    match = _EASY_TEMPLATE.fullmatch(told.strip())
    if match:
        return doc.StateIs(match[1], "", "=", match[2])
    match = _COMPARE.fullmatch(told.strip())
    if match:
        return doc.StateIs(match[1], "", match[2], float(match[3]))
    return doc.Unclear(text(told))


def _command(thing: str, service: str, verb: str, given: dict[Any, Any]) -> Iterator[doc.Action]:
    value = next((value_of(given[key]) for key in _GIVEN if key in given), None)
    if verb == "volume_set" and isinstance(value, (int, float)):
        value = value * 100
    yield doc.Command(thing, text(service), value)
    if service == "climate.turn_off":  # there it is also a mode, which others set
        yield doc.SetPoint(thing, "mode", "off")
    if verb != "turn_on":
        return
    for key, (point, factor) in _EXTRA.items():
        told = given.get(key)
        if isinstance(told, (int, float)) and not isinstance(told, bool) and abs(told) < 1e6:  # noqa: PLR2004 - far beyond any lamp
            yield doc.SetPoint(thing, point, round(told * factor, 1))
