"""What the comparisons have in common: others' servers, wrk, and how a figure is told."""

import json
import os
import pathlib
import re
import resource
import socket
import statistics
import subprocess
import time
import urllib.request

HERE = pathlib.Path(__file__).parent

# Far above what the slowest of them takes to start.
PATIENCE = 60


def run(command, **more):
    """What it printed, and the processor's time it took, in microseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return told, took * 1e6


def wrk(url, script, connections, seconds, pinned=(), **environment):
    """Requests a second, and the processor's time for one. Its one thread is enough for any of them."""
    command = [*pinned, "wrk", "-t1", "-c", str(connections), "-d", f"{seconds}s"]
    command += ["-s", str(HERE / script), url]
    told, took = run(command, env={**os.environ, **environment})
    assert "Non-2xx" not in told and "Socket errors" not in told, told
    rate = float(re.search(r"Requests/sec:\s+([0-9.]+)", told)[1])
    return rate, took / int(re.search(r"(\d+) requests in", told)[1])


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Server:
    """A server that is stopped at the end of a `with`."""

    def __init__(self, command, **more):
        more = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **more}
        self.process = subprocess.Popen(command, **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def await_port(self, port):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                assert self.process.poll() is None, f"{self.process.args[0]} ended"
                assert time.monotonic() < deadline, f"{self.process.args[0]} does not listen"
                time.sleep(0.01)


def nginx(directory, answer, pinned=()):
    """An nginx with one worker that does nothing but answer: the server, and where it is."""
    port = free_port()
    # A parameter of its configuration has 4 kB at most.
    parts = [answer[at : at + 2000] for at in range(0, len(answer), 2000)]
    assert "'" not in answer and "$" not in answer and "\\" not in answer, "it would have to be escaped"
    sets = "".join(f"set $part{number} '{part}';" for number, part in enumerate(parts))
    whole = "".join(f"$part{number}" for number in range(len(parts)))
    text = (HERE / "nginx.conf").read_text().replace("DIRECTORY", directory)
    text = text.replace("PORT", str(port)).replace("ANSWER", f"{sets} return 200 {whole};")
    conf = pathlib.Path(directory, "nginx.conf")
    conf.write_text(text)
    server = Server([*pinned, "nginx", "-p", directory, "-c", str(conf)])
    server.await_port(port)
    return server, f"http://127.0.0.1:{port}"


def device(vestibule, *flags, pinned=()):
    """A device without traffic of its own: the server, and its ready line."""
    command = [*pinned, vestibule, "-q", "run", "--rate", "0", "--listen", "127.0.0.1:0"]
    command += ["--control", "127.0.0.1:0", *flags]
    server = Server(command, stdout=subprocess.PIPE, text=True)
    return server, json.loads(server.process.stdout.readline())


def control(ready, method, path, request=None):
    """Asks the control API about the only device."""
    url = f"{ready['control']}/devices/{ready['sn']}{path}"
    body = None if request is None else json.dumps(request).encode()
    asked = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
    return json.loads(urllib.request.urlopen(asked).read() or b"null")


def quartiles(values):
    """The middle one is the median; of a single value, all three are."""
    return statistics.quantiles(values * 2 if len(values) == 1 else values, n=4, method="inclusive")


def spread(values, form="{:.2f}"):
    lower, middle, upper = quartiles(values)
    return f"{form.format(middle)} ({form.format(lower)} to {form.format(upper)})"


def compare(name, ratios, bar):
    """Tells a ratio; a bar is met when the lower quartile meets it."""
    lower = quartiles(ratios)[0]
    verdict = "met" if lower >= bar else "MISSED"
    print(f"{name:44}{spread(ratios)}, at least {bar}: {verdict}", flush=True)


def tell_machine(pairs, what):
    print(f"{pairs} alternated pairs, {what}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
