"""The v3 API: login, the journal, the settings, the remote door, and the reports.

The readings that are taken here: HTTP 4xx with a `retcode`; an action that is not known gets no
answer; fields that make no sense are as good as absent; a `seqnum` that is not kept, too old or not
yet there, is an error; an empty log has null for `min` and `max`; answers end in the trailing
commas of the documents' samples; `log-mode` applies at once; only reports name the device; a login
tells the uptime. One report is under way at a time, none is tried twice, none outlives the network.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from web import TROUBLE, Caller, Json, Message, Reply, destination

BAD_PARAMETER, WRONG_PASSWORD, NO_SUCH = 101, 102, 103
HTTP_STATUS = {BAD_PARAMETER: 400, WRONG_PASSWORD: 403, NO_SUCH: 404}
FETCH_MAX = 20  # events in one answer, whatever `limit` says (R-V3-11: 10 at least)
SLICE_BYTES_MAX = 1 << 16
TOKENS_MAX = 1000
DELAY_S_MAX = 86_400
REPORTS_MAX = 10_000
REPORT_AGE_S_MAX = 10.0  # R-V3-16: over 30 s would be a replay

# One grey pixel, and a comment that makes it longer than one slice of the suite's 32,000 bytes.
PICTURE = bytes.fromhex(
    "ffd8ffdb004300" + "10" * 64 + "ffc0000b080001000101011100"
    "ffc4001400" + "01" + "00" * 16 + "ffc4001410" + "01" + "00" * 16 + "fffe9c42" + "2e" * 40_000
    + "ffda0008010100003f003fffd9"
)

# Each setting: the factory value and what it may be set to. Only the first two wait for a reboot.
SETTINGS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "manager-mode": ("mqtt", lambda value: value in ("mqtt", "none")),
    "report-state-server": ("", lambda value: value == "" or _is_destination(value)),
    "log-mode": ("none", lambda value: value in ("none", "image")),
}


class Refused(Exception):
    """A request is answered with this `retcode`, and nothing has changed."""

    def __init__(self, retcode: int) -> None:
        super().__init__(f"retcode {retcode}")
        self.retcode = retcode


@dataclass(frozen=True)
class Entry:
    """An event as kept: with its `seqnum`, and with a picture or without."""

    event: Json
    picture: bytes


@dataclass(frozen=True)
class Device:
    """What the API asks of the device around it."""

    device_id: str
    open_door: Callable[[str, int, int], None]
    restart: Callable[[], None]


class Api:
    """Answers every request under /api/, and keeps the journal."""

    def __init__(self, device: Device, capacity: int) -> None:
        self._device = device
        self._journal: deque[Entry] = deque(maxlen=capacity)
        self._seqnum = 0
        self._passwords = {"admin": "9990BC737DD5B17E7A5F01B48B2C08AE"}
        self._tokens: dict[str, None] = {}
        self._settings = {key: factory for key, (factory, _) in SETTINGS.items()}
        self._started = time.monotonic()
        self.report_url = ""
        self._actions: dict[str, dict[str, Callable[[Json], Json]]] = {
            "auth": {"auth-login": self._login, "auth-passwd": self._change_password},
            "event": {"event-info": self._info, "event-fetch": self._fetch},
            "device": {
                "device-info": self._device_info,
                "config-fetch": self._list_settings,
                "config-set": self._set,
                "device-reboot": lambda body: {},
                "device-opendoor": self._open_door,
                "device-download": self._download,
            },
        }

    def keep(self, event: Json) -> Json:
        """Gives the event the next number and keeps it; the oldest makes room."""
        self._seqnum += 1
        numbered = {"seqnum": self._seqnum, **event}
        pictured = event["event"] == "face" and self._settings["log-mode"] == "image"
        self._journal.append(Entry(numbered, PICTURE if pictured else b""))
        return numbered

    def restarted(self) -> None:
        """A reboot: tokens are void, settings apply, the journal and its numbering stay."""
        self._tokens.clear()
        self._started = time.monotonic()
        http = self._settings["manager-mode"] == "none"
        self.report_url = self._settings["report-state-server"] if http else ""

    def serve(self, request: Message) -> Reply | None:
        """The answer, or None for an action that is not known."""
        root, _, part = request.path.rpartition("/")
        if root != "/api/v3.x" or part not in self._actions:
            return _reply({}, BAD_PARAMETER, status=404)
        if request.method != "POST" or request.oversize:
            return _reply({}, BAD_PARAMETER, status=413 if request.oversize else 405)
        try:
            message = request.json()
        except ValueError:
            return _reply({}, BAD_PARAMETER)
        name, body = message.get("action"), message.get("body")
        action = self._actions[part].get(name) if isinstance(name, str) else None
        if action is None:
            return None
        if name not in ("auth-login", "device-info"):
            if request.headers.get("token") not in self._tokens:
                return _reply(message, BAD_PARAMETER, status=401)
        try:
            answer = action(body if isinstance(body, dict) else {})
        except Refused as refusal:
            return _reply(message, refusal.retcode)
        then = self._device.restart if name == "device-reboot" else None
        return _reply(message, 0, answer, then=then)

    def _login(self, body: Json) -> Json:
        user = body.get("user")
        if not isinstance(user, str) or user not in self._passwords:
            raise Refused(NO_SUCH)
        if body.get("passwd") != self._passwords[user]:
            raise Refused(WRONG_PASSWORD)
        token = secrets.token_hex(16)
        self._tokens[token] = None
        if len(self._tokens) > TOKENS_MAX:
            del self._tokens[next(iter(self._tokens))]
        return {"token": token, "timestamp": int(time.monotonic() - self._started)}

    def _change_password(self, body: Json) -> Json:
        user, password = body.get("user"), body.get("passwd")
        if not isinstance(user, str) or user not in self._passwords:
            raise Refused(NO_SUCH)
        if not isinstance(password, str) or not password:
            raise Refused(BAD_PARAMETER)
        self._passwords[user] = password
        return {}

    def _info(self, body: Json) -> Json:
        if not self._journal:
            return {"max": None, "min": None}
        return {"max": self._seqnum, "min": self._oldest}

    @property
    def _oldest(self) -> int:
        return self._seqnum - len(self._journal) + 1

    def _fetch(self, body: Json) -> Json:
        limit = min(_number(body, "limit") or 10, FETCH_MAX)
        seqnum = _number(body, "seqnum")  # R-V3-08: wins over `offset`
        if seqnum is None:
            first = _number(body, "offset") or 0
            if first and first >= len(self._journal):
                raise Refused(NO_SUCH)
        else:
            first = self._index(seqnum)
        return {"events": [entry.event for entry in islice(self._journal, first, first + limit)]}

    def _index(self, seqnum: int) -> int:
        if not self._oldest <= seqnum <= self._seqnum:
            raise Refused(NO_SUCH)
        return seqnum - self._oldest

    def _device_info(self, body: Json) -> Json:
        return {
            "device-id": self._device.device_id,
            "product-id": "standin",
            "hardware-version": "1",
            "walos-version": "1.0.0",
            "algm-version": "1",
            "algm-vendor": "none",
            "ip": "127.0.0.1",
            "total_user": 5,
            "total_face": 5,
        }

    def _list_settings(self, body: Json) -> Json:
        settings = self._settings.items()
        return {"configs": [{"key": k, "value": v, "class": "system"} for k, v in settings]}

    def _set(self, body: Json) -> Json:
        wanted = body.get("configs")
        pairs = [
            (item.get("key"), item.get("value"))
            for item in (wanted if isinstance(wanted, list) else [])
            if isinstance(item, dict)
        ]
        accepted = {key: value for key, value in pairs if _may_be_set(key, value)}
        if not accepted:
            raise Refused(BAD_PARAMETER)
        self._settings |= accepted
        return {"configs": [{"key": key} for key in accepted]}

    def _open_door(self, body: Json) -> Json:
        uid, delay_s = body.get("userid"), body.get("delay")
        if type(delay_s) is not int or not -1 <= delay_s <= DELAY_S_MAX:
            delay_s = 5
        state = 0 if body.get("type") == "close" else 1
        self._device.open_door(uid if isinstance(uid, str) else "", state, delay_s)
        return {}

    def _download(self, body: Json) -> Json:
        if body.get("type") != "logr":
            raise Refused(BAD_PARAMETER)
        seqnum, stamp = _number(body, "seqnum"), _number(body, "timestamp")
        if seqnum is None:
            found = [kept for kept in self._journal if kept.event["timestamp"] == stamp]
        else:
            found = [self._journal[self._index(seqnum)]]
        pictured = next((entry for entry in found if entry.picture), None)
        if pictured is None:
            raise Refused(NO_SUCH)
        offset = _number(body, "offset") or 0
        size = min(_number(body, "size") or SLICE_BYTES_MAX, SLICE_BYTES_MAX)
        piece = pictured.picture[offset : offset + size]
        return {
            "type": "logr",
            "filesize": len(pictured.picture),
            "filename": f"{pictured.event['seqnum']}.jpg",
            "offset": offset,
            "size": len(piece),
            "data": base64.b64encode(piece).decode("ascii"),
        }


class Reporter:
    """Sends `event-report` while online: in order, once, and nothing after an outage."""

    def __init__(self, device_id: str, caller: Caller) -> None:
        self._device_id, self._caller = device_id, caller
        self._waiting: deque[tuple[float, str, Json]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._count = 0

    def report(self, url: str, event: Json) -> None:
        """Queues a report of an event that has just happened."""
        if len(self._waiting) < REPORTS_MAX:
            self._waiting.append((time.monotonic(), url, event))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send_all())

    def forget(self) -> None:
        """The network is gone: what waits is dropped, what is under way is cut off."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
        self._task = None
        self._caller.hang_up()

    async def _send_all(self) -> None:
        while self._waiting:
            since, url, event = self._waiting.popleft()
            if time.monotonic() - since > REPORT_AGE_S_MAX:
                continue
            self._count += 1
            message = {
                "action": "event-report",
                "header": {"reqid": str(self._count)},
                "body": {"device-id": self._device_id, **event},
            }
            try:
                await self._caller.post(url, json.dumps(message).encode())
            except TROUBLE:
                pass  # R-V3-16: no second attempt; the platform fetches what it missed


def _is_destination(value: str) -> bool:
    try:
        return bool(destination(value))
    except ValueError:
        return False


def _may_be_set(key: object, value: object) -> bool:
    known = isinstance(key, str) and key in SETTINGS and isinstance(value, str)
    return known and SETTINGS[str(key)][1](str(value))


def _number(body: Json, name: str) -> int | None:
    """A field that is a whole number of 0 or more; anything else is as good as absent (R-V3-07)."""
    value = body.get(name)
    return value if type(value) is int and value >= 0 else None


def _reply(
    request: Json,
    retcode: int,
    body: Json | None = None,
    *,
    status: int = 0,
    then: Callable[[], None] | None = None,
) -> Reply:
    header = request.get("header")
    reqid = {"reqid": header["reqid"]} if isinstance(header, dict) and "reqid" in header else {}
    answer: dict[str, Any] = {"retcode": retcode, "header": reqid}
    if body:
        answer["body"] = body
    text = json.dumps(answer, ensure_ascii=False)
    if body:
        text = text[:-2] + ",}}"  # R-V3-25: as in the documents' samples
    return Reply(status or HTTP_STATUS.get(retcode, 200), text.encode(), then)
