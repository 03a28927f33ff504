"""Judges the stand-in with the conformance suite, as anybody would judge a device: over the network.

    python3 ci/standin/judge.py target/debug/vestibule [--only ID]...

Starts a stand-in on free ports, runs `vestibule conform device` against it with a command as the
stimulus, and ends it. What follows the program's name goes to the suite. The exit code is the
suite's, and 0 means that each case passed, was only observed, or was skipped for the reason shown;
2 that the stand-in did not start, 3 that the suite did not end in time.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Three times what a run takes on a machine of two cores that does other work besides.
RUN_MAX_S = 1800
# The stand-in retries within a second; a tenth of this counts as silence.
REDELIVERY = "12s"


def main() -> int:
    """Starts, judges, ends."""
    program, *more = sys.argv[1:] or [""]
    if not program:
        print("judge: name the program: judge.py target/debug/vestibule", file=sys.stderr)
        return 2
    start = [sys.executable, str(HERE / "device.py"), "--listen", "127.0.0.1:0"]
    with subprocess.Popen(start, stdout=subprocess.PIPE, text=True) as device:
        try:
            line = device.stdout.readline() if device.stdout else ""
            if not line:
                print("judge: the stand-in did not start", file=sys.stderr)
                return 2
            return _judge(program, json.loads(line), more)
        finally:
            device.terminate()


def _judge(program: str, ready: dict[str, str], more: list[str]) -> int:
    stimulus = shlex.join([sys.executable, str(HERE / "stimulus.py")])
    suite = [program, "conform", "device", ready["url"], "--may-unlock", ready["device_id"]]
    suite += ["--allow", "mutating,disruptive,slow", "--v1-restore", "disabled"]
    suite += ["--stimulus", f"command={stimulus}", "--redelivery-timeout", REDELIVERY, *more]
    environment = {**os.environ, "STANDIN_CONTROL": ready["control"]}
    try:
        return subprocess.run(suite, env=environment, timeout=RUN_MAX_S, check=False).returncode
    except subprocess.TimeoutExpired:
        print(f"judge: the suite did not end within {RUN_MAX_S} s", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
