"""What the stand-in promises, over sockets: run it, make things happen, look at what arrives.

    python3 -m unittest discover -s ci/standin

Every wait is for something to arrive, with a limit that only a failure reaches.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import queue
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from collections import deque
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import world  # noqa: E402

LIMIT_S = 60
OK = (200, b'{"code":200,"msg":"success","data":{}}')
RESET, SILENT = "reset", "silent"
Answer = tuple[int, bytes] | str
FACTORY = {"user": "admin", "passwd": "9990BC737DD5B17E7A5F01B48B2C08AE"}


class Receiver:
    """A platform: queues what is posted to it, and answers as told, with OK from then on."""

    def __init__(self, answers: Iterable[Answer] = (), tls: ssl.SSLContext | None = None) -> None:
        self._arrived: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        self.refusals: queue.Queue[str] = queue.Queue()
        left = deque(answers)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            """One connection."""

            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body of an answer leave in two pieces

            def do_POST(self) -> None:
                """Queues the body, then answers."""
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = left.popleft() if left else OK
                receiver._arrived.put((self.path, json.loads(body)))
                if isinstance(answer, str):
                    self.close_connection = True
                    if answer == SILENT:
                        hear_the_end(self.connection)
                    reset = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                    return
                self.send_response(answer[0])
                self.send_header("Content-Length", str(len(answer[1])))
                self.end_headers()
                self.wfile.write(answer[1])

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        class Server(ThreadingHTTPServer):
            """Notes who could not or would not talk."""

            def handle_error(self, request: object, client_address: object) -> None:
                receiver.refusals.put(str(sys.exc_info()[1]))

            def finish_request(self, request: Any, client_address: Any) -> None:
                if tls is None:
                    super().finish_request(request, client_address)
                    return
                with tls.wrap_socket(request, server_side=True) as secured:
                    super().finish_request(secured, client_address)

        self._server = Server(("127.0.0.1", 0), Handler)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}/Record"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def next(self) -> dict[str, Any]:
        """The next thing that was posted."""
        return self._arrived.get(timeout=LIMIT_S)[1]

    def next_path(self) -> str:
        """The path of the next thing that was posted."""
        return self._arrived.get(timeout=LIMIT_S)[0]

    def is_empty(self) -> bool:
        """Whether all that was posted has been looked at."""
        return self._arrived.empty()

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()


def hear_the_end(connection: socket.socket) -> bool:
    """Waits until the other side has closed or reset; True if it was a reset."""
    connection.settimeout(LIMIT_S)
    try:
        while connection.recv(1 << 16):
            pass
    except ConnectionResetError:
        return True
    return False


class Case(unittest.TestCase):
    """A device for each test, started by `start`."""

    def start(self, *options: str) -> None:
        """Runs a device that is quick to retry; later options win."""
        quick = ["--retry-first", "0.02", "--retry-max", "0.1", "--seed", "1"]
        command = [sys.executable, str(HERE / "device.py"), *quick, *options]
        device = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert device.stdout is not None
        self.addCleanup(device.stdout.close)
        self.addCleanup(device.wait)
        self.addCleanup(device.kill)
        self.ready = json.loads(device.stdout.readline())
        self.token = ""

    def receiver(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> Receiver:
        """A platform that ends with the test."""
        receiver = Receiver(answers, tls)
        self.addCleanup(receiver.close)
        return receiver

    def post(self, url: str, body: bytes | dict[str, Any], token: str = "") -> tuple[int, Any]:
        """Posts; the status, and the body read with or without trailing commas."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=LIMIT_S)
        try:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.request("POST", parts.path or "/", data, {"Token": token})
            answer = connection.getresponse()
            return answer.status, json.loads(re.sub(rb",(?=[}\]])", b"", answer.read()))
        finally:
            connection.close()

    def ask(self, part: str, action: str, **body: Any) -> tuple[int, dict[str, Any]]:
        """A v3 action; the HTTP status and the answer."""
        message = {"action": action, "header": {"reqid": "r1"}, "body": body}
        return self.post(f"{self.ready['url']}/api/v3.x/{part}", message, self.token)

    def done(self, part: str, action: str, **body: Any) -> dict[str, Any]:
        """A v3 action that must succeed; its body."""
        status, answer = self.ask(part, action, **body)
        self.assertEqual((status, answer["retcode"]), (200, 0), answer)
        return answer.get("body", {})

    def log_in(self) -> None:
        """Gets a token; waits for a device that is restarting."""
        end = time.monotonic() + LIMIT_S
        while True:
            try:
                self.token = self.done("auth", "auth-login", **FACTORY)["token"]
                return
            except (OSError, http.client.HTTPException):
                self.assertLess(time.monotonic(), end, "the device does not come back")

    def make(self, event: str, state: int = 1, reason: str = "") -> None:
        """Makes something happen; it has when this returns."""
        stimulus = {"event": event, "state": state, "reason": reason}
        self.assertEqual(self.post(self.ready["control"], stimulus)[0], 200, stimulus)

    def subscribe(self, destination: str, enabled: bool = True) -> int:
        """Subscribes; the answer's code."""
        wanted = {"event_dest": destination, "enabled": enabled}
        return self.post(f"{self.ready['url']}/v1/event/subscribe", wanted)[1]["code"]

    def report_to(self, receiver: Receiver) -> None:
        """Sends reports there from the next restart on."""
        wanted = {"manager-mode": "none", "report-state-server": receiver.url}
        pairs = [{"key": key, "value": value} for key, value in wanted.items()]
        self.assertEqual(len(self.done("device", "config-set", configs=pairs)["configs"]), 2)


