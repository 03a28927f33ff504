"""Fills an emulator, judges it, and measures the suite that does so. See capacity.sh.

    python3 ci/capacity.py target/release/vestibule

Exits with 0 when every case passed and the suite's memory does not grow with the number of records.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
FULL, FEW = 50_000, 1_000
# What the suite promises: a run of fifty times as many records takes at most this much more memory.
RATIO_MAX = 1.5
# Shorter retries than the documented ones, so that little is waited for.
QUIRKS = ["v1.push-timeout=2s", "v1.retry-first=50ms", "v1.retry-max=200ms"]


def main() -> int:
    """Judges with few and with all, and compares."""
    program = sys.argv[1] if len(sys.argv) == 2 else ""
    if not program:
        print("capacity: name the program: capacity.py target/release/vestibule", file=sys.stderr)
        return 2
    few = judged(program, "all", FEW)
    full = judged(program, "all", FULL)
    over = judged(program, "overflow", FULL)
    ratio = full[1] / few[1]
    print(f"memory for {FULL} records is {ratio:.2f} times that for {FEW}, at most {RATIO_MAX}")
    passed = all(code == 0 for code, _ in (few, full, over))
    return 0 if passed and ratio <= RATIO_MAX else 1


def judged(program: str, name: str, records: int) -> tuple[int, int]:
    """The exit code of a run of one case on an emulator of its own, and the suite's peak in kB."""
    quirks = [word for quirk in QUIRKS for word in ("--quirk", quirk)]
    start = [program, "run", "-q", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]
    start += ["--rate", "0", *quirks]
    with subprocess.Popen(start, stdout=subprocess.PIPE, text=True) as device:
        try:
            ready = json.loads(device.stdout.readline() if device.stdout else "")
            return measured(program, ready, name, records)
        finally:
            device.terminate()


def measured(program: str, ready: dict[str, str], name: str, records: int) -> tuple[int, int]:
    """Runs the suite alone, so that its memory is not the emulator's."""
    with tempfile.TemporaryDirectory() as directory:
        case = FIXTURES / "v1" / "capacity" / f"{name}.json"
        copy = Path(directory) / "v1" / "capacity" / case.name
        copy.parent.mkdir(parents=True)
        copy.write_text(fitted(case.read_text(), records))
        shutil.copy(FIXTURES / "clauses.json", directory)
        suite = [program, "conform", "device", ready["url"], "--control", ready["control"]]
        suite += ["--allow", "mutating,capacity", "--v1-restore", "disabled"]
        suite += ["--redelivery-timeout", "20s", "--fixtures", directory]
        began = time.monotonic()
        running = subprocess.Popen(suite)
        _, status, usage = os.wait4(running.pid, 0)
        code = running.returncode = os.waitstatus_to_exitcode(status)
    took = time.monotonic() - began
    print(f"{name}, {records} records: exit {code}, {took:.0f} s, {usage.ru_maxrss} kB", flush=True)
    return code, usage.ru_maxrss


def fitted(text: str, records: int) -> str:
    """The case with another number of records, and by itself."""
    case = json.loads(text.replace(f'"count": {FULL}', f'"count": {records}'))
    case.update(depends_on=[])
    return json.dumps(case)


if __name__ == "__main__":
    sys.exit(main())
