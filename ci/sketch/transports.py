"""How a platform and a device talk: over HTTP with v3 reports or v1 pushes, by WebSocket, by MQTT.

Each class is one way. `configure` tells the device of it, in force after its next restart; `ask` is a v3 action;
`see` waits for the next report or record that has the fields given."""

import base64
import http.server
import itertools
import json
import queue
import threading
import urllib.request

import paho.mqtt.client as mqtt
import websockets.sync.server

FACTORY = {"user": "admin", "passwd": "9990BC737DD5B17E7A5F01B48B2C08AE"}
SUCCESS = b'{"code": 200, "msg": "success", "message": "success", "data": {}}'
PATIENCE = 60


def http_json(url, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, headers)
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
        return json.load(answer)


class Http:
    """v3 over HTTP: requests with a token, reports to a server of the platform's."""

    def __init__(self, device):
        self.device, self.token, self.heard, self.numbers = device, "", queue.Queue(), itertools.count(1)

    def log_in(self):
        self.token = self.ask_http("auth", "auth-login", **FACTORY)["token"]

    def configure(self, **settings):
        given = {"manager-mode": "none", "report-state-server": self.listen(), **settings}
        configs = [{"key": key, "value": value} for key, value in given.items()]
        self.ask_http("device", "config-set", configs=configs)

    def request(self, action, body):
        return {"action": action, "header": {"reqid": str(next(self.numbers))}, "body": body}

    def ask_http(self, service, action, **body):
        url = f"{self.device}/api/v3.x/{service}"
        return self.body_of(http_json(url, self.request(action, body), Token=self.token), action)

    ask = ask_http

    def body_of(self, answer, action):
        assert answer["retcode"] == 0, (action, answer)
        return answer.get("body")

    def see(self, **fields):
        while True:
            told = self.heard.get(timeout=PATIENCE)["body"]
            if fields.items() <= told.items():
                return told

    def listen(self):
        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(receiver):
                self.heard.put(json.loads(receiver.rfile.read(int(receiver.headers["Content-Length"]))))
                receiver.send_response(200)
                receiver.end_headers()
                receiver.wfile.write(SUCCESS)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    def reboot(self):
        self.ask("device", "device-reboot")

    def restarted(self):
        self.see(event="reset")

    def passed(self, person):
        """The image of the person who was let in."""
        seqnum = self.see(event="face", uid=person["userid"], state=4)["seqnum"]
        image, size = b"", 1
        while len(image) < size:
            wanted = {"type": "logr", "chanel": 0, "seqnum": seqnum, "offset": len(image), "size": 32_000}
            slice_ = self.ask("device", "device-download", **wanted)
            size, image = slice_["filesize"], image + base64.b64decode(slice_["data"])
        return image

    def open_door(self, person):
        self.ask("device", "device-opendoor", userid=person["userid"], type="open")
        self.see(event="remote", uid=person["userid"], state=1)


class V1(Http):
    """v1: records are pushed, doors opened and devices restarted over v1; people are enrolled over v3."""

    def log_in(self):
        super().log_in()
        login = {"username": "admin", "password": "admin", "validTime": 60}
        self.bearer = f"Bearer {self.v1('auth/login', **login)['token']}"

    def configure(self, **settings):
        super().configure(**settings, **{"report-state-server": ""})
        self.v1("event/subscribe", event_dest=self.listen(), enabled=True)

    def v1(self, path, **body):
        headers = {} if path == "auth/login" else {"Authorization": self.bearer}
        answer = http_json(f"{self.device}/v1/{path}", body or None, **headers)
        assert answer["code"] == 200, (path, answer)
        return answer["data"]

    def reboot(self):
        self.v1("device/reboot")

    def restarted(self):
        pass

    def passed(self, person):
        while True:
            record = self.heard.get(timeout=PATIENCE)["data"]
            if record.get("pass") and record["user"]["user_id"] == person["userid"]:
                return base64.b64decode(record["rgb_image"])

    def open_door(self, person):
        before = self.ask("event", "event-info")["max"]
        self.v1("device/door", open_mode=1)
        events = self.ask("event", "event-fetch", seqnum=before + 1)["events"]
        assert any((event["event"], event.get("state")) == ("remote", 1) for event in events), events
        self.v1("device/door", open_mode=0)


class Line(Http):
    """A connection that the device keeps: reports come on it, and requests leave on it without a token."""

    def __init__(self, device):
        super().__init__(device)
        self.answers = queue.Queue()

    def take(self, text):
        message = json.loads(text)
        if message.get("action") in ("sync-time", "ping"):
            self.say(json.dumps({"retcode": 0, "header": message["header"]}))
        else:
            (self.answers if "retcode" in message else self.heard).put(message)

    def ask(self, _service, action, **body):
        self.say(json.dumps(self.request(action, body)))
        return self.body_of(self.answers.get(timeout=PATIENCE), action)


class WebSocket(Line):
    def listen(self):
        def talk(socket):
            self.say = socket.send
            for text in socket:
                self.take(text)

        server = websockets.sync.server.serve(talk, "127.0.0.1", 0)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"


class Mqtt(Line):
    def __init__(self, device, port):
        super().__init__(device)
        self.port = int(port)

    def configure(self, **settings):
        device_id = self.ask_http("device", "device-info")["device-id"]
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self.say = lambda text: client.publish(f"down/{device_id}", text)
        client.on_message = lambda _client, _data, message: self.take(message.payload)
        client.connect("127.0.0.1", self.port)
        client.subscribe(f"up/{device_id}")
        client.loop_start()
        topics = {"topic_pub": "up/", "topic_sub": "down/"}
        self.ask_http("device", "mqtt-set", host="127.0.0.1", port=self.port, **topics)
        super().configure(**settings, **{"manager-mode": "mqtt", "report-state-server": ""})


TRANSPORTS = {"v3": Http, "v1": V1, "websocket": WebSocket, "mqtt": Mqtt}