class V3(Case):
    """The v3 API."""

    def test_numbers_grow_by_one_and_survive_a_restart(self) -> None:
        self.start()
        self.log_in()
        self.assertEqual(self.done("event", "event-info"), {"min": None, "max": None})
        for _ in range(12):
            self.make("card")
        self.done("device", "device-reboot")
        self.assertEqual(self.wait_for_void_token(), 401)
        self.log_in()
        self.make("card")
        self.assertEqual(self.done("event", "event-info"), {"min": 1, "max": 13})
        self.assertEqual(self.numbers(), list(range(1, 11)))
        self.assertEqual(self.numbers(seqnum=9, offset=2), [9, 10, 11, 12, 13])
        self.assertEqual(self.numbers(offset=2, limit=3), [3, 4, 5])

    def numbers(self, **body: Any) -> list[int]:
        """The numbers that event-fetch gives."""
        return [event["seqnum"] for event in self.done("event", "event-fetch", **body)["events"]]

    def wait_for_void_token(self) -> int:
        """The status of the first answer after a restart."""
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            try:
                return self.ask("event", "event-info")[0]
            except (OSError, http.client.HTTPException):
                continue
        self.fail("the device does not come back")

    def test_what_is_not_kept_is_an_error_and_bad_fields_are_absent(self) -> None:
        self.start("--capacity", "5")
        self.log_in()
        for _ in range(8):
            self.make("push")
        self.assertEqual(self.done("event", "event-info"), {"min": 4, "max": 8})
        for body in ({"seqnum": 3}, {"seqnum": 9}, {"offset": 5}):
            status, answer = self.ask("event", "event-fetch", **body)
            self.assertEqual((status, answer["retcode"]), (404, 103), body)
        for bad in ("4", -4, True, 4.5, None, [], {}):
            self.assertEqual(self.numbers(seqnum=bad, limit=bad), [4, 5, 6, 7, 8])

    def test_a_bad_request_is_refused_and_the_next_one_served(self) -> None:
        self.start()
        url = f"{self.ready['url']}/api/v3.x/event"
        status, answer = self.ask("event", "event-info")
        self.assertEqual((status, answer), (401, {"retcode": 101, "header": {"reqid": "r1"}}))
        self.log_in()
        for body in (b"", b"{", b"[]", b"NaN", b"[" * 100_000, b"\xff"):
            answer = self.post(url, body, self.token)
            self.assertEqual(answer, (400, {"retcode": 101, "header": {}}))
        self.assertEqual(self.post(url, b" " * (2 << 20), self.token)[0], 413)
        self.assertEqual(self.post(f"{url}s", {}, self.token)[0], 404)
        with self.assertRaises(http.client.RemoteDisconnected):
            self.ask("event", "event-forget")
        self.done("event", "event-info")

    def test_a_changed_password_is_the_only_one(self) -> None:
        self.start()
        self.log_in()
        self.done("auth", "auth-passwd", user="admin", passwd="AA")
        self.assertEqual(self.ask("auth", "auth-login", **FACTORY)[1]["retcode"], 102)
        self.done("auth", "auth-login", user="admin", passwd="AA")

    def test_reports_begin_with_a_restart_and_keep_the_order(self) -> None:
        self.start()
        platform = self.receiver()
        self.log_in()
        self.report_to(platform)
        self.make("face")
        self.done("device", "device-reboot")
        self.log_in()
        self.done("device", "device-opendoor", userid="TUID-1", type="open", delay=0)
        reports = [platform.next() for _ in range(3)]
        self.assertEqual([report["action"] for report in reports], ["event-report"] * 3)
        self.assertEqual([report["body"]["seqnum"] for report in reports], [2, 3, 4])
        told = [(report["body"]["event"], report["body"]["state"]) for report in reports]
        self.assertEqual(told, [("remote", 1), ("open", 1), ("open", 0)])
        self.assertEqual(reports[0]["body"]["uid"], "TUID-1")
        self.assertEqual({r["body"]["device-id"] for r in reports}, {self.ready["device_id"]})
        self.assertEqual(len({report["header"]["reqid"] for report in reports}), 3)

    def test_a_report_is_neither_repeated_nor_replayed(self) -> None:
        self.start("--report-timeout", str(LIMIT_S))
        platform = self.receiver((500, b""), RESET, SILENT)
        self.log_in()
        self.report_to(platform)
        self.done("device", "device-reboot")
        self.log_in()
        for number in (1, 2, 3):
            self.make("card")
            self.assertEqual(platform.next()["body"]["seqnum"], number)
        self.make("card")  # waits behind the third, which gets no answer
        self.make("network", 0)
        self.make("card")
        self.make("network", 1)
        self.make("card")
        self.assertEqual(platform.next()["body"]["seqnum"], 6)
        self.assertEqual(self.numbers(seqnum=3), [3, 4, 5, 6])

    def test_a_face_has_a_picture_while_pictures_are_kept(self) -> None:
        self.start()
        self.log_in()
        self.make("face")
        self.done("device", "config-set", configs=[{"key": "log-mode", "value": "image"}])
        self.make("face")
        self.assertEqual(self.ask("device", "device-download", type="logr", seqnum=1)[0], 404)
        picture, size = b"", 1
        while len(picture) < size:
            body = {"type": "logr", "seqnum": 2, "offset": len(picture), "size": 32_000}
            piece = self.done("device", "device-download", **body)
            size = piece["filesize"]
            self.assertEqual(piece["size"], len(base64.b64decode(piece["data"])))
            picture += base64.b64decode(piece["data"])
        self.assertTrue(picture.startswith(b"\xff\xd8\xff") and picture.endswith(b"\xff\xd9"))


