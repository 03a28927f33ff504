"""`vestibule flood --max` beside wrk, both with 64 connections, at an nginx that only answers.

Usage: flood.py VESTIBULE [PAIRS [SECONDS]]

Each of three senders in turn, PAIRS (7) times: the flood, whose records are all distinct; wrk with a distinct body of the
same size; wrk with a constant one. A ratio is the flood's rate by that of the wrk run beside it. The processor's time for a
record, user's and system's, is told besides: it depends less on what else the machine does."""

import json
import os
import pathlib
import re
import resource
import socket
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
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


def run(command, **more):
    """What it printed, and the processor's time it took, in microseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return told, took * 1e6


def flooded(vestibule, url, seconds):
    """Records a second, and the processor's time for one."""
    command = [vestibule, "-q", "flood", "--to", url, "--max", "--devices", CONNECTIONS]
    told, took = run([*command, "--duration", f"{seconds}s", "--report", "json"])
    report = json.loads(told)
    return report["rate"], took / report["acknowledged"]


def wrk(url, script, file, seconds):
    """The same of wrk."""
    command = ["wrk", "-c", CONNECTIONS, "-d", f"{seconds}s", "-s", str(HERE / script), url]
    told, took = run(command, env={**os.environ, "BODY": str(file)})
    assert "Non-2xx" not in told, told
    rate = float(re.search(r"Requests/sec:\s+([0-9.]+)", told)[1])
    return rate, took / int(re.search(r"(\d+) requests in", told)[1])


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


def nginx(directory):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = (HERE / "nginx.conf").read_text()
    conf = pathlib.Path(directory, "nginx.conf")
    conf.write_text(text.replace("DIRECTORY", directory).replace("PORT", str(port)))
    server = subprocess.Popen(["nginx", "-p", directory, "-c", str(conf)], stderr=subprocess.DEVNULL)
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return server, f"http://127.0.0.1:{port}/Record"
        except OSError:
            assert server.poll() is None, "nginx ended"


def spread(values, form):
    lower, middle, upper = statistics.quantiles(values, n=4, method="inclusive")
    return f"{form.format(middle)} ({form.format(lower)} to {form.format(upper)})"


def main(vestibule, pairs=7, seconds=4):
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory, "body.json")
        size = size_of_records(vestibule, directory)
        file.write_text(body(size))
        server, url = nginx(directory)
        try:
            runs = {"flood": [], "distinct.lua": [], "constant.lua": []}
            for _ in range(int(pairs)):
                runs["flood"].append(flooded(vestibule, url, seconds))
                for script in ["distinct.lua", "constant.lua"]:
                    runs[script].append(wrk(url, script, file, seconds))
        finally:
            server.terminate()
            server.wait()
    print(f"{pairs} pairs of {seconds} s, records of {size} bytes, load {os.getloadavg()[0]:.1f}")
    for name, seen in runs.items():
        rates, costs = zip(*seen)
        print(f"{name:14}{spread(rates, '{:.0f}')} a second, {spread(costs, '{:.1f}')} us each")
        if name != "flood":
            pairs_of_both = list(zip(runs["flood"], seen))
            by_rate = [ours[0] / theirs[0] for ours, theirs in pairs_of_both]
            by_cost = [theirs[1] / ours[1] for ours, theirs in pairs_of_both]
            print(f"{'':14}the flood's rate by it {spread(by_rate, '{:.2f}')}")
            print(f"{'':14}its processor's time by the flood's {spread(by_cost, '{:.2f}')}")


main(*sys.argv[1:])
