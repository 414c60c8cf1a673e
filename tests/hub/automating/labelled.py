"""Pairs of automations with what is known of them, after the examples of the published work.

Paraphrased, none copied: HomeGuard (NDSS 2020), iRuler (CCS 2019), IoTMon (CCS 2018), Soteria (ATC 2018),
IoTCOM (ISSTA 2020), AutoTap (ICSE 2019) and the openHAB studies; and our own opposites of each, in which
a condition, a room or an instance takes the conflict away.
"""

from __future__ import annotations

from omamori.documents import automation as doc

Spec = tuple[str, list[doc.Automation], set[str]]
"""What it is, the automations, and the kinds of which at least one must be found (none: none may)."""

OPERATORS = ("<=", ">=", "!=", "<", ">", "=")


def test_of(told: str) -> tuple[str, str, str, doc.Value]:
    """`heater.power=on` in its parts."""
    sign = next(one for one in OPERATORS if one in told)
    left, _, right = told.partition(sign)
    thing, _, attribute = left.partition(".")
    try:
        value: doc.Value = float(right)
    except ValueError:
        value = right
    return thing, attribute, sign, value


def trigger(told: str) -> doc.Trigger:
    form, _, rest = told.partition(" ")
    if form == "at":
        return doc.TimeTrigger(rest)
    if form in {"sunrise", "sunset"}:
        return doc.SunTrigger(form, float(rest or 0))
    if form == "event":
        return doc.EventTrigger(rest)
    bare, _, for_s = told.partition(" for ")
    if not any(one in bare for one in OPERATORS):
        thing, _, attribute = bare.partition(".")
        return doc.StateTrigger(thing, attribute, "changes")
    thing, attribute, sign, value = test_of(bare)
    return doc.StateTrigger(thing, attribute, sign, value, for_s=float(for_s or 0))


def condition(told: str) -> doc.Condition:
    form, _, rest = told.partition(" ")
    if form == "from":
        after, _, before = rest.partition(" to ")
        return doc.TimeIs(after, before)
    if form == "on":
        return doc.TimeIs(days=tuple(rest.split()))
    if form == "sun":
        return doc.SunIs(rest)
    thing, attribute, sign, value = test_of(told)
    return doc.StateIs(thing, attribute, sign, value)


def action(told: str) -> doc.Action:
    form, _, rest = told.partition(" ")
    if form == "wait":
        return doc.Delay(float(rest))
    if form == "disable":
        return doc.Turn(rest, "off")
    if form == "do":
        thing, _, command = rest.partition(".")
        return doc.Command(thing, command)
    thing, attribute, _, value = test_of(told)
    return doc.SetPoint(thing, attribute, value)


def rule(name: str, when: str, then: str, if_: str = "") -> doc.Automation:
    """One automation: parts are parted by `;`."""
    return doc.Automation(
        name,
        tuple(trigger(one.strip()) for one in when.split(";")),
        tuple(action(one.strip()) for one in then.split(";")),
        conditions=tuple(condition(one.strip()) for one in if_.split(";") if one.strip()),
    )


def pair(told: str, one: tuple[str, ...], other: tuple[str, ...], *kinds: str) -> Spec:
    return told, [rule("a", *one), rule("b", *other)], set(kinds)


