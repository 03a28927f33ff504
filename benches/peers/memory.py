"""What one idle device of many takes: 200 people, subscribed, offline, no events.

Usage: memory.py VESTIBULE

Resident memory that no file stands behind, of a run of many devices less that of a run of one, divided by their number.
Linux. It compares with nobody: the aim is below 8 KiB for one of 10,000 on one port."""

import json
import re
import subprocess
import sys
import time

AIM_KIB = 8
# What begins with a device, such as its driver, has come to rest after far less.
REST = 2


def resident_kib(vestibule, devices, *flags):
    command = [vestibule, "-q", "run", "--rate", "0", "--offline", "--push-to", "http://127.0.0.1:9/Record"]
    command += ["--devices", str(devices), "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for _ in range(devices):
            json.loads(process.stdout.readline())
        time.sleep(REST)
        with open(f"/proc/{process.pid}/status") as status:
            resident = int(re.search(r"RssAnon:\s+(\d+) kB", status.read())[1])
        process.terminate()
    return resident


def main(vestibule):
    alone = resident_kib(vestibule, 1)
    for devices, addressing in [(10000, "loopback"), (4900, "port")]:
        together = resident_kib(vestibule, devices, "--addressing", addressing)
        each = (together - alone) / (devices - 1)
        name = f"one of {devices}, {addressing}"
        verdict = "" if addressing == "port" else f", below {AIM_KIB}: {'met' if each < AIM_KIB else 'MISSED'}"
        print(f"{name:44}{each:.2f} KiB{verdict}", flush=True)


main(*sys.argv[1:])
