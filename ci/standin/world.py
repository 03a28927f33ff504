"""What happens at the door, told in both APIs' words: tables A to C of the rulings, as data.

A happening gives the v3 event, the v1 record, or both, always of one instant. The readings that are
taken here: `open` for `door`, fields of other kinds filled with zero values, one constant uid for
all strangers, cards of 14 upper-case digits, scores up to 100, seconds in v3 and milliseconds in
v1, `user` null and `recognitionType` 0 for nobody, an alarm's code only when it is raised. Who
keeps and sends what came of it is not known here.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from web import Json

STRANGER_UID = "0000-SOMEBODY"


class Unknown(ValueError):
    """A stimulus that this device does not know; the text says which and what it knows."""


class Told(NamedTuple):
    """One thing that happened: a v3 event without its number, a v1 type and data, or both."""

    event: Json | None
    record: tuple[int, Json] | None


@dataclass(frozen=True)
class Person:
    """An enrolled person. `kind`: 1 employee, 2 visitor, 5 on the blocklist."""

    uid: str
    name: str
    kind: int
    card: str

    def user(self) -> Json:
        """The person as the `user` of a type 0 record."""
        visits = self.kind == 2
        return {
            "name": self.name,
            "user_id": self.uid,
            "type": self.kind,
            "ic_number": self.card,
            "job_number": "" if visits else self.uid[-4:],
            "id_number": "",
            "guest_time_start": 1700000000000 if visits else 0,
            "guest_time_end": 1900000000000 if visits else 0,
            "remark": "门" * 85 + "!",  # 256 bytes, the most that is allowed
            "pin": "",
            "groups": [{"id": "7", "name": "Gatekeepers' guild"}],
        }


ROSTER = [
    Person("TUID-2001", "Wren Able", 1, "0x04A1B2C3D4E5F6"),
    Person("TUID-2002", "Odd Baker", 1, "0x04A1B2C3D4E5F7"),
    Person("TUID-2003", "Ida Cooper", 1, "0x04A1B2C3D4E5F8"),
    Person("TUID-3001", "Val Guest", 2, "0x04A1B2C3D4E600"),
    Person("TUID-5001", "Max Unwelcome", 5, "0x04A1B2C3D4E601"),
]
UNKNOWN_CARD = "0x04FFFFFFFFFFFF"


class Verdict(NamedTuple):
    """A row of table C. `recognition` is the kind of person it is given to; 0 is nobody."""

    state: int
    recognition: int
    abnormal: int
    passed: bool = False


VERDICTS = {
    "accepted": Verdict(4, 1, 0, passed=True),
    "not-yet-valid": Verdict(1, 1, 20002),
    "disabled": Verdict(1, 1, 20002),
    "expired": Verdict(2, 1, 20002),
    "no-permission": Verdict(3, 1, 20002),
    "outside-hours": Verdict(3, 1, 20002),
    "blocklisted": Verdict(3, 5, 0),
    "visitor-too-early": Verdict(1, 2, 20001),
    "visitor-outside-the-window": Verdict(2, 2, 20001),
    "stranger": Verdict(0, 3, 0),
    "not-live": Verdict(0, 4, 0),
    "fever": Verdict(4, 1, 40001),
    "unknown-card": Verdict(0, 0, 30002),
    "invalid-code": Verdict(0, 0, 30003),
    "invalid-id-card": Verdict(0, 0, 30001),
    "mismatch": Verdict(3, 1, 10002),
    "wrong-pin": Verdict(3, 1, 70001),
    "too-many": Verdict(3, 1, 70002),
}
OF_ANYBODY = set(list(VERDICTS)[:9])  # up to the visitor's: not tied to one way of entering
REASONS = {
    "face": OF_ANYBODY | {"stranger", "not-live", "fever", "mismatch", "wrong-pin", "too-many"},
    "card": OF_ANYBODY | {"unknown-card", "invalid-id-card", "wrong-pin", "too-many"},
    "qrcode": OF_ANYBODY | {"invalid-code", "mismatch"},
    "visitor": {"accepted", "visitor-too-early", "visitor-outside-the-window", "no-permission"},
    "therm": {"accepted", "fever"},
    "pin": OF_ANYBODY | {"wrong-pin", "too-many"},
}
# Table C's words can be put together in more than one way.
SAME_REASONS = {
    "outside-window": "visitor-outside-the-window",
    "visitor-outside-window": "visitor-outside-the-window",
    "too-many-wrong-pins": "too-many",
}
# The same verdict on a visitor has a row of its own.
OF_A_VISITOR = {"not-yet-valid": "visitor-too-early", "expired": "visitor-outside-the-window"}

ENTRY_MODES = {"face": 1, "therm": 1, "qrcode": 2, "visitor": 2, "card": 3, "pin": 12}
ENTRY_MODES_OF_REASONS = {
    ("face", "mismatch"): 4,
    ("card", "invalid-id-card"): 5,
    ("face", "wrong-pin"): 8,
    ("face", "too-many"): 8,
    ("card", "wrong-pin"): 9,
    ("card", "too-many"): 9,
}
MODES = {4: 2, 5: 4, 8: 7, 9: 9}  # table E; mode 3 allows the others

# The sensors: the v3 event each gives, and the alarm code.
SENSORS = {"fire": ("fire", 20003), "disa": ("disa", 10001), "forced-open": ("open", 10002)}
HELD_OPEN, PASSWORD_ATTACK = 10003, 10004
WRONG_PINS_MAX = 4  # the fifth one running is an attack

NO_FIELDS: Json = {
    "uid": "",
    "score": 0,
    "sharp": 0,
    "therm": 0.0,
    "data": "",
    "state": 0,
    "qrcode": "",
}


class World:
    """The people, the door and the alarms. `happen` and `open_door` tell what came of them."""

    def __init__(self, serial: str, seed: int | None) -> None:
        self._serial = serial
        self._chance = random.Random(seed)
        self._alarms: dict[int, str] = {}
        self._alarm_count = 0
        self._wrong_pins = 0
        self._door_is_open = False

    def happen(self, kind: str, state: int, reason: str, now: float) -> list[Told]:
        """What a stimulus leads to, in order; Unknown if it means nothing here."""
        if kind in REASONS:
            return list(self._entry(kind, reason or "accepted", now))
        if kind == "alarm":
            return list(self._alarm(reason, state, now))
        if kind == "door" and reason in ("forced", "forced-open"):
            return self._sensor("forced-open", state, now)
        if reason not in ("", "accepted"):
            raise Unknown(f"{kind} has no reason {reason}; leave it out")
        if kind in ("fire", "disa"):
            return self._sensor(kind, state, now)
        if kind == "push":
            return [Told(_event("push", now, state=state), self._button(now) if state else None)]
        if kind == "door":
            return list(self._door(state, now))
        if kind == "remote":
            return self.open_door("", state, now)
        raise Unknown(f"no event {kind}; known: {', '.join([*REASONS, *OTHER_KINDS])}")

    def open_door(self, uid: str, state: int, now: float) -> list[Told]:
        """A remote opening (1) or closing (0), and what the door's sensor sees of it."""
        remote = Told(_event("remote", now, uid=uid, state=state), None)
        return [remote, *self._door(state, now)] if self._door_is_open != bool(state) else [remote]

    def let_close(self, now: float) -> list[Told]:
        """The door falls shut, if it stands open."""
        return list(self._door(0, now)) if self._door_is_open else []

    def _entry(self, kind: str, reason: str, now: float) -> Iterator[Told]:
        reason = SAME_REASONS.get(reason, reason)
        if kind == "visitor":
            reason = OF_A_VISITOR.get(reason, reason)
        if reason not in REASONS[kind]:
            known = ", ".join(sorted(REASONS[kind]))
            raise Unknown(f"{kind} has no reason {reason}; known: {known}")
        if reason == "wrong-pin":
            self._wrong_pins += 1
            reason = "too-many" if self._wrong_pins > WRONG_PINS_MAX else reason
        verdict = VERDICTS[reason]
        person = self._person(2 if kind == "visitor" else verdict.recognition)
        warmth = 38.6 if reason == "fever" else 36.4 if kind == "therm" else 0.0
        uid = person.uid if person else STRANGER_UID if verdict.recognition else ""
        score = round(self._chance.uniform(80, 99), 1) if kind in ("face", "therm") else 0.0
        if warmth:
            yield Told(_event("therm", now, therm=warmth, uid=uid), None)
        fields: Json = {"uid": uid, "state": verdict.state}
        if kind in ("face", "therm"):
            fields |= {"score": score, "sharp": 71, "therm": warmth}
        elif kind == "card":
            fields |= {"data": person.card if person else UNKNOWN_CARD}
        else:
            fields |= {"qrcode": f"code-{self._chance.getrandbits(32):08x}"}
        name = "face" if kind == "therm" else kind
        entry = ENTRY_MODES_OF_REASONS.get((kind, reason), ENTRY_MODES[kind])
        yield Told(
            None if kind == "pin" else _event(name, now, **fields),
            self._record(entry, verdict, person, now, score=score, warmth=warmth),
        )
        if reason == "too-many":
            yield Told(None, self._raise(PASSWORD_ATTACK, now))
        elif reason == "accepted":
            self._wrong_pins = 0
            yield from self._end(PASSWORD_ATTACK, now)

    def _person(self, kind: int) -> Person | None:
        people = [person for person in ROSTER if person.kind == kind]
        return self._chance.choice(people) if people else None

    def _record(
        self,
        entry: int,
        verdict: Verdict,
        person: Person | None,
        now: float,
        *,
        score: float = 0.0,
        warmth: float = 0.0,
    ) -> tuple[int, Json]:
        mismatch_of_a_code = verdict.abnormal == 10002 and entry == 2
        return 0, {
            "deviceSN": self._serial,
            "recognitionType": person.kind if person else verdict.recognition,
            "entry_mode": entry,
            "abnormal_type": 10003 if mismatch_of_a_code else verdict.abnormal,
            "uuid": str(uuid.UUID(int=self._chance.getrandbits(128), version=4)),
            "recognizeScore": score,
            "mask": 0,
            "mode": MODES.get(entry, 3),
            "rgb_image": "",
            "bodyTemperature": warmth,
            "pass": verdict.passed,
            "timestamp": int(now * 1000),
            "user": person.user() if person else None,
        }

    def _button(self, now: float) -> tuple[int, Json]:
        return self._record(11, Verdict(0, 0, 0, passed=True), None, now)

    def _door(self, state: int, now: float) -> Iterator[Told]:
        self._door_is_open = bool(state)
        yield Told(_event("open", now, state=state), None)
        if not state:
            yield from self._end(SENSORS["forced-open"][1], now)
            yield from self._end(HELD_OPEN, now)

    def _sensor(self, sensor: str, state: int, now: float) -> list[Told]:
        """A contact may trigger again while it is on; it cannot be let go twice."""
        name, code = SENSORS[sensor]
        if name == "open" and not state:
            return list(self._door(0, now))
        if name == "open":
            self._door_is_open = True
        event = _event(name, now, state=state)
        if state:
            return [Told(event, self._raise(code, now))]
        return [Told(event, told.record) for told in self._end(code, now)]

    def _alarm(self, reason: str, state: int, now: float) -> Iterator[Told]:
        if reason in SENSORS:
            yield from self._sensor(reason, state, now)
        elif reason == "held-open" and state:
            self._door_is_open = True
            yield Told(None, self._raise(HELD_OPEN, now))
        elif reason == "held-open":
            yield from self.let_close(now)
        elif reason not in ("", "accepted", "password-attack"):
            known = ", ".join([*SENSORS, "held-open", "password-attack"])
            raise Unknown(f"alarm has no reason {reason}; known: {known}")
        elif state:
            yield from self._entry("pin", "too-many", now)
        else:
            self._wrong_pins = 0
            yield from self._end(PASSWORD_ATTACK, now)

    def _raise(self, code: int, now: float) -> tuple[int, Json]:
        self._alarm_count += 1
        trace = f"{self._serial}-{int(now * 1000)}-{self._alarm_count}"
        self._alarms[code] = trace
        return 1, {"trace_id": trace, "code": code, "event_time": int(now * 1000), "status": 1}

    def _end(self, code: int, now: float) -> Iterator[Told]:
        """The end of an alarm that is on: the trace it was raised with, and no code (R-V1-13)."""
        if trace := self._alarms.pop(code, None):
            ended = {"trace_id": trace, "event_time": int(now * 1000), "status": 3}
            yield Told(None, (1, ended))


OTHER_KINDS = ["door", "remote", "push", "fire", "disa", "alarm", "network"]


def _event(name: str, now: float, **fields: object) -> Json:
    return {"timestamp": int(now), "event": name, **NO_FIELDS, **fields}