ON, OFF = "lamp.switch=on", "lamp.switch=off"
PAIRS: list[Spec] = [
    # Opposite commands (actuator race, action conflict, strong and weak action contradiction).
    pair("one motion, on and off", ("pir.motion=active", ON), ("pir.motion=active", OFF), "opposite"),
    pair("one minute, on and off", ("at 07:00", ON), ("at 07:00", OFF), "opposite"),
    pair("sunset, on and off", ("sunset", ON), ("sunset", OFF), "opposite"),
    pair("two minutes", ("at 07:00", ON), ("at 08:00", OFF)),
    pair("sunrise and sunset", ("sunset", ON), ("sunrise", OFF)),
    pair("eight in the morning and sunset", ("at 08:00", OFF), ("sunset", ON)),
    pair("half past six and sunset", ("at 18:30", OFF), ("sunset", ON), "opposite"),
    pair("motion and no motion", ("pir.motion=active", ON), ("pir.motion=inactive", OFF)),
    pair("two buttons", ("event left", ON), ("event right", OFF)),
    pair("one button", ("event left", ON), ("event left", OFF), "opposite"),
    pair("by day and by night", ("pir.motion=active", ON, "sun down"), ("pir.motion=active", OFF, "sun up")),
    pair("two times of day", ("pir.motion=active", ON, "from 18:00 to 23:00"), ("pir.motion=active", OFF, "from 23:00 to 06:00")),
    pair("times that overlap", ("pir.motion=active", ON, "from 18:00 to 23:30"), ("pir.motion=active", OFF, "from 23:00 to 06:00"), "opposite"),
    pair("days that exclude", ("at 07:00", ON, "on sat sun"), ("at 07:00", OFF, "on mon tue")),
    pair("days that overlap", ("at 07:00", ON, "on sat sun"), ("at 07:00", OFF, "on sun mon"), "opposite"),
    pair("modes that exclude", ("pir.motion=active", ON, "house.mode=home"), ("pir.motion=active", OFF, "house.mode=away")),
    pair("not that mode", ("pir.motion=active", ON, "house.mode!=away"), ("pir.motion=active", OFF, "house.mode=away")),
    pair("thresholds apart", ("pir.motion=active", ON, "lux.illuminance<50"), ("pir.motion=active", OFF, "lux.illuminance>100")),
    pair("thresholds that touch", ("pir.motion=active", ON, "lux.illuminance<50"), ("pir.motion=active", OFF, "lux.illuminance>=50")),
    pair("thresholds that overlap", ("pir.motion=active", ON, "lux.illuminance<100"), ("pir.motion=active", OFF, "lux.illuminance>50"), "opposite"),
    pair("two lamps", ("pir.motion=active", "lamp1.switch=on"), ("pir.motion=active", "lamp2.switch=off")),
    pair("two sensors, one lamp", ("pir1.motion=active", ON), ("pir2.motion=inactive", OFF), "opposite"),
    pair("hot and raining: the window", ("temp.temperature>30", "window.contact=open", "tv.switch=on"), ("rain.leak=wet", "window.contact=closed", "tv.switch=on"), "opposite"),
    pair("locked and unlocked", ("car.presence=home", "lock.lock=unlocked"), ("car.presence=home", "lock.lock=locked"), "opposite"),
    pair("locked when away, unlocked at home", ("car.presence=home", "lock.lock=unlocked"), ("car.presence=away", "lock.lock=locked")),
    pair("two set points", ("at 22:00", "thermostat.heatingSetpoint=18"), ("at 22:00", "thermostat.heatingSetpoint=22"), "opposite"),
    pair("two modes of a thermostat", ("window.contact=open", "thermostat.thermostatMode=off"), ("temp.temperature<18", "thermostat.thermostatMode=heat"), "opposite"),
    pair("the switch of a thermostat by two", ("temp.temperature<18", "heater.switch=on"), ("temp.temperature>22", "heater.switch=off")),
    pair("heating on below 24, off above 22", ("temp.temperature<24", "heater.switch=on"), ("temp.temperature>22", "heater.switch=off"), "opposite"),
    pair("by their commands' names", ("pir.motion=active", "do lamp.on"), ("pir.motion=active", "do lamp.turn_off"), "opposite"),
    # Repeated.
    pair("the same twice", ("pir.motion=active", ON), ("pir.motion=active", ON), "repeated"),
    pair("the same at two times", ("at 07:00", ON), ("at 08:00", ON)),
    pair("the same, excluded by its mode", ("at 07:00", ON, "house.mode=home"), ("at 07:00", ON, "house.mode=away")),
    # Chains (covert trigger, strong and weak trigger cascade).
    pair("the lamp sets off the heater", ("pir.motion=active", ON), ("lamp.switch=on", "plug.switch=on"), "chain"),
    pair("the lamp, but off", ("pir.motion=active", ON), ("lamp.switch=off", "plug.switch=on")),
    pair("another lamp", ("pir.motion=active", ON), ("lamp9.switch=on", "plug.switch=on")),
    pair("the lock sets off the lamp", ("car.presence=home", "lock.lock=unlocked"), ("lock.lock=unlocked", ON), "chain"),
    pair("a chain that its time forbids", ("at 07:00", ON), ("lamp.switch=on", "plug.switch=on", "from 20:00 to 23:00")),
    pair("a chain that its mode forbids", ("pir.motion=active", ON, "house.mode=home"), ("lamp.switch=on", "plug.switch=on", "house.mode=away")),
    pair("a level passes a threshold", ("at 20:00", "lamp.level=80"), ("lamp.level>50", "plug.switch=on"), "chain"),
    pair("a level stays under it", ("at 20:00", "lamp.level=30"), ("lamp.level>50", "plug.switch=on")),
    # Rounds.
    pair("on, off, on, off", ("lamp.switch=on", OFF), ("lamp.switch=off", ON), "loop"),
    pair("two lamps chase each other", ("l1.switch=on", "l2.switch=on;l1.switch=off"), ("l2.switch=on", "l1.switch=on;l2.switch=off"), "loop"),
    pair("two ends of a stair, kept alike", ("l1.switch=on", "l2.switch=on"), ("l2.switch=on", "l1.switch=on"), "chain", "loop"),
    pair("on sets off another", ("lamp.switch=on", "fan1.switch=on"), ("fan1.switch=off", OFF)),
    # Undone, person.
    pair("switched off again by the meter", ("pir.motion=active", ON), ("lamp.switch=on", OFF, "house.mode=saving"), "undoes", "person"),
    pair("heat as soon as it is off", ("event key", "heater.switch=off"), ("heater.switch=off", "heater.switch=on"), "undoes", "person"),
    # Conditions enabled and disabled.
    pair("a mode that the other needs", ("car.presence=away", "house.mode=away"), ("door.contact=open", "horn.siren=on", "house.mode=away"), "enables", "disables", "silences", "chain"),
    pair("a curtain that the other needs shut", ("at 09:00", "shade.windowShade=open"), ("event film", "beamer.switch=on", "shade.windowShade=closed"), "disables"),
    pair("a mode that is not touched", ("car.presence=away", "house.mode=away"), ("door.contact=open", ON, "flat.mode=away")),
    # Against each other in one room; through it.
    pair("heater and window", ("temp.temperature<18", "heater.switch=on"), ("co2.co2>1000", "window.contact=open"), "goals"),
    pair("heater and air conditioner", ("pir.motion=active", "heater.switch=on"), ("pir.motion=active", "aircon.switch=on"), "goals"),
    pair("heater in winter, cooling in summer", ("out.temperature<10", "heater.switch=on;wait 3600;heater.switch=off", "out.temperature<10"), ("out.temperature>28", "aircon.switch=on", "out.temperature>28")),
    pair("damp and dry", ("at 09:00", "humidifier.switch=on"), ("at 09:00", "dehumidifier.switch=on"), "goals"),
    pair("the heater opens the window", ("at 06:00", "heater.switch=on"), ("temp.temperature>25", "window.contact=open"), "room"),
    pair("the heater and a threshold below", ("at 06:00", "heater.switch=on;wait 3600;heater.switch=off"), ("temp.temperature<15", "plug.switch=on")),
    pair("the vacuum is movement", ("at 11:00", "do vacuum.start"), ("pir.motion=active", ON), "room"),
    pair("the lamp is light", ("pir.motion=active", ON), ("lux.illuminance>200", "shade.windowShade=closed"), "room"),
    pair("the lamp and its own sensor", ("lux.illuminance<50", ON), ("lux.illuminance>100", OFF), "room", "room-loop", "undoes"),
    pair("the kettle is steam", ("at 07:00", "kettle.switch=on;wait 300;kettle.switch=off"), ("hum.humidity>70", "fan.switch=on"), "room"),
    pair("the speaker is sound", ("at 07:00", "do speaker.play"), ("mic.sound>60", "notifier.switch=on"), "room"),
    # Safety.
    pair("the smoke rule is disabled", ("event party", "disable b"), ("smoke.smoke=detected", "horn.siren=on"), "silences"),
    pair("the siren is cut off", ("at 22:00", "do horn.off"), ("smoke.smoke=detected", "horn.siren=on"), "silences"),
    pair("another plug is cut off", ("at 22:00", "plug.switch=off"), ("smoke.smoke=detected", "horn.siren=on")),
    pair("unlocked while away", ("at 10:00", "lock.lock=unlocked", "mom.presence=away"), ("at 11:00", "lock.lock=locked"), "unguarded"),
    pair("unlocked for who comes home", ("mom.presence=home", "lock.lock=unlocked"), ("at 23:00", "lock.lock=locked")),
    pair("unlocked in a fire", ("smoke.smoke=detected", "lock.lock=unlocked"), ("at 23:00", "lock.lock=locked", "smoke.smoke=clear")),
    pair("the oven while away", ("at 10:00", "oven.switch=on", "mom.presence=away"), ("at 11:00", "oven.switch=off"), "hot-away"),
    pair("the oven that stays on", ("at 10:00", "oven.switch=on", "mom.presence=home"), ("at 11:00", ON), "stays-on"),
    pair("the oven that is switched off", ("at 10:00", "oven.switch=on", "mom.presence=home"), ("at 11:00", "oven.switch=off")),
    pair("the sprinkler that stays on", ("at 05:00", "sprinkler.switch=on"), ("at 06:00", ON), "stays-on"),
    pair("the sprinkler with an end", ("at 05:00", "sprinkler.switch=on;wait 600;sprinkler.switch=off"), ("at 06:00", ON)),
]  # fmt: skip
