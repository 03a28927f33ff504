"""From exec to the first answer, beside WireMock and Mockoon.

Usage: start.py VESTIBULE NODE_MODULES [PAIRS]

Whoever starts is asked over and over, half a millisecond apart, until it answers."""

import http.client
import sys
import tempfile
import time

from common import PATIENCE, Server, compare, free_port, spread, tell_machine
from fetch import PATH, mockoon_command, wiremock_command

# Of the device itself: an absolute one, since it is what a pipeline waits for.
MILLISECONDS_MOST = 10


def answered_after(command, port, path):
    begun = time.monotonic()
    with Server(command):
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            try:
                connection.request("POST", path, b"{}", {"Content-Type": "application/json"})
                connection.getresponse().read()
                return (time.monotonic() - begun) * 1e3
            except OSError:
                assert time.monotonic() < begun + PATIENCE, f"{command[0]} does not answer"
                time.sleep(0.0005)
            finally:
                connection.close()


def main(vestibule, modules, pairs=7):
    pairs = int(pairs)
    took = {"vestibule": [], "WireMock": [], "Mockoon": []}
    for _ in range(pairs):
        port = free_port()
        command = [vestibule, "-q", "run", "--listen", f"127.0.0.1:{port}", "--control", "127.0.0.1:0"]
        took["vestibule"].append(answered_after(command, port, PATH))
        for name, command_of in [("WireMock", wiremock_command), ("Mockoon", mockoon_command)]:
            with tempfile.TemporaryDirectory() as directory:
                port = free_port()
                command = command_of(modules, directory, "{}", port)
                took[name].append(answered_after(command, port, PATH))
    tell_machine(pairs, "from exec to the first answer")
    for name, seen in took.items():
        print(f"{name:44}{spread(seen, '{:.1f}')} ms")
    for name, bar in [("WireMock", 100), ("Mockoon", 40)]:
        ratios = [theirs / ours for ours, theirs in zip(took["vestibule"], took[name])]
        compare(f"{name}'s time by the device's", ratios, bar)
    compare("10 ms by the device's time", [MILLISECONDS_MOST / ms for ms in took["vestibule"]], 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
