"""A fleet against `vestibule receive`: what it keeps, what it takes, and what arrives.

Usage: fleet.py VESTIBULE [DEVICES=10000] [SECONDS=600] [CONNECTIONS]"""

import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

# What a kept record may take: the aim is 100 bytes, and a list that grows holds room for as many again.
RECORD_BYTES = 200
# What has nothing to do with records: the log of deliveries (16 MiB at most), buffers of connections, the allocator.
OTHER_BYTES = 32 << 20
# Until caches are warm, each device has sent something, and the log of deliveries is full.
WARM_UP = 60
OUTAGE = 15
RETURN = 300
EVENTS_PER_MINUTE = "2"


def resident(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) * 1024


class Fleet:
    def __init__(self, vestibule, devices, push_to, connections):
        command = [vestibule, "run", "-q", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]
        command += ["--devices", str(devices), "--addressing", "loopback", "--push-to", push_to]
        command += ["--traffic", "steady", "--rate", EVENTS_PER_MINUTE]
        if connections:
            command += ["--connections", connections]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        lines = [self.process.stdout.readline() for _ in range(devices)]
        if not lines[-1]:
            sys.exit(f"the fleet did not start: {self.process.wait()}")
        self.control = json.loads(lines[0])["control"]

    def counts(self):
        with urllib.request.urlopen(f"{self.control}/metrics", timeout=60) as answer:
            text = answer.read().decode()
        plain = re.findall(r"^vestibule_(\w+) (\d+)$", text, re.MULTILINE)
        counts = {name.removesuffix("_total"): int(value) for name, value in plain}
        counts["open"] = int(re.search(r'connections\{opened_by="device"\} (\d+)', text)[1])
        counts["resident"] = resident(self.process)
        return counts

    def do(self, method, path, body):
        request = urllib.request.Request(
            f"{self.control}/devices/all/{path}",
            json.dumps(body).encode(),
            {"content-type": "application/json"},
            method=method,
        )
        began = time.monotonic()
        with urllib.request.urlopen(request, timeout=120) as answer:
            devices = json.load(answer)["devices"]
        bad = [device for device in devices if not device["ok"]]
        print(f"{path} {json.dumps(body)}: {len(devices)} devices, {time.monotonic() - began:.1f} s")
        return bad


def told(what, counts):
    kept = counts["journal_events"] + counts["backlog"]
    print(
        f"{what}: {counts['resident'] / 2**20:.1f} MiB, {kept} kept, {counts['records_pushed']} pushed, "
        f"{counts['backlog']} in backlogs, {counts['open']} connections",
        flush=True,
    )
    return kept


def watch(fleet, seconds):
    """Traffic for a while; what it grew by, and what it may have."""
    time.sleep(min(WARM_UP, seconds / 2))
    before = fleet.counts()
    kept_before = told("warm", before)
    until = time.monotonic() + max(seconds - WARM_UP, seconds / 2)
    while time.monotonic() < until:
        time.sleep(min(30, max(0.1, until - time.monotonic())))
        told("traffic", fleet.counts())
    after = fleet.counts()
    kept = told("end of traffic", after) - kept_before
    grown, allowed = after["resident"] - before["resident"], kept * RECORD_BYTES + OTHER_BYTES
    print(f"grown by {grown / 2**20:.1f} MiB for {kept} records: {grown / max(kept, 1):.0f} bytes each")
    return grown <= allowed


def storm(fleet):
    """Everybody is cut off and comes back at once; whether all backlogs became empty."""
    bad = fleet.do("POST", "network", {"state": "offline"})
    bad += fleet.do("POST", "events", {"event": "face", "count": 2, "person": "any"})
    time.sleep(OUTAGE)
    bad += fleet.do("PUT", "traffic", {"rate_per_minute": 0})
    told("cut off", fleet.counts())
    bad += fleet.do("POST", "network", {"state": "online"})
    began = time.monotonic()
    while (counts := fleet.counts())["backlog"] and time.monotonic() - began < RETURN:
        told("coming back", counts)
        time.sleep(1)
    print(f"back after {time.monotonic() - began:.1f} s")
    told("all back", counts)
    return not bad and counts["backlog"] == 0 and counts["records_dropped"] == 0


def first_line(lines):
    while not (line := lines.readline()).endswith("\n"):
        time.sleep(0.01)
        lines.seek(0)
    return json.loads(line)


def main(vestibule, devices="10000", seconds="600", connections=None):
    # It prints a line for each record: into a file, since a pipe that nobody reads would stop it.
    lines = tempfile.TemporaryFile("w+", encoding="utf-8")
    receiver = subprocess.Popen([vestibule, "receive", "--listen", "127.0.0.1:0"], stdout=lines)
    fleet = None
    try:
        push_to = first_line(lines)["url"] + "/Record"
        fleet = Fleet(vestibule, int(devices), push_to, connections)
        told("start", fleet.counts())
        bounded = watch(fleet, float(seconds))
        back = storm(fleet)
        counts = fleet.counts()
        fleet.process.terminate()
        fleet.process.wait(timeout=30)
        receiver.terminate()
        receiver.wait(timeout=60)
        lines.seek(0)
        seen = json.loads(collections.deque(lines, maxlen=1)[0])
    finally:
        for process in [receiver, fleet and fleet.process]:
            if process and process.poll() is None:
                process.kill()
    print(f"the receiver: {json.dumps(seen)}")
    whole = seen["distinct"] == counts["records_pushed"] and not seen["out_of_order"]
    whole = whole and not seen["unparsable"]
    for good, what in [(bounded, "memory"), (back, "the return"), (whole, "the records")]:
        if not good:
            print(f"{what} fell short", file=sys.stderr)
    sys.exit(0 if bounded and back and whole else 1)


main(*sys.argv[1:])
