"""One device that pushes in order, beside wrk with one connection: both ends on one core, where nothing but work counts.

Usage: pushes.py VESTIBULE [PAIRS [RECORDS]]

Every record is distinct; journal, log of deliveries and counts are on. In turn: records as they happen, the backlog of
an outage, and wrk with a constant body of the same size. The platform is nginx, which only answers."""

import contextlib
import json
import pathlib
import sys
import tempfile
import time

from common import compare, control, device, nginx, spread, tell_machine, wrk

ACKNOWLEDGED = '{"code":200,"msg":"success","message":"success","data":{}}'
ON_ONE_CORE = ["taskset", "-c", "0"]
SECONDS = 3

# Between two looks, which cost the device some microseconds each.
LOOK_EVERY = 0.02


def pushed(ready):
    return control(ready, "GET", "")["pushed"]


def time_from(ready, first, last):
    """Seconds from the moment so many were pushed until so many are, and how many that were."""
    seen = []
    while not seen or seen[-1][1] < last:
        now = (time.monotonic(), pushed(ready))
        if now[1] >= first:
            seen.append(now)
        time.sleep(LOOK_EVERY)
    return seen[-1][0] - seen[0][0], seen[-1][1] - seen[0][1]


def as_they_happen(ready, records):
    """Pushes a second; what makes them happen is over before it counts."""
    before = pushed(ready)
    control(ready, "POST", "/events", {"event": "face", "count": records})
    took, count = time_from(ready, before + 1, before + records)
    return count / took


def drained(ready, records):
    """Seconds for the backlog of an outage."""
    control(ready, "POST", "/network", {"state": "offline"})
    for _ in range(0, records, 10000):
        control(ready, "POST", "/events", {"event": "face", "count": 10000})
    before = pushed(ready)
    begun = time.monotonic()
    control(ready, "POST", "/network", {"state": "online"})
    time_from(ready, before, before + records)
    return time.monotonic() - begun


def main(vestibule, pairs=7, records=50000):
    pairs, records = int(pairs), int(records)
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        server, url = nginx(directory, ACKNOWLEDGED, ON_ONE_CORE)
        stack.enter_context(server)
        pushes = ["--push-to", url + "/Record", "--seed", "7"]
        server, ready = device(vestibule, *pushes, pinned=ON_ONE_CORE)
        stack.enter_context(server)
        control(ready, "POST", "/events", {"event": "face"})
        entry = control(ready, "GET", "/events?limit=1")["events"][0]
        body = json.dumps(entry["v1"][0], separators=(",", ":"))
        file = pathlib.Path(directory, "body.json")
        file.write_text(body)
        live, backlogs, peer = [], [], []
        for _ in range(pairs):
            live.append(as_they_happen(ready, records))
            peer.append(wrk(url, "constant.lua", 1, SECONDS, ON_ONE_CORE, BODY=str(file))[0])
            backlogs.append(drained(ready, records))
    tell_machine(pairs, f"{records} records of {len(body)} bytes")
    print(f"{'pushes in order, as they happen':44}{spread(live, '{:.0f}')} a second")
    print(f"{'a backlog, in order':44}{spread(backlogs, '{:.2f}')} s")
    print(f"{'wrk -t1 -c1':44}{spread(peer, '{:.0f}')} a second")
    compare("pushes beside wrk", [ours / theirs for ours, theirs in zip(live, peer)], 0.6)
    slower = [took / (records / rate) for took, rate in zip(backlogs, peer)]
    compare("wrk's time for a backlog by the device's", [1 / ratio for ratio in slower], 1 / 1.6)


main(*sys.argv[1:])
