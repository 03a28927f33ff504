"""The v1 third-party push: where records go, the backlog of them, and the pushing.

The readings that are taken here: the subscription is asked for without credentials and told as
null; a refusal is HTTP 200 with another `code`; the address's length counts in bytes; `enabled`
left out means as before; nothing is kept while disabled; the newest is dropped when the backlog is
full; `code` 200 acknowledges under any HTTP status, and as text too; a retry is laid out
differently, with the same fields; no headers but HTTP's go with a push.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass

from web import TROUBLE, Caller, Json, Message, Reply, destination

DESTINATION_MAX = 1024


@dataclass(frozen=True)
class Schedule:
    """Seconds before the first retry and at most between two; each delay is twice the last."""

    first_s: float
    max_s: float


class Api:
    """Answers the v1 requests, keeps the backlog, and empties it while it may."""

    def __init__(self, caller: Caller, schedule: Schedule, capacity: int) -> None:
        self._caller, self._schedule, self._capacity = caller, schedule, capacity
        self._destination = ""
        self._enabled = False
        self._online = False
        self._backlog: deque[Json] = deque()
        self._filled = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def serve(self, request: Message) -> Reply:
        """The answer to any path that is not v3's."""
        if request.path != "/v1/event/subscribe":
            return _reply(404, "Not Found", status=404)
        if request.oversize:
            return _reply(413, "Too Large", status=413)
        if request.method == "GET":
            return _reply(200, "OK")
        if request.method != "POST":
            return _reply(405, "Method Not Allowed", status=405)
        try:
            self._subscribe(request.json())
        except ValueError as error:
            return _reply(400, f"refused: {error}")
        return _reply(200, "OK")

    def keep(self, kind: int, data: Json) -> None:
        """Adds a record to the backlog, unless pushing is disabled or the backlog full."""
        if self._enabled and len(self._backlog) < self._capacity:
            self._backlog.append({"type": kind, "data": data})
            self._filled.set()

    def set_online(self, online: bool) -> None:
        """Pushes while there is a network; a push that is cut off stays in the backlog."""
        self._online = online
        self._restart()

    def _subscribe(self, message: Json) -> None:
        address = message.get("event_dest", self._destination)
        enabled = message.get("enabled", self._enabled)
        if not isinstance(address, str) or not isinstance(enabled, bool):
            raise ValueError("a field has the wrong type")
        if len(address.encode("utf-8", "surrogatepass")) > DESTINATION_MAX:
            raise ValueError(f"event_dest is longer than {DESTINATION_MAX}")
        destination(address)
        self._destination, self._enabled = address, enabled
        self._restart()

    def _restart(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = None
        self._caller.hang_up()
        if self._enabled and self._online:
            self._task = asyncio.create_task(self._push_all())

    async def _push_all(self) -> None:
        """Oldest first, one at a time, each until it is acknowledged."""
        attempts = 0
        while True:
            while not self._backlog:
                self._filled.clear()
                await self._filled.wait()
            record = self._backlog[0]
            text = json.dumps(record, ensure_ascii=False, indent=1 if attempts else None)
            if await self._push(text.encode()):
                self._backlog.popleft()
                attempts = 0
                continue
            delay_s = self._schedule.first_s * 2 ** min(attempts, 30)
            attempts += 1
            await asyncio.sleep(min(delay_s, self._schedule.max_s))

    async def _push(self, body: bytes) -> bool:
        try:
            answer = await self._caller.post(self._destination, body)
            return str(answer.json().get("code")) == "200"
        except TROUBLE:
            return False


def _reply(code: int, text: str, *, status: int = 200) -> Reply:
    answer = {"code": code, "msg": text, "data": None}
    return Reply(status, json.dumps(answer).encode())