class V1(Case):
    """The v1 push."""

    def test_a_record_is_repeated_until_it_is_acknowledged(self) -> None:
        self.start("--push-timeout", "0.5")
        answers = [(500, b""), (200, b'{"code":500}'), RESET, SILENT, (200, b"")]
        platform = self.receiver(*answers)
        self.assertEqual(self.subscribe(platform.url), 200)
        for event in ("face", "push", "fire"):
            self.make(event)
        first = platform.next()
        for answer in answers:
            self.assertEqual(platform.next(), first, answer)
        self.assertEqual(platform.next()["data"]["entry_mode"], 11)
        self.assertEqual(platform.next()["type"], 1)

    def test_only_1024_characters_of_http_are_a_destination(self) -> None:
        self.start()
        platform = self.receiver()
        longest = platform.url + "?" + "x" * (1023 - len(platform.url))
        self.assertEqual(self.subscribe(longest), 200)
        self.assertEqual(len(longest), 1024)
        for bad in ("ftp://127.0.0.1/", "http://", "http://a:99999/", "", "http://a/ b"):
            self.assertEqual(self.subscribe(bad), 400, bad)
        self.assertEqual(self.subscribe(longest + "x"), 400)
        url = f"{self.ready['url']}/v1/event/subscribe"
        for body in (b"{", b"[]", b'{"event_dest":5}', b'{"event_dest":"http://a/","enabled":1}'):
            self.assertEqual(self.post(url, body)[1]["code"], 400, body)
        self.make("card")
        self.assertEqual(platform.next_path(), "/" + longest.split("/", 3)[3])

    def test_nothing_is_kept_or_sent_while_disabled(self) -> None:
        self.start()
        platform = self.receiver()
        self.make("face")
        self.subscribe(platform.url, enabled=False)
        self.make("face")
        self.subscribe(platform.url)
        self.make("push")
        self.assertEqual(platform.next()["data"]["entry_mode"], 11)
        self.assertTrue(platform.is_empty())

    def test_an_outage_delays_and_loses_nothing(self) -> None:
        self.start()
        platform = self.receiver()
        self.subscribe(platform.url)
        address = urlsplit(self.ready["url"])
        with socket.create_connection((address.hostname, address.port)) as idle:
            idle.sendall(b"GET /v1/event/subscribe HTTP/1.1\r\n\r\n")
            idle.recv(1)  # it is served, so the device knows of it
            self.make("network", 0)
            self.assertTrue(hear_the_end(idle))
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection((address.hostname, address.port))
        for event in ("card", "push", "qrcode"):
            self.make(event)
        self.assertTrue(platform.is_empty())
        self.make("network", 1)
        entries = [platform.next()["data"]["entry_mode"] for _ in range(3)]
        self.assertEqual(entries, [3, 11, 2])

    def test_a_full_backlog_drops_the_newest(self) -> None:
        self.start("--capacity", "3")
        platform = self.receiver()
        self.subscribe(platform.url)
        self.make("network", 0)
        for event in ("card", "push", "qrcode", "pin", "pin"):
            self.make(event)
        self.make("network", 1)
        entries = [platform.next()["data"]["entry_mode"] for _ in range(3)]
        self.assertEqual(entries, [3, 11, 2])
        self.make("visitor")
        self.assertEqual(platform.next()["data"]["recognitionType"], 2)

    def test_an_alarm_ends_under_the_trace_it_began_with(self) -> None:
        self.start()
        platform = self.receiver()
        self.subscribe(platform.url)
        for event in ("disa", "fire", "alarm"):
            self.make(event, 1)
            self.make(event, 0)
            self.make(event, 0)  # what has ended cannot end again
        alarms = [record["data"] for _ in range(7) if (record := platform.next())["type"] == 1]
        self.assertEqual([alarm["status"] for alarm in alarms], [1, 3] * 3)
        self.assertEqual([a.get("code") for a in alarms], [10001, None, 20003, None, 10004, None])
        self.assertEqual(len({alarm["trace_id"] for alarm in alarms}), 3)
        for raised, ended in zip(alarms[::2], alarms[1::2], strict=True):
            self.assertEqual(raised["trace_id"], ended["trace_id"])
            self.assertEqual(len(str(ended["event_time"])), 13)

    @unittest.skipUnless(shutil.which("openssl"), "needs openssl to make a certificate")
    def test_https_needs_a_certificate_that_is_trusted(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = f"{folder}/certificate.pem", f"{folder}/key.pem"
            curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
            name = ["-subj", "/CN=platform", "-addext", "subjectAltName=IP:127.0.0.1"]
            out = ["-out", certificate, "-keyout", key]
            command = ["openssl", "req", "-x509", *curve, *name, *out]
            subprocess.run(command, check=True, capture_output=True)
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(certificate, key)
            platform = self.receiver(tls=tls)
            self.start()
            self.subscribe(platform.url)
            self.make("card")
            platform.refusals.get(timeout=LIMIT_S)
            self.assertTrue(platform.is_empty())
            self.start("--push-ca", certificate)
            self.subscribe(platform.url)
            self.make("push")
            self.assertEqual(platform.next()["data"]["entry_mode"], 11)


class Tables(unittest.TestCase):
    """Tables A to D, for every event and reason that is known."""

    def test_each_verdict_is_the_same_in_both_apis(self) -> None:
        for kind, reasons in world.REASONS.items():
            for reason in sorted(reasons):
                with self.subTest(kind=kind, reason=reason):
                    told = world.World("S", 1).happen(kind, 1, reason, 1_700_000_000.25)
                    self.check(told)

    def check(self, told: list[world.Told]) -> None:
        """One entry: at most a `therm` before it and an alarm after it."""
        event, (_, record) = next((e, r) for e, r in told if r is not None)
        self.assertEqual(record["timestamp"], 1_700_000_000_250)
        self.assertEqual(record["pass"], record["abnormal_type"] == 0 and self.is_welcome(record))
        if record["user"] is not None:
            self.assertLessEqual(len(record["user"]["remark"].encode()), 256)
        if event is None:
            return
        self.assertEqual(event["timestamp"], 1_700_000_000)
        self.assertEqual(event["score"], record["recognizeScore"])
        self.assertEqual(event["therm"], record["bodyTemperature"])
        if event["event"] in ("face", "card") and record["pass"]:
            self.assertEqual(event["state"], 4)
        if record["user"] is not None:
            self.assertEqual(event["uid"], record["user"]["user_id"])
        else:
            self.assertRegex(event["uid"], "^(0000.*)?$")
        if event["event"] == "card":
            self.assertRegex(event["data"], "^0x[0-9A-F]{14}$")

    def is_welcome(self, record: dict[str, Any]) -> bool:
        """Whether the kind of person may pass at all."""
        return record["recognitionType"] in (1, 2)

    def test_the_fifth_wrong_pin_is_an_attack_until_a_right_one(self) -> None:
        door = world.World("S", 1)
        told = [door.happen("pin", 1, "wrong-pin", 0.0) for _ in range(5)]
        self.assertEqual([len(happened) for happened in told], [1, 1, 1, 1, 2])
        self.assertEqual(told[4][0].record[1]["abnormal_type"], 70002)
        self.assertEqual(told[4][1].record[1]["code"], 10004)
        self.assertEqual(door.happen("pin", 1, "", 0.0)[1].record[1]["status"], 3)


class Stimulus(Case):
    """The command that the suite runs."""

    def run_with(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs it as the suite does."""
        environment = os.environ | {"STANDIN_CONTROL": self.ready["control"]} | variables
        command = [sys.executable, str(HERE / "stimulus.py")]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def test_what_is_not_known_is_said(self) -> None:
        self.start()
        platform = self.receiver()
        self.subscribe(platform.url)
        for variables, text in (
            ({"VESTIBULE_EVENT": "earthquake"}, "no event earthquake"),
            ({"VESTIBULE_EVENT": "card", "VESTIBULE_REASON": "stranger"}, "no reason stranger"),
            ({"VESTIBULE_EVENT": "push", "VESTIBULE_REASON": "fever"}, "no reason fever"),
            ({"VESTIBULE_EVENT": "fire", "VESTIBULE_STATE": "2"}, "state is 0 or 1"),
        ):
            refused = self.run_with(**variables)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(text, refused.stderr)
        self.assertEqual(self.run_with(VESTIBULE_EVENT="card", STANDIN_CONTROL="").returncode, 2)
        wanted = {"VESTIBULE_EVENT": "card", "VESTIBULE_STATE": "1", "VESTIBULE_REASON": "expired"}
        done = self.run_with(**wanted)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(platform.next()["data"]["abnormal_type"], 20002)


if __name__ == "__main__":
    unittest.main()
