"""A stand-in device, written from the documents and the rulings alone. See README.md.

    python3 ci/standin/device.py --listen 127.0.0.1:0

Serves both APIs on one port and a control port for stimuli, and prints one line of JSON with their
addresses once it is ready. It forgets everything when it ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
import time

import v1
import v3
from web import Caller, Json, Listener, Message, Reply
from world import Told, Unknown, World

SERIAL, DEVICE_ID = "STANDIN7D0000042", "st4nd1n042"
DOOR_DELAY_S = 5


class Device:
    """One device: its world, its two APIs, and whether it is on the network."""

    def __init__(self, options: argparse.Namespace) -> None:
        host, port = options.listen
        tls = ssl.create_default_context()
        if options.push_ca:
            tls.load_verify_locations(options.push_ca)
        self._world = World(SERIAL, options.seed)
        around = v3.Device(DEVICE_ID, self._open_door, self._restart)
        self._v3 = v3.Api(around, options.capacity)
        self._reporter = v3.Reporter(DEVICE_ID, Caller(options.report_timeout, tls))
        schedule = v1.Schedule(options.retry_first, options.retry_max)
        self._v1 = v1.Api(Caller(options.push_timeout, tls), schedule, options.capacity)
        self._front = Listener(host, port, self._serve)
        self._control = Listener(host, 0, self._obey)
        self._online = False
        self._closing: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Serves until it is cancelled."""
        self._control.listen()
        self._arrive()
        ready = {
            "url": self._front.url,
            "control": self._control.url,
            "sn": SERIAL,
            "device_id": DEVICE_ID,
        }
        print(json.dumps(ready), flush=True)
        await asyncio.Event().wait()

    def _arrive(self) -> None:
        self._front.listen()
        self._online = True
        self._v1.set_online(True)

    def _leave(self) -> None:
        self._online = False
        self._front.leave()
        self._v1.set_online(False)
        self._reporter.forget()

    def _restart(self) -> None:
        self._leave()
        self._v3.restarted()
        self._arrive()

    def _serve(self, request: Message) -> Reply | None:
        return (self._v3 if request.path.startswith("/api/") else self._v1).serve(request)

    def _obey(self, request: Message) -> Reply:
        """A stimulus: `{"event", "state", "reason"}`. What is not known gets 400 and why."""
        try:
            wanted = request.json()
            kind, state, reason = (wanted.get(name) for name in ("event", "state", "reason"))
            if not isinstance(kind, str) or not isinstance(reason, str):
                raise Unknown("event and reason must be strings")
            if type(state) is not int or state not in (0, 1):
                raise Unknown(f"state is 0 or 1, not {state!r}")
            if kind == "network":
                if state:
                    self._arrive()
                else:
                    self._leave()
                return Reply(200, b"{}")
            self._tell(self._world.happen(kind, state, reason, time.time()))
            if kind == "remote":
                self._close_after(DOOR_DELAY_S if state else -1)
        except ValueError as error:
            return Reply(400, json.dumps({"error": str(error)}).encode())
        return Reply(200, b"{}")

    def _tell(self, happened: list[Told]) -> None:
        for event, record in happened:
            if event is not None:
                numbered: Json = self._v3.keep(event)
                if self._online and self._v3.report_url:
                    self._reporter.report(self._v3.report_url, numbered)
            if record is not None:
                self._v1.keep(*record)

    def _open_door(self, uid: str, state: int, delay_s: int) -> None:
        self._tell(self._world.open_door(uid, state, time.time()))
        self._close_after(delay_s if state else -1)

    def _close_after(self, delay_s: int) -> None:
        """Lets the door fall shut in that time, or never at -1; an earlier order is void."""
        if self._closing is not None:
            self._closing.cancel()
        self._closing = None
        if delay_s >= 0:
            loop = asyncio.get_running_loop()
            close = lambda: self._tell(self._world.let_close(time.time()))  # noqa: E731
            self._closing = loop.call_later(delay_s, close)


def main() -> int:
    """Runs a device until it is interrupted."""
    options = _parser().parse_args()
    try:
        asyncio.run(Device(options).run())
    except OSError as error:
        print(f"the device could not start: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A stand-in device for the conformance suite.")
    add = parser.add_argument
    add("--listen", type=_address, default=("127.0.0.1", 0), metavar="HOST:PORT")
    add("--seed", type=int, help="repeats the choice of people, scores and ids")
    add("--retry-first", type=_seconds, default=0.2, metavar="SECONDS")
    add("--retry-max", type=_seconds, default=1.0, metavar="SECONDS")
    add("--push-timeout", type=_seconds, default=1.0, metavar="SECONDS")
    add("--report-timeout", type=_seconds, default=2.0, metavar="SECONDS")
    add("--push-ca", metavar="FILE", help="PEM certificates to trust beside the system's")
    add("--capacity", type=_count, default=50_000, help="events in the journal, records waiting")
    return parser


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 86_400:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and a day of seconds")
    return value


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is not a number of 1 or more")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
