"""A platform's side of a device in sixty lines: log in, enrol somebody, see them walk in, open the door from afar,
download the image, survive a reboot. It knows the device by its URLs alone.

Usage: vestibule exec ... -- python3 sketch.py v3|v1|websocket|mqtt [BROKER_PORT]"""

import os
import sys
import time

from transports import PATIENCE, TRANSPORTS, http_json

DEVICE, CONTROL, SN = (os.environ[f"VESTIBULE_{name}"] for name in ("URL", "CONTROL", "SN"))
ADA = {"userid": "4711", "name": "Ada", "cards": [{"id": "0xffae0846", "type": "ic", "hex": True}]}


def restart(platform, order):
    """Gives the order, and waits until the device's log goes on with `reset`."""
    last = platform.ask_http("event", "event-info")["max"]
    order()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            platform.log_in()
            events = platform.ask_http("event", "event-fetch", seqnum=last + 1)["events"]
            if any(event["event"] == "reset" and event["seqnum"] > last for event in events):
                return platform.restarted()
        except (OSError, AssertionError):
            pass  # it is down, or was about to be
        time.sleep(0.1)
    sys.exit("the device does not come back")


def pass_the_door(platform):
    """Ada walks in, and once the door is opened for her; how large her image is."""
    walk_in = {"event": "face", "person": ADA["userid"]}
    http_json(f"{CONTROL}/devices/{SN}/events", walk_in)
    image = platform.passed(ADA)
    assert image.startswith(b"\xff\xd8") and image.endswith(b"\xff\xd9"), "no JPEG"
    platform.open_door(ADA)
    return len(image)


def main(kind, *broker):
    platform = TRANSPORTS[kind](DEVICE, *broker)
    platform.log_in()
    # Images are off as shipped, and settings are in force after a restart.
    platform.configure(**{"log-mode": "image"})
    restart(platform, lambda: platform.ask_http("device", "device-reboot"))

    enrolled = platform.ask("acm", "user-insert", users=[ADA])["users"]
    assert [user["retcode"] for user in enrolled] == [0], enrolled
    size = pass_the_door(platform)

    restart(platform, platform.reboot)
    known = platform.ask("acm", "user-lookup", users=[{"userid": ADA["userid"]}])["users"]
    assert known[0]["name"] == ADA["name"], known
    pass_the_door(platform)
    print(f"{kind}: enrolled, seen, door opened, image of {size} bytes, all the same after a reboot")


main(*sys.argv[1:])
