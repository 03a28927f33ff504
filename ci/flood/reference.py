"""A platform by others: takes v1 pushes and v3 reports on any path, with nothing but Python's library.

It keeps what tells records apart, as the vendors' documents say, and knows nothing of the flood."""

import http.server
import json
import threading


class Platform(http.server.ThreadingHTTPServer):
    """Counts what it gets. Listens on a free port."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.received = 0
        self.records = set()
        self.wrong = []
        self.last = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/Record"

    def take(self, headers, message):
        """Notes a message; the answer to it."""
        report = message.get("action") == "event-report"
        record = reported(message) if report else pushed(headers, message)
        with self.lock:
            self.received += 1
            self.records.add(record)
            if report:
                self.in_order(record)
        if report:
            return {"retcode": 0, "header": {"reqid": message["header"]["reqid"]}}
        return {"code": 200, "msg": "success", "message": "success", "data": {}}

    def in_order(self, record):
        device, number = record
        if number != self.last.get(device, 0) + 1:
            self.wrong.append(f"{device} sent {number} after {self.last.get(device)}")
        self.last[device] = number


def pushed(headers, message):
    data = message["data"]
    if message["type"] == 0:
        return (data["deviceSN"], data["uuid"])
    return (headers["sn"], data["trace_id"], data["status"], data["event_time"])


def reported(message):
    return (message["body"]["device-id"], message["body"]["seqnum"])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            answer = self.server.take(self.headers, json.loads(body))
        except (ValueError, KeyError, TypeError) as error:
            self.server.wrong.append(f"{error!r} in {body[:200]!r}")
            answer = {"code": 400, "retcode": 101}
        answer = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """A line for each of thousands of records helps nobody."""
