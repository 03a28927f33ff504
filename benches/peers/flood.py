"""`vestibule flood --max` beside wrk, both with 64 connections, at an nginx that only answers.

Usage: flood.py VESTIBULE [PAIRS [SECONDS]]

Each of three senders in turn, PAIRS (7) times: the flood, whose records are all distinct; wrk with a distinct body of the
same size; wrk with a constant one. A ratio is the flood's rate by that of the wrk run beside it. The processor's time for a
record, user's and system's, is told besides: it depends less on what else the machine does."""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

from common import compare, nginx, run, spread, tell_machine, wrk

ACKNOWLEDGED = '{"code":200,"msg":"success","message":"success","data":{}}'
CONNECTIONS = "64"

# Made as long as the records are on average, with room for a number.
RECORD = {
    "type": 0,
    "data": {
        "deviceSN": "VSF0000001",
        "recognitionType": 1,
        "entry_mode": 1,
        "abnormal_type": 0,
        "uuid": "00000000-0000-0000-____-____________",
        "recognizeScore": 0.8964,
        "mask": 0,
        "mode": 3,
        "rgb_image": " ",
        "bodyTemperature": 36.5,
        "pass": True,
        "timestamp": 1772409600,
        "user": {
            "name": "Somebody",
            "ic_number": "1234567890",
            "id_number": "000000190001010000",
            "job_number": "20001",
            "pin": "123456",
            "user_id": "100001",
            "remark": "",
            "guest_time_start": 0,
            "guest_time_end": 0,
            "type": 1,
            "groups": [{"id": "1", "name": "Staff"}],
        },
    },
}


def body(size):
    record = json.loads(json.dumps(RECORD))
    record["data"]["uuid"] = "00000000-0000-4000-" + "_" * 16
    text = json.dumps(record, separators=(",", ":"))
    record["data"]["user"]["remark"] = "x" * max(0, size - len(text))
    return json.dumps(record, separators=(",", ":"))


def flooded(vestibule, url, seconds):
    """Records a second, and the processor's time for one."""
    command = [vestibule, "-q", "flood", "--to", url, "--max", "--devices", CONNECTIONS]
    told, took = run([*command, "--duration", f"{seconds}s", "--report", "json"])
    report = json.loads(told)
    return report["rate"], took / report["acknowledged"]


def size_of_records(vestibule, directory):
    """The mean, of a thousand."""
    saved = pathlib.Path(directory, "saved.ndjson")
    ready = pathlib.Path(directory, "ready")
    receive = [vestibule, "-q", "receive", "--listen", "127.0.0.1:0", "--save", str(saved)]
    receive += ["--expect", "1000", "--timeout", "1m", "--ready-file", str(ready)]
    with subprocess.Popen(receive, stdout=subprocess.PIPE, text=True) as platform:
        url = json.loads(platform.stdout.readline())["url"]
        flood = [vestibule, "-q", "flood", "--to", url, "--max", "--devices", CONNECTIONS]
        with subprocess.Popen([*flood, "--events", "1000"], stdout=subprocess.DEVNULL):
            platform.stdout.read()
    bodies = [json.loads(line)["body"] for line in saved.read_text().splitlines()]
    return round(statistics.mean(len(body.encode()) for body in bodies))


def main(vestibule, pairs=7, seconds=4):
    pairs = int(pairs)
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory, "body.json")
        size = size_of_records(vestibule, directory)
        file.write_text(body(size))
        server, url = nginx(directory, ACKNOWLEDGED)
        with server:
            runs = {"flood": [], "distinct.lua": [], "constant.lua": []}
            for _ in range(pairs):
                runs["flood"].append(flooded(vestibule, url + "/Record", seconds))
                for script in ["distinct.lua", "constant.lua"]:
                    runs[script].append(wrk(url, script, CONNECTIONS, seconds, BODY=str(file)))
    tell_machine(pairs, f"{seconds} s each, records of {size} bytes")
    for name, seen in runs.items():
        rates, costs = zip(*seen)
        print(f"{name:44}{spread(rates, '{:.0f}')} a second, {spread(costs, '{:.1f}')} us each")
    for name, bar in [("distinct.lua", 1), ("constant.lua", 0.6)]:
        both = list(zip(runs["flood"], runs[name]))
        compare(f"beside {name}", [ours[0] / theirs[0] for ours, theirs in both], bar)
        by_cost = [theirs[1] / ours[1] for ours, theirs in both]
        print(f"{name + ', its time by the flood':44}{spread(by_cost)}")


main(*sys.argv[1:])
